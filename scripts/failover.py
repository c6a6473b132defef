"""Bring a stage up in another region, from the copies there: python scripts/failover.py prod --to eu-west-1"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["failover", *sys.argv[1:]])
