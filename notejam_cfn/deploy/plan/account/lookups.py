"""Findings that take a look at AWS: a database's live version, an image's processor, records of others, quotas.

Nothing is asked unless something concerned changes. What may not be looked at is left out: AWS itself then says no.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ....core.images import ECR
from ...aws.client import Aws
from ...aws.models import CLUSTER, TASK_DEFINITION
from ...data.engine_version import version_numbers
from ...exit_codes import AwsTrouble
from ...manifest import IMAGE
from ..changes import REPLACING, Action, Comparison, Key, ResourceChange
from ..effects.findings import Finding, Verdict
from ..effects.resource_facts import touches
from ..model import StackPlan
from . import quotas

Plans = Mapping[str, StackPlan]
RECORD = "AWS::Route53::RecordSet"
FRESH = datetime.timedelta(days=1)


def findings(aws: Aws, comparison: Comparison, stacks: Plans) -> dict[Key, list[Finding]]:
    """Return what was found, by stack and logical id."""
    found: dict[Key, list[Finding]] = {}
    for change in comparison.changes:
        if change.type in LOOKS:
            with contextlib.suppress(AwsTrouble):
                looked = list(LOOKS[change.type](aws, change, stacks))
                found.setdefault(change.key, []).extend(looked)
    for key, finding in quotas.findings(aws, comparison, stacks):
        found.setdefault(key, []).append(finding)
    return found


def _engine(aws: Aws, change: ResourceChange, stacks: Plans) -> Iterator[Finding]:
    """The version that runs may be newer than the template's: AWS upgrades minor versions by itself."""
    if change.action is not Action.CHANGE or not change.new or "EngineVersion" not in change.properties:
        return
    region, wanted = stacks[change.stack].stack.region, str(change.new.properties["EngineVersion"])
    held = {each.logical_id: each.physical_id for each in aws.resources(region, change.stack)}
    name = held.get(change.logical_id, "")
    live = aws.database(region, name)["EngineVersion"]
    asked, runs = version_numbers(wanted), version_numbers(live)
    if asked < runs[: len(asked)]:
        yield Finding(Verdict.WILL_FAIL, f"it runs {live} by now, and cannot go back to {wanted}")
    if asked[0] <= runs[0]:
        return
    snapshots = aws.items(
        "rds", region, "describe_db_cluster_snapshots", "DBClusterSnapshots", DBClusterIdentifier=name
    )
    fresh = datetime.datetime.now(datetime.UTC) - FRESH
    if not any(each["SnapshotCreateTime"] > fresh for each in snapshots):
        stage = stacks[change.stack].stack.stage
        reason = f"take a snapshot first, the only way back from another major version: notejam_cfn backup {stage}"
        yield Finding(Verdict.ORDER, reason, 'Amazon Aurora User Guide, "Performing a major version upgrade"')


def _processor(aws: Aws, change: ResourceChange, stacks: Plans) -> Iterator[Finding]:
    """An image is built for a processor: the one that runs does not start on another."""
    plan = stacks[change.stack]
    if change.action not in REPLACING or not any(touches(each, "RuntimePlatform") for each in change.properties):
        return
    image = plan.state.parameters.get(IMAGE, "") if plan.state else ""
    wanted = str(change.new.properties.get("RuntimePlatform", {}).get("CpuArchitecture")) if change.new else ""
    if any(each.name == IMAGE for each in plan.parameters):
        image = next(each.new for each in plan.parameters if each.name == IMAGE)
    built_for = _platforms(aws, plan.stack.region, image)
    if wanted not in built_for:
        known = f"is for {' and '.join(sorted(built_for))}" if built_for else "may not be built for it"
        reason = f"the image {known}: build one for {wanted}, and name it with --image in the same deployment"
        yield Finding(Verdict.ORDER, reason)


def _platforms(aws: Aws, region: str, image: str) -> set[str]:
    """Return the processors an image in ECR is built for, as ECS names them; empty where ECR does not tell."""
    named = ECR.fullmatch(image)
    if not named or not named["digest"]:
        return set()
    wanted = {"imageDigest": named["digest"]}
    found = aws.call("ecr", region, "batch_get_image", repositoryName=named["name"], imageIds=[wanted])["images"]
    text = found[0]["imageManifest"] if found else ""
    return {ECS_NAMES[each] for each in re.findall(r'"architecture"\s*:\s*"(\w+)"', text) if each in ECS_NAMES}


def _record(aws: Aws, change: ResourceChange, stacks: Plans) -> Iterator[Finding]:
    """A name can have one record of a kind: one that exists is somebody's."""
    properties: Mapping[str, Any] = change.new.properties if change.new else {}
    zone, name, kind = (properties.get(key) for key in ("HostedZoneId", "Name", "Type"))
    if change.action is not Action.ADD or not all(isinstance(each, str) for each in (zone, name, kind)):
        return
    asked = {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": kind, "MaxItems": "1"}
    region = stacks[change.stack].stack.region
    for each in aws.call("route53", region, "list_resource_record_sets", **asked)["ResourceRecordSets"]:
        if each["Name"].rstrip(".") == str(name).rstrip(".") and each["Type"] == kind:
            reason = f"{name} has a record of the type {kind} already: remove that one first, and deploy right after"
            yield Finding(Verdict.WILL_FAIL, reason, "Route 53 API Reference, ChangeResourceRecordSets")


LOOKS: dict[str, Callable[[Aws, ResourceChange, Plans], Iterator[Finding]]] = {
    CLUSTER: _engine,
    TASK_DEFINITION: _processor,
    RECORD: _record,
}
ECS_NAMES = {"amd64": "X86_64", "arm64": "ARM64"}
