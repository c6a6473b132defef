"""Say how a stage is: python scripts/status.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["status", *sys.argv[1:]])
