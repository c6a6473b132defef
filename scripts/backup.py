"""Take a snapshot of a stage's database now: python scripts/backup.py prod --export"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["backup", *sys.argv[1:]]))
