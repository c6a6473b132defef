"""Rehearse a stage without AWS: python scripts/rehearse.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["rehearse", *sys.argv[1:]])
