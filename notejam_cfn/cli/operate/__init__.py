"""What the commands that talk to AWS share."""
