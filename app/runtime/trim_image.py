"""Part of the image's build: leave out what the application never loads.

botocore carries the description of each of AWS's four hundred services, more than everything else together.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SERVICES = ("secretsmanager", "sesv2", "sts")


def main(root: Path) -> None:
    """Delete from an environment the services that are not called, and the packages' own tests."""
    (data,) = root.glob("lib/python*/site-packages/botocore/data")
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in SERVICES:
            shutil.rmtree(folder)
    for tests in root.glob("lib/python*/site-packages/*/tests"):
        shutil.rmtree(tests)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
