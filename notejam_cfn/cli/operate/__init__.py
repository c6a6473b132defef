"""The commands that talk to AWS, or to the emulator that stands for it; `session` is what they share."""
