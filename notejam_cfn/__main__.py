"""`python -m notejam_cfn`."""

import gc
import sys

# A build lives for half a second and makes no garbage worth looking for: a tenth of its time.
gc.disable()

if __name__ == "__main__":
    try:
        from .cli.main import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
