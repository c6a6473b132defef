"""Roles in force: what the emulator allows whom, by the policies that are deployed in it."""
