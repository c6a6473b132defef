"""Moves a stage to another region when its own is gone: looks first, then brings it up from the newest copy.

Nothing is asked of the region that is left: all that is read is in the target region, or in output/.
"""

from __future__ import annotations

import dataclasses
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core import names
from ...core.images import ECR
from ...core.render import compact_json, load
from ..aws.client import Aws
from ..exit_codes import CommandError
from ..manifest import StackSpec
from ..plan.account import quotas
from ..plan.account.processors import CODES, CPU_UNITS, ON_DEMAND
from ..plan.effects.resource_facts import absent_types, source
from ..stacks.templates import read_templates
from ..ui import estimates
from . import backups, engine_version
from .backups import DATABASE, RecoveryPoint, age_words
from .failover_domain import RECORD, behind_cloudfront

COPIES, SERVICE = "copies", "service"
# What CloudFront takes from one region stays there: it serves the stage wherever that is.
STAYING = (COPIES, names.EDGE, names.EDGE_LOG)
FINE, WARNING, WRONG, UNKNOWN = "ok", "warning", "wrong", "unknown"
NETWORK, MAX_TASKS = "network", "MaxTasks"
COPY = "copy of the database"
# Outputs that name a repository of images: of the pipeline's part in another region, and of the pipeline's own stack.
REPOSITORIES = ("Uri", "ImageRepositoryUri")
SMOKE_SECONDS = 10
# A load balancer's name is known after a while, and tasks answer some time after they run.
SMOKE_TRIES, SMOKE_PAUSE = 18, 10.0


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one look before the move, or the smoke test after it, found."""

    verdict: str
    detail: str

    def line(self, what: str) -> str:
        """Return it as a line for people, who are told what was looked at."""
        return f"  {self.verdict:8} {what}: {self.detail}"


def stacks_there(stacks: Sequence[StackSpec], region: str) -> tuple[StackSpec, ...]:
    """Return a stage's stacks as they go to another region; those that are elsewhere anyway stay out.

    They go without the DNS records, which the old region's stacks may still hold.
    """
    kept = [stack for stack in stacks if stack.layer not in STAYING]
    known = {stack.name for stack in kept}
    there = []
    for stack in kept:
        document = load(stack.text())
        document["Resources"] = {k: v for k, v in document["Resources"].items() if v["Type"] != RECORD}
        needs = tuple(name for name in stack.depends_on if name in known)
        there.append(dataclasses.replace(stack, region=region, depends_on=needs, content=compact_json(document)))
    return tuple(there)


def newest_copy(aws: Aws, region: str, copies: StackSpec | None) -> RecoveryPoint | None:
    """Return the newest usable copy of the database in a region, or None when there is none."""
    state = aws.stack(region, copies.name) if copies and copies.region == region else None
    if state is None:
        return None
    points = backups.recovery_points(aws, region, state.outputs["VaultName"])
    return next((point for point in points if point.usable), None)


def repository_there(aws: Aws, stacks: Sequence[StackSpec], region: str) -> str:
    """Return the address of the repository that the pipeline copies images to in a region, or an empty text."""
    for stack in stacks:
        state = aws.stack(region, stack.name) if stack.region == region else None
        for name in REPOSITORIES:
            if state and name in state.outputs:
                return state.outputs[name]
    return ""


def preflight(
    aws: Aws, stacks: Sequence[StackSpec], region: str, image: str, repository: str, copy: RecoveryPoint | None
) -> dict[str, Finding]:
    """Look whether a stage can live in a region, and say so by what was looked at.

    What cannot be looked up is `unknown`, not wrong.
    """
    templates = {stack.layer: load(stack.text()) for stack in stacks}
    looks: dict[str, Callable[[], Finding]] = {
        "resource types": lambda: types(templates.values(), region),
        "database version": lambda: engine(aws, templates[DATABASE], region),
        "Availability Zones": lambda: zones(aws, region),
        "quota of VPCs": lambda: vpcs(aws, region),
        "quota of addresses": lambda: addresses(aws, templates[NETWORK], region),
        "quota of processors": lambda: processors(aws, templates[SERVICE], region),
        "backups": lambda: backed_up(aws, region),
        "certificate": lambda: certificate(templates[SERVICE], region),
        "container image": lambda: container_image(aws, image, repository, region, stacks[0]),
        COPY: lambda: copied(copy),
    }
    found = {}
    for what, look in looks.items():
        try:
            found[what] = look()
        except CommandError as error:
            found[what] = Finding(UNKNOWN, f"could not be looked up: {error}")
    return found


def types(templates: Any, region: str) -> Finding:
    """Look whether the region has every resource type."""
    needed = {body["Type"] for template in templates for body in template["Resources"].values()}
    missing = absent_types(region, needed)
    if missing is None:
        return Finding(UNKNOWN, f"{region} is not a region of the {source()}")
    if missing:
        return Finding(WRONG, f"{region} lacks {', '.join(missing)}")
    return Finding(FINE, f"all {len(needed)} exist in {region}")


def engine(aws: Aws, template: Mapping[str, Any], region: str) -> Finding:
    """Look whether the region has the database's version."""
    version = str(template["Parameters"][engine_version.PARAMETER]["Default"])
    newest = engine_version.offered(aws, region, version.partition(".")[0])[-1:]
    if newest:
        return Finding(FINE, f"PostgreSQL {version}, up to {newest[0]}")
    return Finding(WRONG, f"PostgreSQL {version} is not offered in {region}")


def zones(aws: Aws, region: str) -> Finding:
    """Look whether there are three zones."""
    found = aws.call("ec2", region, "describe_availability_zones")["AvailabilityZones"]
    verdict = FINE if len(found) >= 3 else WRONG
    return Finding(verdict, f"{len(found)}; three are needed")


