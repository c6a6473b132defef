"""Tables and queries, the two databases with their connections, and migrations."""
