"""`python -m notejam_cfn`, the program `notejam-cfn` and the scripts: how the process begins and ends."""

import gc
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

# A build lives for half a second and makes no garbage worth looking for: a tenth of its time.
gc.disable()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its status: 130 after Ctrl-C, at whatever moment."""
    try:
        from .cli.main import main as run

        status = run(arguments)
    except KeyboardInterrupt:
        print("notejam-cfn: interrupted", file=sys.stderr)
        status = 130
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # what is left is the interpreter's to tidy up
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.exit(status)


if __name__ == "__main__":
    main()
