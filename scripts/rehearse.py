"""Rehearse a stage without AWS: python scripts/rehearse.py dev"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["rehearse", *sys.argv[1:]]))
