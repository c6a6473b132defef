"""A real PostgreSQL that stands in for Aurora, and its TLS."""
