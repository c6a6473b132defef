"""Backups, restores and failover to another region."""
