"""A real PostgreSQL that stands in for Aurora, its TLS, and where its programs are."""
