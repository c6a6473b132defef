"""Open a shell in a running container: python scripts/exec.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["exec", *sys.argv[1:]])
