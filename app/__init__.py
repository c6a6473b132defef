"""Notejam: notes grouped in pads, on Bottle and Peewee.

The same code runs on a laptop (SQLite, one command) and in a container against Aurora PostgreSQL; what differs is told
by environment variables alone (`app.settings`).
"""
