"""Stop when the scan of an image found something critical: python delivery/scan.py REGISTRY/REPOSITORY@sha256:DIGEST"""

from __future__ import annotations

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
    import boto3

    (image,) = arguments
    repository, digest = split(image)
    found = findings(boto3.client("ecr"), repository, digest)
    critical = found.get("CRITICAL", 0)
    print(f"{image}: {', '.join(f'{count} {level.lower()}' for level, count in found.items()) or 'nothing found'}")
    return 1 if critical else 0


def split(image: str) -> tuple[str, str]:
    """Split an image into its repository's name and its digest."""
    name, _, digest = image.partition("@")
    return name.partition("/")[2], digest


def findings(ecr: Any, repository: str, digest: str, pause: Callable[[float], None] = time.sleep) -> dict[str, int]:
    """Return how many findings there are of each severity. Raises `TimeoutError` when the scan does not end."""
    for _ in range(WAIT_SECONDS // PAUSE_SECONDS):
        answer = scan(ecr, repository, digest)
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


def scan(ecr: Any, repository: str, digest: str) -> dict[str, Any]:
    """Return the state of a scan, which is pending until it was begun."""
    try:
        answer: dict[str, Any] = ecr.describe_image_scan_findings(
            repositoryName=repository, imageId={"imageDigest": digest}
        )
    except ecr.exceptions.ScanNotFoundException:
        return {"imageScanStatus": {"status": "PENDING"}}
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
