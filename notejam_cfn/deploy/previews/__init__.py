"""Previews of a stage: which there are, where the next one goes, and how one is made, changed and ended."""
