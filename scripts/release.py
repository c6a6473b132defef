"""Put a version of the application into a stage: python scripts/release.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["release", *sys.argv[1:]])
