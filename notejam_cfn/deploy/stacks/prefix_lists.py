"""Asks the account what a template can only guess of CloudFront: by which id its servers are known, and which zones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from ...core.cloudfront import PREFIX_LIST_NAME, PREFIX_LIST_PARAMETER, prefix_list_ids, unusable_zones
from ..aws.client import Aws
from ..exit_codes import AwsTrouble, BadInput
from ..manifest import StackSpec

MOST_ZONES = 3


def with_prefix_lists(
    aws: Aws, stacks: Sequence[StackSpec], given: Mapping[str, str], say: Callable[[str], None]
) -> list[StackSpec]:
    """Return the stacks with the id of CloudFront's prefix list in their regions, where they take one.

    The account's answer counts, and is said where it differs from the table that templates carry. Who may not ask takes
    the table's; a region that has no such list cannot have CloudFront in front of a load balancer.
    """
    regions = {stack.region for stack in stacks if PREFIX_LIST_PARAMETER in stack.defaults}
    for region in sorted(regions):
        _say_unusable_zones(aws, region, say)
    if PREFIX_LIST_PARAMETER in given:
        return list(stacks)
    found = {region: _prefix_list(aws, region, say) for region in sorted(regions)}
    return [
        dataclasses.replace(stack, values={**stack.values, PREFIX_LIST_PARAMETER: identifier})
        if PREFIX_LIST_PARAMETER in stack.defaults and (identifier := found[stack.region])
        else stack
        for stack in stacks
    ]


def _prefix_list(aws: Aws, region: str, say: Callable[[str], None]) -> str | None:
    """Return the id in one region, or None when the account must not ask and the table knows it."""
    known = prefix_list_ids().get(region)
    wanted = [{"Name": "prefix-list-name", "Values": [PREFIX_LIST_NAME]}]
    try:
        lists = aws.call("ec2", region, "describe_managed_prefix_lists", Filters=wanted)["PrefixLists"]
    except AwsTrouble as error:
        if known is None:
            raise
        say(f"{region}: CloudFront's prefix list could not be looked up ({error}); {known} is taken for it")
        return None
    if not lists:
        raise BadInput(
            f"{region} has no managed prefix list {PREFIX_LIST_NAME}, so nothing can admit CloudFront there",
            "Set cdn.enabled = false for the stage in notejam.toml, build, and deploy again",
        )
    identifier: str = lists[0]["PrefixListId"]
    if known not in (None, identifier):
        say(f"{region}: CloudFront's prefix list is {identifier} here; notejam_cfn/core/cloudfront.json says {known}")
    return identifier


def _say_unusable_zones(aws: Aws, region: str, say: Callable[[str], None]) -> None:
    """Say which of the first three zones of a region, as this account names them, cannot hold a VPC origin.

    A template takes zones by number, and which is which differs from account to account.
    """
    unusable = unusable_zones(region)
    if not unusable:
        return
    try:
        zones = aws.call("ec2", region, "describe_availability_zones")["AvailabilityZones"]
    except AwsTrouble:
        return
    first = sorted(zones, key=lambda zone: str(zone["ZoneName"]))[:MOST_ZONES]
    for zone in first:
        if zone["ZoneId"] in unusable:
            say(
                f"{region}: {zone['ZoneName']} is {zone['ZoneId']} in this account, where CloudFront reaches no load "
                "balancer: if the VPC origin fails, set another region, or cdn.enabled = false"
            )
