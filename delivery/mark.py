"""Marks the image that a stage runs, which keeps it, and notes its digest: python delivery/mark.py

Reads from the environment: STAGE; IMAGE_URI, the image by its digest; IMAGE_PARAMETER, the SSM parameter that holds the
digest; REPOSITORY_URI and COPY_URIS, the repositories of this and of other regions.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from notejam_cfn.core import images

Client = Callable[[str, str], Any]
"""Makes a client for a service in a region."""


def main(client: Client | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Mark the image in every repository that has it, and note it beside each."""
    there = client or in_region
    stage, image = environ["STAGE"], environ["IMAGE_URI"]
    noted = {"Name": environ["IMAGE_PARAMETER"], "Value": image.partition("@")[2], "Type": "String"}
    for repository in [environ["REPOSITORY_URI"], *environ.get("COPY_URIS", "").split()]:
        region, name = images.place_of(repository)
        mark(there("ecr", region), name, image, stage)
        there("ssm", region).put_parameter(**noted, Overwrite=True)
    return 0


def in_region(service: str, region: str) -> Any:
    """Make a client."""
    import boto3

    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def mark(ecr: Any, repository: str, image: str, stage: str) -> None:
    """Move the tag `stage-NAME` to the image the stage now runs."""
    digest = image.partition("@")[2]
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"][0]
    with contextlib.suppress(ecr.exceptions.ImageAlreadyExistsException):  # the stage ran this image before
        ecr.put_image(
            repositoryName=repository,
            imageManifest=found["imageManifest"],
            imageManifestMediaType=found["imageManifestMediaType"],
            imageDigest=digest,
            imageTag=f"stage-{stage}",
        )


if __name__ == "__main__":
    sys.exit(main())
