"""The application's own commands, for tests that are about neither the cost of passwords nor long waits.

    python -m tests.harness.quick serve

Hashes cost next to nothing. `QUICK` in the environment sets other constants of modules, as JSON: {"module:NAME": 1}.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from app.__main__ import main
from app.security import passwords
from tests.harness.application import CHEAP

# Where worker processes are spawned, each of them reads this module anew.
passwords.HASHER = CHEAP
for place, value in json.loads(os.environ.get("QUICK", "{}")).items():
    module, _, name = place.partition(":")
    setattr(importlib.import_module(module), name, value)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
