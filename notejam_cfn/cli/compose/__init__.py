"""The commands of `python -m notejam_cfn`, a module each.

To add one, add a module with two functions, and nothing else:

    def add_parser(subparsers: Subparsers) -> None: add the command's parser, with `set_defaults(run=run)`
    def run(options: argparse.Namespace) -> int: do it and return the exit status

Every command's module is imported to print the help, so what a command works with is imported within `run`.
A module whose name begins with an underscore is no command.
"""
