"""Put a version of the application into a stage: python scripts/release.py dev"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["release", *sys.argv[1:]]))
