"""What a change means: for the resource, for those who use it, and for people."""
