"""Ask a stage whether it works: python scripts/smoke.py dev"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["smoke", *sys.argv[1:]]))
