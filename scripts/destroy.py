"""Remove a stage, or some of its stacks: python scripts/destroy.py dev"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["destroy", *sys.argv[1:]]))
