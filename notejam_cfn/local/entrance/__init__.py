"""The way into a rehearsed stage, and a visitor who takes it."""