def vpcs(aws: Aws, region: str) -> Finding:
    """Look whether there may be one more VPC."""
    return _room(aws, region, quotas.VPCS, needed=1)


def addresses(aws: Aws, template: Mapping[str, Any], region: str) -> Finding:
    """Look whether there may be as many more fixed addresses as the NAT gateways take."""
    needed = sum(body["Type"] == "AWS::EC2::EIP" for body in template["Resources"].values())
    if not needed:
        return Finding(FINE, "none needed")
    return _room(aws, region, quotas.ADDRESSES, needed)


def processors(aws: Aws, template: Mapping[str, Any], region: str) -> Finding:
    """Look whether Fargate lets as many tasks run as the service may scale to: an unused region may start with 6."""
    tasks = int(template["Parameters"][MAX_TASKS]["Default"])
    task = next(body for body in template["Resources"].values() if body["Type"] == "AWS::ECS::TaskDefinition")
    needed = tasks * int(task["Properties"]["Cpu"]) / CPU_UNITS
    allowed = aws.quota(region, "fargate", CODES[ON_DEMAND])
    verdict = FINE if needed <= allowed else WARNING
    return Finding(verdict, f"{allowed:g} vCPU; {tasks} tasks, the most, take {needed:g}")


def backed_up(aws: Aws, region: str) -> Finding:
    """Look whether AWS Backup looks after Aurora in the region."""
    if backups.turned_on(aws, region):
        return Finding(FINE, "AWS Backup is turned on for Aurora")
    return Finding(WARNING, f"AWS Backup is turned off for Aurora: {backups.turn_on(region)}")


def certificate(template: Mapping[str, Any], region: str) -> Finding:
    """Look whether HTTPS will have a certificate: one is made, or the one that is named must be in the region."""
    if behind_cloudfront(template):
        return Finding(FINE, "CloudFront's, which does not move")
    listeners = [b["Properties"] for b in template["Resources"].values() if b["Type"].endswith("V2::Listener")]
    given = [entry["CertificateArn"] for one in listeners for entry in one.get("Certificates", [])]
    foreign = [arn for arn in given if isinstance(arn, str) and f":{region}:" not in arn]
    if foreign:
        return Finding(WRONG, f"{foreign[0]} is of another region: request one in {region}")
    return Finding(FINE, "made with the service" if given else "none: served over HTTP")


def container_image(aws: Aws, image: str, repository: str, region: str, stack: StackSpec) -> Finding:
    """Look whether the image is in the region, or which of the copies in `repository` is what the stage runs."""
    if not image:
        # The pipeline notes what a stage runs, after each rollout.
        name = names.running_image(stack.tags["project"], str(stack.stage))
        noted = aws.call("ssm", region, "get_parameters", Names=[name])["Parameters"] if repository else []
        hint = f"no copy is noted as what {stack.stage} runs; use --image"
        if noted:
            hint = f"--image {repository}@{noted[0]['Value']} is what {stack.stage} runs"
        return Finding(WARNING, f"none named: the stage comes up without tasks; {hint}")
    name, _, digest = image.partition("@")
    found, _, tag = name.partition("/")[2].partition(":")
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag}
    if aws.call_if_there("ecr", region, "describe_images", repositoryName=found, imageIds=[wanted]):
        return Finding(FINE, f"{found} is in {region}")
    return Finding(WRONG, f"{found} in {region} has no {digest or tag}")


def copied(copy: RecoveryPoint | None) -> Finding:
    """Look whether there is a copy of the database."""
    if copy is None:
        return Finding(WRONG, "none in this region; name a snapshot with --snapshot")
    return Finding(FINE, copy.arn.rpartition("cluster-snapshot:")[2])


def estimate(stacks: Sequence[StackSpec], copy: RecoveryPoint | None, now: datetime) -> list[str]:
    """Say what is lost and how long it takes, going by what such resources usually take."""
    each = {name: estimates.of_stack(one, one.resources) for name, one in read_templates(stacks).items()}
    seconds = estimates.longest(each, {stack.name: stack.depends_on for stack in stacks})
    lost = f"what was written in the last {age_words(copy.age(now))}" if copy else "unknown: there is no copy"
    return [f"  data lost  {lost}", f"  time       {estimates.words(seconds)}, and longer for a large database"]


def image_there(image: str, region: str, repository: str = "") -> str:
    """Return an image's address in another region: its copy in `repository`, else the same name in that registry.

    `image` may be the digest alone where the repository is known.
    """
    digest = image[image.index("sha256:") :] if "sha256:" in image else ""
    if repository and digest:
        return f"{repository}@{digest}"
    found = ECR.fullmatch(image)
    return image.replace(f".{found['region']}.", f".{region}.", 1) if found else image


def smoke(url: str, tries: int = SMOKE_TRIES, pause: float = SMOKE_PAUSE) -> Finding:
    """Ask the application how it is, for some minutes if it must be."""
    address, wrong = f"{url.rstrip('/')}/healthz", ""
    for _ in range(tries):
        try:
            with urllib.request.urlopen(address, timeout=SMOKE_SECONDS) as answer:
                return Finding(FINE, f"{address} answers {answer.status}")
        except OSError as error:
            wrong = str(error)
        time.sleep(pause)
    return Finding(WRONG, f"{address}: {wrong}")


def _room(aws: Aws, region: str, quota: quotas.Quota, needed: int) -> Finding:
    used, allowed = quota.used(aws, region), quota.allowed(aws, region)
    verdict = FINE if used + needed <= allowed else WRONG
    return Finding(verdict, f"{used} of {allowed:g} used, {needed} more needed")
