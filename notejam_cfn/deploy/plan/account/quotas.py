"""Quotas of the account that a plan would exceed, with what is used now.

The finding stands at the first resource that does not fit, so that a plan says which preview or stage that is.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ...aws.client import Aws
from ...aws.models import SERVICE
from ...exit_codes import AwsTrouble
from ..changes import Action, Comparison, Key, ResourceChange
from ..effects.findings import Finding, Verdict
from ..model import StackPlan
from . import processors
from .processors import SOURCE

# CloudFront is one for all regions; its quotas are asked for here.
GLOBAL = "us-east-1"
DISTRIBUTION, VPC_ORIGIN = "AWS::CloudFront::Distribution", "AWS::CloudFront::VpcOrigin"
RULE, TARGETS = "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ElasticLoadBalancingV2::TargetGroup"
# Neither is in Service Quotas under a code; AWS raises the first of them on request.
# Source: Amazon CloudFront Developer Guide, "Quotas", general quotas on distributions.
VPC_ORIGINS, ON_A_VPC_ORIGIN = 25, 50
OF_CLOUDFRONT = 'Amazon CloudFront Developer Guide, "Quotas"'
OF_BALANCING = "Elastic Load Balancing, DescribeAccountLimits"

Found = Iterator[tuple[Key, Finding]]
Plans = Mapping[str, StackPlan]


@dataclasses.dataclass(frozen=True)
class Quota:
    """How many of something an account may have in a region, or where it is `everywhere` one, and how many it has.

    A quota that is only `documented` may have been raised, and does not stop a deployment.
    """

    what: str
    allowed: Callable[[Aws, str], float]
    used: Callable[[Aws, str], int]
    everywhere: bool = False
    documented: bool = False


def _coded(service: str, code: str) -> Callable[[Aws, str], float]:
    return lambda aws, region: aws.quota(region, service, code)


def _distributions(aws: Aws, region: str) -> int:
    pages = aws.pages("cloudfront", region, "list_distributions")
    return sum(int(page["DistributionList"].get("Quantity", 0)) for page in pages)


VPCS = Quota(
    "VPCs", _coded("vpc", "L-F678F1CE"), lambda aws, region: len(aws.items("ec2", region, "describe_vpcs", "Vpcs"))
)
ADDRESSES = Quota(
    "elastic addresses",
    _coded("ec2", "L-0263D0A3"),
    lambda aws, region: len(aws.call("ec2", region, "describe_addresses")["Addresses"]),
)
QUOTAS = {
    "AWS::EC2::VPC": VPCS,
    "AWS::EC2::EIP": ADDRESSES,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Quota(
        "load balancers",
        _coded("elasticloadbalancing", "L-53DA6B97"),
        lambda aws, region: len(aws.items("elbv2", region, "describe_load_balancers", "LoadBalancers")),
    ),
    DISTRIBUTION: Quota(
        "CloudFront distributions", _coded("cloudfront", "L-24B04930"), _distributions, everywhere=True
    ),
    VPC_ORIGIN: Quota(
        "VPC origins of CloudFront",
        lambda aws, region: VPC_ORIGINS,
        # A page holds more than an account may have.
        lambda aws, region: aws.call("cloudfront", region, "list_vpc_origins")["VpcOriginList"].get("Quantity", 0),
        everywhere=True,
        documented=True,
    ),
}
PER_BALANCER = {RULE: "rules-per-application-load-balancer", TARGETS: "target-groups-per-application-load-balancer"}


def findings(aws: Aws, comparison: Comparison, stacks: Plans) -> Found:
    """Yield the quotas that are too small for what is added. One that may not be looked at is left out."""
    added = [change for change in comparison.changes if change.action is Action.ADD]
    looks = [*(_of_account(aws, kind, added, stacks) for kind in QUOTAS), _on_vpc_origins(aws, added)]
    for change in added:
        if change.type == RULE:
            looks.append(_behind_balancer(aws, change, added, stacks[change.stack].stack.region))
        if change.type == SERVICE:
            looks.append(processors.findings(aws, change, comparison, stacks[change.stack]))
    with ThreadPoolExecutor(max_workers=8) as pool:  # each asks two or three things of AWS, one after the other
        for found in pool.map(_looked, looks):
            yield from found


def _looked(look: Found) -> list[tuple[Key, Finding]]:
    found: list[tuple[Key, Finding]] = []
    with contextlib.suppress(AwsTrouble):
        for each in look:
            found.append(each)  # what was found before AWS refuses to answer stays
    return found


def _of_account(aws: Aws, kind: str, added: Sequence[ResourceChange], stacks: Plans) -> Found:
    quota = QUOTAS[kind]
    by_region: dict[str, list[ResourceChange]] = {}
    for change in added:
        if change.type == kind:
            region = GLOBAL if quota.everywhere else stacks[change.stack].stack.region
            by_region.setdefault(region, []).append(change)
    for region, here in by_region.items():
        used, allowed = quota.used(aws, region), quota.allowed(aws, region)
        where = "the account" if quota.everywhere else region
        source = OF_CLOUDFRONT if quota.documented else SOURCE
        yield from _beyond(here, used, allowed, f"{quota.what} are used in {where}", source, quota.documented)


def _on_vpc_origins(aws: Aws, added: Sequence[ResourceChange]) -> Found:
    """A VPC origin serves 50 distributions, which AWS does not raise; those of a template that is new count as well."""
    by_origin: dict[str, list[ResourceChange]] = {}
    for change in added:
        if change.type == DISTRIBUTION and change.new:
            for origin in change.new.properties["DistributionConfig"].get("Origins", ()):
                if "VpcOriginConfig" in origin:
                    # Told apart by id, by the output that will hold it, or by the resource of its stack that will.
                    given = origin["VpcOriginConfig"].get("VpcOriginId")
                    own = isinstance(given, dict) and "Fn::GetAtt" in given
                    by_origin.setdefault(f"{change.stack} {given}" if own else str(given), []).append(change)
    for origin, here in by_origin.items():
        used = 0
        if origin.startswith("vo_"):
            there = aws.call("cloudfront", GLOBAL, "list_distributions_by_vpc_origin_id", VpcOriginId=origin)
            used = int(there["DistributionIdList"].get("Quantity", 0))
        yield from _beyond(here, used, ON_A_VPC_ORIGIN, "distributions of one VPC origin are used", OF_CLOUDFRONT)


def _behind_balancer(aws: Aws, rule: ResourceChange, added: Sequence[ResourceChange], region: str) -> Found:
    """A load balancer that is there takes so many rules and target groups; a service, or a preview, is one of each."""
    listener = rule.new.properties.get("ListenerArn") if rule.new else None
    if not isinstance(listener, str):
        return
    found = aws.items("elbv2", region, "describe_account_limits", "Limits")
    limits = {one["Name"]: float(one["Max"]) for one in found if one["Name"] in PER_BALANCER.values()}
    balancer = listener.rpartition("/")[0].replace(":listener/", ":loadbalancer/")
    rules = aws.items("elbv2", region, "describe_rules", "Rules", ListenerArn=listener)
    groups = aws.items("elbv2", region, "describe_target_groups", "TargetGroups", LoadBalancerArn=balancer)
    # The default rule of a listener does not count.
    for kind, used in ((RULE, sum(not rule["IsDefault"] for rule in rules)), (TARGETS, len(groups))):
        here = [one for one in added if one.stack == rule.stack and one.type == kind]
        name = PER_BALANCER[kind]
        what = f"{name.partition('-per-')[0].replace('-', ' ')} of the load balancer are used"
        yield from _beyond(here, used, limits[name], what, OF_BALANCING)


def _beyond(
    here: Sequence[ResourceChange], used: int, allowed: float, what: str, source: str, documented: bool = False
) -> Found:
    """Find fault with the first resource that does not fit, if one does not."""
    fit = max(0, int(allowed) - used)
    if fit >= len(here):
        return
    first = here[fit]
    reason = f"{used} of {allowed:g} {what}, and {len(here)} more are needed"
    if fit:
        reason += f": {first.logical_id} is the first that does not fit"
    if documented:
        reason += "; this is AWS's default, which it may have raised for the account"
    yield first.key, Finding(Verdict.NOTHING if documented else Verdict.WILL_FAIL, reason, source)
