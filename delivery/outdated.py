"""Says which of the project's own stacks are out of date, on one line or none: python delivery/outdated.py

The pipeline changes stages and nothing of itself: a person does that, whom this tells how. It looks with the build's
own credentials, and at the stage's roles as the AWS profile `stage`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from notejam_cfn.core import names
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.manifest import DELIVERY, read
from notejam_cfn.deploy.stacks import out_of_date

PROFILE: str | None = "stage"


def main(environ: Mapping[str, str] = os.environ, folder: Path = Path("output")) -> int:
    """Say it. Finding something is no failure: the pipeline goes on."""
    built = read(folder)
    roles = names.access_layers(environ["STAGE"])
    own = [stack for stack in built.stacks if stack.stage is None and "-in-" not in stack.layer]
    access = [stack for stack in built.stacks if stack.layer in roles]
    stale = [
        *out_of_date.among(Aws(Access()), own),
        *out_of_date.among(Aws(Access(PROFILE)), access),
    ]
    if stale:
        print(f"{', '.join(stale)} out of date: an administrator runs `python -m notejam_cfn deploy {DELIVERY}`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
