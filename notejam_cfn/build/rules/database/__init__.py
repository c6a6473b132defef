"""Rules about the database cluster."""
