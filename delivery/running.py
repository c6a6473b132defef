"""Fails unless a stage runs the image of this change, or none yet: python delivery/running.py

After a smoke test that failed the stage has the image before it back. Asking it once more would say of the change that
it works, and let it go on to the next stage. Reads STAGE and IMAGE_URI, and asks as the AWS profile `stage`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.manifest import read
from notejam_cfn.deploy.service.stages import Stage

PROFILE: str | None = "stage"


def main(environ: Mapping[str, str] = os.environ, folder: Path = Path("output")) -> int:
    """Compare the digests: the names of repositories differ from region to region."""
    name, image = environ["STAGE"], environ["IMAGE_URI"]
    stacks = [stack for stack in read(folder).stacks if stack.stage == name and stack.form == "layered"]
    stage = Stage(Aws(Access(PROFILE)), stacks)
    state = stage.aws.stack(stage.service_stack.region, stage.service_stack.name)
    running = state.parameters.get("ImageUri", "") if state else ""
    if running.partition("@")[2] == image.partition("@")[2]:
        return 0
    print(f"{name} runs {running or 'no image'}, not {image}: retry all actions of the stage", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
