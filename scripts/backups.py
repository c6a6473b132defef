"""List what can be restored of a stage's database: python scripts/backups.py prod"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["backups", *sys.argv[1:]]))
