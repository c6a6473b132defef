"""Ask a stage whether it works: python scripts/smoke.py dev"""

import sys

from notejam_cfn.__main__ import main

if __name__ == "__main__":
    main(["smoke", *sys.argv[1:]])
