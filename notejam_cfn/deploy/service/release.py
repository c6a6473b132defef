"""Puts a version of the application into a stage: builds its image on AWS, or takes one there is, and rolls it out.

An image is always rolled out by its digest, so that what was tested is what runs. No Docker is needed here: the sources
go to CodeBuild as a zip.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...core.images import ECR
from ..aws.client import Aws, Pause, cluster_of
from ..exit_codes import BadInput, CommandError, Refused, RolledBack
from ..manifest import IMAGE, Manifest
from ..stacks.template_upload import BUCKET_OUTPUT, UPLOADS
from .stages import Stage

SOURCES = ("app", "delivery", "constraints.txt")
LEFT_OUT = ("__pycache__", ".pyc")
BUILDSPEC = "delivery/image.yml"
EXPORTED = "IMAGE_URI"
LOG_LINES = 15
# The earliest time a zip can hold: the same sources give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclasses.dataclass(frozen=True)
class BuildTarget:
    """Where images are built: outputs of the delivery stack."""

    region: str
    project: str
    bucket: str


def build_target(aws: Aws, manifest: Manifest) -> BuildTarget:
    """Return where images are built. Raises Refused when the delivery stack is not there."""
    for stack in (stack for stack in manifest.stacks if stack.stage is None):
        state = aws.stack(stack.region, stack.name)
        if state and "ImageProjectName" in state.outputs:
            return BuildTarget(stack.region, state.outputs["ImageProjectName"], state.outputs[BUCKET_OUTPUT])
    raise Refused(
        "there is nothing to build an image with: the delivery stack is not deployed",
        "Deploy it once for the project: python -m notejam_cfn deploy delivery",
        "Or release an image you have: --image REPOSITORY@sha256:DIGEST",
    )


def pack(folder: Path) -> bytes:
    """Return a zip of the sources an image is built from; the same sources give the same bytes."""
    missing = [name for name in SOURCES if not (folder / name).exists()]
    if missing:
        raise BadInput(f"{', '.join(missing)} not found", "Run this in the folder of the project")
    below = [path for name in SOURCES for path in (folder / name, *sorted((folder / name).rglob("*")))]
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in below:
            if not path.is_file() or any(part.endswith(LEFT_OUT) for part in path.parts):
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return memory.getvalue()


def build(aws: Aws, place: BuildTarget, zipped: bytes, tell: Callable[[str], None]) -> str:
    """Build an image and return it as REPOSITORY@sha256:DIGEST.

    Raises RolledBack, with the last lines of its log, when the build fails.
    """
    key = f"{UPLOADS}/{hashlib.sha256(zipped).hexdigest()[:16]}.zip"
    aws.call("s3", place.region, "put_object", Bucket=place.bucket, Key=key, Body=zipped)
    tell(f"uploaded {len(zipped) / 1024:,.0f} KiB of sources")
    # The project's own build, of the zip instead of the pipeline's source.
    order = {
        "projectName": place.project,
        "sourceTypeOverride": "S3",
        "sourceLocationOverride": f"{place.bucket}/{key}",
        "buildspecOverride": BUILDSPEC,
        "artifactsOverride": {"type": "NO_ARTIFACTS"},
    }
    started = aws.call("codebuild", place.region, "start_build", **order)["build"]
    tell(f"building in {started['id']}")
    finished = _finished(aws, place, started["id"], tell)
    if finished["buildStatus"] != "SUCCEEDED":
        raise RolledBack(
            "\n".join([f"the build ended as {finished['buildStatus']}", *_last_lines(aws, place, finished)])
        )
    exported = {item["name"]: item["value"] for item in finished.get("exportedEnvironmentVariables", ())}
    if "@sha256:" not in exported.get(EXPORTED, ""):
        raise RolledBack(f"the build did not say which image it made ({EXPORTED} in {BUILDSPEC})")
    return str(exported[EXPORTED])


def with_digest(aws: Aws, region: str, image: str) -> str:
    """Return an image by its digest. A tag is looked up in ECR; in another registry it must be a digest already."""
    if "@sha256:" in image:
        return image
    named = ECR.fullmatch(image)
    if not named or not named["tag"]:
        raise BadInput(f"{image} has no digest", "Give it as REPOSITORY@sha256:DIGEST")
    wanted = [{"imageTag": named["tag"]}]
    found = aws.call("ecr", region, "describe_images", repositoryName=named["name"], imageIds=wanted)
    return f"{image.rpartition(':')[0]}@{found['imageDetails'][0]['imageDigest']}"


def previous(aws: Aws, stage: Stage) -> str:
    """Return the image that ran before the present one, by digest, as ECS remembers it for 90 days."""
    service = stage.service()
    region, arn = service.stack.region, service.resource.physical_id
    current = stage.states()[service.stack.name]
    running = current.parameters.get(IMAGE, "") if current else ""
    given = {"service": arn, "cluster": cluster_of(arn), "status": ["SUCCESSFUL"]}
    found = aws.call("ecs", region, "list_service_deployments", **given)["serviceDeployments"]
    for deployment in sorted(found, key=lambda item: item["createdAt"], reverse=True):
        arns = [deployment["targetServiceRevisionArn"]]
        revisions = aws.call("ecs", region, "describe_service_revisions", serviceRevisionArns=arns)["serviceRevisions"]
        for container in (first for each in revisions for first in each.get("containerImages", ())[:1]):
            repository, _, named = container["image"].partition("@")
            digest = container.get("imageDigest") or named
            if digest and f"{repository}@{digest}" != running:
                return f"{repository}@{digest}"
    raise Refused(
        "ECS remembers no earlier image of this stage", "Release one by name: --image REPOSITORY@sha256:DIGEST"
    )


def _finished(aws: Aws, place: BuildTarget, build_id: str, tell: Callable[[str], None]) -> Mapping[str, Any]:
    pause, phase = Pause(first=0.2, most=5.0), ""
    while True:
        found: Mapping[str, Any] = aws.call("codebuild", place.region, "batch_get_builds", ids=[build_id])["builds"][0]
        if found.get("currentPhase", "") != phase:
            phase = found.get("currentPhase", "")
            tell(f"build: {phase.replace('_', ' ').lower()}")
        if found["buildStatus"] != "IN_PROGRESS":
            return found
        pause.take()


def _last_lines(aws: Aws, place: BuildTarget, finished: Mapping[str, Any]) -> list[str]:
    logs = finished.get("logs", {})
    if not logs.get("groupName"):
        return []
    try:
        lines = aws.last_log_lines(place.region, logs["groupName"], logs["streamName"], LOG_LINES)
    except CommandError:
        return []  # the status says that it failed; the log is in the console
    return [f"    | {line}" for line in lines]
