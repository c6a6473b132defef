"""The rehearsal's steps on a real account, under a throw-away project name."""
