"""Quotas of the account that a plan would exceed, with what is used now."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

from ...aws.client import KEEP, Aws
from ...exit_codes import AwsTrouble
from ..changes import Action, Comparison, Key, ResourceChange
from ..effects.findings import Finding, Verdict
from ..model import StackPlan

CPU_UNITS = 1024  # of one vCPU
SOURCE = "Service Quotas"
SERVICE, TASK = "AWS::ECS::Service", "AWS::ECS::TaskDefinition"
MAX_TASKS = "MaxTasks"


@dataclasses.dataclass(frozen=True)
class Quota:
    """A quota by Service Quotas' codes, and how to count what is used of it."""

    what: str
    service: str
    code: str
    used: Callable[[Aws, str], int]


def _vpcs(aws: Aws, region: str) -> int:
    return sum(len(page["Vpcs"]) for page in aws.pages("ec2", region, "describe_vpcs"))


def _addresses(aws: Aws, region: str) -> int:
    return len(aws.call("ec2", region, "describe_addresses")["Addresses"])


def _load_balancers(aws: Aws, region: str) -> int:
    return sum(len(page["LoadBalancers"]) for page in aws.pages("elbv2", region, "describe_load_balancers"))


QUOTAS = {
    "AWS::EC2::VPC": Quota("VPCs", "vpc", "L-F678F1CE", _vpcs),
    "AWS::EC2::EIP": Quota("elastic addresses", "ec2", "L-0263D0A3", _addresses),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Quota(
        "load balancers", "elasticloadbalancing", "L-53DA6B97", _load_balancers
    ),
}
PROCESSORS = ("fargate", "L-3032A538")  # Fargate On-Demand vCPU resource count


def findings(aws: Aws, comparison: Comparison, stacks: Mapping[str, StackPlan]) -> Iterator[tuple[Key, Finding]]:
    """Yield the quotas that are too small for what is added. One that may not be looked at is left out."""
    added = [change for change in comparison.changes if change.action is Action.ADD]
    for kind, quota in QUOTAS.items():
        wanted = [change for change in added if change.type == kind]
        regions = {stacks[change.stack].stack.region for change in wanted}
        for region in regions:
            here = [change for change in wanted if stacks[change.stack].stack.region == region]
            try:
                used, allowed = quota.used(aws, region), allowed_by(aws, region, quota.service, quota.code)
            except AwsTrouble:
                continue
            if used + len(here) > allowed:
                reason = f"{used} of {allowed:g} {quota.what} are used in {region}, and {len(here)} more are needed"
                yield _key(here[0]), Finding(Verdict.WILL_FAIL, reason, SOURCE)
    for change in added:
        if change.type == SERVICE:
            yield from _processors(aws, change, comparison, stacks[change.stack])


def allowed_by(aws: Aws, region: str, service: str, code: str) -> float:
    """Return a quota's value in a region."""
    given = aws.call("service-quotas", region, "get_service_quota", ServiceCode=service, QuotaCode=code)
    return float(given["Quota"]["Value"])


def _processors(
    aws: Aws, change: ResourceChange, comparison: Comparison, plan: StackPlan
) -> Iterator[tuple[Key, Finding]]:
    """While a release rolls out, a service at its most runs twice as many tasks."""
    sizes = [each.properties.get("Cpu") for key, each in comparison.new.items() if each.type == TASK]
    most = plan.values.get(MAX_TASKS) or plan.stack.defaults.get(MAX_TASKS)
    if most == KEEP and plan.state:
        most = plan.state.parameters.get(MAX_TASKS)
    if not most or not sizes or not str(sizes[0]).isdigit():
        return
    needed = 2 * int(float(most)) * int(str(sizes[0])) / CPU_UNITS
    try:
        allowed = allowed_by(aws, plan.stack.region, *PROCESSORS)
    except AwsTrouble:
        return
    if needed > allowed:
        reason = f"at its most it needs {needed:g} vCPU of Fargate during a release; the account may use {allowed:g}"
        yield _key(change), Finding(Verdict.NOTHING, reason, SOURCE)


def _key(change: ResourceChange) -> Key:
    return change.stack, change.logical_id
