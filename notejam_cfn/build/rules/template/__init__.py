"""Rules about the template itself: its size, parameters, tags and reasons."""
