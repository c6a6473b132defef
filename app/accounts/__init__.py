"""Accounts: sign up, sign in, settings, and the mail that goes with them."""
