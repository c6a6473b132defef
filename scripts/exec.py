"""Open a shell in a running container: python scripts/exec.py dev"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["exec", *sys.argv[1:]]))
