"""Take a snapshot of a stage's database now: python scripts/backup.py prod --export"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["backup", *sys.argv[1:]])
