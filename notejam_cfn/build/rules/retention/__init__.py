"""Rules about what is kept, for how long, and what that stands in the way of."""
