"""The commands that need no AWS: they compose templates and tell what can be known from them.

To add one, add a module with two functions:

    def add_arguments(parser: argparse.ArgumentParser) -> None: add the command's arguments
    def run(options: argparse.Namespace) -> int: do it and return the exit status

and a line to the table in `main`. What a command works with is imported within `run`, so that its help is fast.
"""
