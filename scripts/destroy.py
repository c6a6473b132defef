"""Remove a stage, or some of its stacks: python scripts/destroy.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["destroy", *sys.argv[1:]])
