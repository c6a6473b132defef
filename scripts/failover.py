"""Bring a stage up in another region, from the copies there: python scripts/failover.py prod --to eu-west-1"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["failover", *sys.argv[1:]]))
