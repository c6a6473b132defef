"""A simulated day of traffic on a stage's own scaling configuration, read from its templates."""
