"""Show what a stage logs: python scripts/logs.py dev --follow --part web"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["logs", *sys.argv[1:]])
