"""List what can be restored of a stage's database: python scripts/backups.py prod"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["backups", *sys.argv[1:]])
