"""Containers without a container engine: the image, built and kept, and the sandbox that runs it as Fargate does."""
