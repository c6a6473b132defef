"""Put a stage's database back: python scripts/restore.py prod --to 2026-11-23T14:05"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["restore", *sys.argv[1:]])
