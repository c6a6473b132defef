"""Rules about who is let in, and how."""
