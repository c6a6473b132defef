"""Turns a configuration into output/: compose, render, lint, write."""
