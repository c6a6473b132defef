"""Carrying out operations on stacks: in order, followed to their end, with the first cause of a failure."""
