"""Help a stage whose stacks are stuck: python scripts/recover.py dev"""

import sys

from notejam_cfn.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["recover", *sys.argv[1:]]))
