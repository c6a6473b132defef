"""Show what a stage logs: python scripts/logs.py dev --follow --part web"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["logs", *sys.argv[1:]]))
