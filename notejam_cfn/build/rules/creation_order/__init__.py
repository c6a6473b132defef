"""Rules about what must exist before what."""
