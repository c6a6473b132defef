"""Stop when the scan of an image found something critical: python delivery/scan.py REGISTRY/REPOSITORY@sha256:DIGEST"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

WAIT_SECONDS, PAUSE_SECONDS = 600, 10
# A basic scan ends as COMPLETE; continuous scanning by Amazon Inspector stays ACTIVE.
# A system that ECR does not know (yet) must not stop every release.
# Source: Amazon ECR User Guide, "Troubleshooting image scanning issues".
UNSUPPORTED = "UNSUPPORTED_IMAGE"
DONE, PENDING = {"COMPLETE", "ACTIVE"}, {"PENDING", "IN_PROGRESS"}


def main(arguments: list[str]) -> int:
    """Wait for the scan and return 0 when nothing critical was found."""
    (image,) = arguments
    repository, digest = split(image)
    found = findings(repository, digest)
    critical = found.get("CRITICAL", 0)
    print(f"{image}: {', '.join(f'{count} {level.lower()}' for level, count in found.items()) or 'nothing found'}")
    return 1 if critical else 0


def split(image: str) -> tuple[str, str]:
    """Split an image into its repository's name and its digest."""
    name, _, digest = image.partition("@")
    return name.partition("/")[2], digest


def findings(repository: str, digest: str, pause: Callable[[float], None] = time.sleep) -> dict[str, int]:
    """Return how many findings there are of each severity. Raises `TimeoutError` when the scan does not end."""
    for _ in range(WAIT_SECONDS // PAUSE_SECONDS):
        answer = scan(repository, digest)
        status = answer["imageScanStatus"]["status"]
        if status == UNSUPPORTED:
            print(f"warning: Amazon ECR cannot scan {digest}: {answer['imageScanStatus'].get('description', status)}")
            return {}
        if status in DONE:
            return dict(answer["imageScanFindings"].get("findingSeverityCounts", {}))
        if status not in PENDING:
            raise RuntimeError(f"the scan ended as {status}: {answer['imageScanStatus'].get('description', '')}")
        pause(PAUSE_SECONDS)
    raise TimeoutError(f"the scan of {digest} took longer than {WAIT_SECONDS} seconds")


def scan(repository: str, digest: str) -> dict[str, Any]:
    """Return the state of a scan, which is pending until it was begun. The AWS CLI asks: every build has it."""
    what = ["--repository-name", repository, "--image-id", f"imageDigest={digest}", "--no-paginate"]
    command = ["aws", "ecr", "describe-image-scan-findings", *what, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "(ScanNotFoundException)" in done.stderr:
        return {"imageScanStatus": {"status": "PENDING"}}
    if done.returncode:
        raise RuntimeError(f"Amazon ECR was asked about the scan in vain: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
