"""`completion`: print what completes commands and options in bash, zsh or fish.

eval "$(notejam-cfn completion bash)"          in ~/.bashrc, and likewise zsh in ~/.zshrc
notejam-cfn completion fish | source           in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that will read it")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["notejam-cfn"], shell=options.shell))
    return 0
