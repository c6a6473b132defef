"""The process that judges: `python -m notejam_cfn.build.lint.worker` reads subjects, writes verdicts, a JSON line each.

It ends when its input does, and so never outlives the process that started it.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import signal
import sys

from .findings import Subject
from .linters import Linters


def main() -> None:
    """Answer every line of the standard input with a line of the standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent closes the input
    linters = Linters()
    gc.freeze()  # rules and schemas stay: to look for garbage among them, and often, takes an eighth of the time
    gc.set_threshold(200_000, 20, 50)
    for line in sys.stdin:
        verdict = linters.judge(Subject(**json.loads(line)))
        print(json.dumps(dataclasses.asdict(verdict)), flush=True)


if __name__ == "__main__":
    main()
