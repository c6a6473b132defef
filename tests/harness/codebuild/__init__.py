"""Builds as CodeBuild runs them, on this machine: a clean root, a shell for each phase, docker without a daemon."""
