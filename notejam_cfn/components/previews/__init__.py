"""Previews: short-lived copies of a stage's service, each at an address of its own and with a database of its own."""
