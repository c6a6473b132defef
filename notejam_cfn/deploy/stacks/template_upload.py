"""Templates that are too large for a request: CloudFormation reads them from a bucket that the stack itself has.

A new stack begins with that bucket and what the bucket needs; all the rest is its first update. So a project needs
nothing but its own stack to be deployed, and an interrupted deployment goes on as an update.
"""

from __future__ import annotations

import dataclasses

from ...core.composition.partition import REQUEST_BYTES
from ..aws.client import Aws, Creation
from ..aws.models import StackState
from ..exit_codes import Refused
from ..manifest import StackSpec
from .templates import Template, digest

BUCKET_OUTPUT = "ArtifactBucketName"
UPLOADS = "administration"  # where only administrators write


def is_large(body: str) -> bool:
    """Whether a template's text is more than a request takes."""
    return len(body.encode()) > REQUEST_BYTES


def require_bucket(stack: StackSpec, template: Template, body: str) -> None:
    """Raise Refused for a template that is too large for a request and makes no bucket to come from."""
    if is_large(body) and BUCKET_OUTPUT not in template.document.get("Outputs", {}):
        raise Refused(
            f"{stack.path} has {len(body.encode()):,} bytes as JSON, "
            f"CloudFormation takes {REQUEST_BYTES:,} in a request",
            "Turn off what the stage does not need, or upload the template in the console",
        )


def beginning(template: Template) -> Template:
    """Return the part of a template that makes the bucket its whole is read from: the bucket and what that needs."""
    document = template.document
    output = document["Outputs"][BUCKET_OUTPUT]
    kept = template.with_needs([output["Value"]["Ref"]])
    resources = {name: body for name, body in document["Resources"].items() if name in kept}
    rest = {key: document[key] for key in ("AWSTemplateFormatVersion", "Description") if key in document}
    return Template({**rest, "Resources": resources, "Outputs": {BUCKET_OUTPUT: output}})


def placed(aws: Aws, region: str, creation: Creation, state: StackState) -> Creation:
    """Return what CloudFormation is asked for, with the template in the stack's bucket when it is too large."""
    if not is_large(creation.body):
        return creation
    bucket = state.outputs.get(BUCKET_OUTPUT)
    if bucket is None:
        raise Refused(
            f"{state.name} has no output {BUCKET_OUTPUT}, a bucket for its template of {len(creation.body):,} bytes",
            "Update it in the console, which brings a bucket; after that this command works",
        )
    key = f"{UPLOADS}/{digest(creation.body)}.json"
    aws.call("s3", region, "put_object", Bucket=bucket, Key=key, Body=creation.body.encode())
    return dataclasses.replace(creation, url=aws.object_url(region, bucket, key))
