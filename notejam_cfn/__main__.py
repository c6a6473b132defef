"""`python -m notejam_cfn`."""

import gc
import sys

# A build lives for half a second and makes no garbage worth looking for: a tenth of its time.
gc.disable()

from .cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
