"""What a deployment would change, across stacks, and what that means for people and data."""
