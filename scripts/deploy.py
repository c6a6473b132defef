"""Bring a stage up, or bring it up to date: python scripts/deploy.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["deploy", *sys.argv[1:]])
