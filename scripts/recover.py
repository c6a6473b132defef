"""Help a stage whose stacks are stuck: python scripts/recover.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["recover", *sys.argv[1:]])
