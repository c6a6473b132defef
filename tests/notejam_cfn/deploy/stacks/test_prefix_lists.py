"""Which prefix list a deployment takes for CloudFront's servers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from notejam_cfn.core.cloudfront import PREFIX_LIST_NAME, PREFIX_LIST_PARAMETER
from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.exit_codes import AwsTrouble, BadInput
from notejam_cfn.deploy.stacks.prefix_lists import with_prefix_lists
from notejam_cfn.local.emulator import Emulator


@dataclasses.dataclass(frozen=True)
class Stack:
    region: str = "eu-central-1"
    defaults: Any = dataclasses.field(default_factory=lambda: {PREFIX_LIST_PARAMETER: ""})
    values: Any = dataclasses.field(default_factory=dict)


class Account:
    """An account that answers with some lists, or not at all."""

    def __init__(self, *lists: str, refuses: bool = False) -> None:
        self.lists, self.refuses = lists, refuses

    zones = (("a", 4), ("b", 6), ("c", 1), ("e", 3))

    def call(self, service: str, region: str, method: str, /, **given: Any) -> Any:
        if self.refuses:
            raise AwsTrouble("access denied", code="UnauthorizedOperation")
        if method == "describe_availability_zones":
            return {"AvailabilityZones": [{"ZoneName": f"{region}{x}", "ZoneId": f"use1-az{n}"} for x, n in self.zones]}
        assert given["Filters"] == [{"Name": "prefix-list-name", "Values": [PREFIX_LIST_NAME]}]
        return {"PrefixLists": [{"PrefixListId": each} for each in self.lists]}


def taken(account: Any, stack: Stack, given: Any = ()) -> tuple[str | None, list[str]]:
    said: list[str] = []
    (found,) = with_prefix_lists(account, [stack], dict(given), said.append)  # type: ignore[list-item]
    return found.values.get(PREFIX_LIST_PARAMETER), said


def test_the_accounts_answer_counts_and_a_difference_is_said() -> None:
    identifier, said = taken(Account("pl-0000000a"), Stack())
    assert identifier == "pl-0000000a"
    assert len(said) == 1 and "pl-a3a144ca" in said[0]
    assert taken(Account("pl-a3a144ca"), Stack()) == ("pl-a3a144ca", [])


def test_who_may_not_ask_takes_the_table() -> None:
    identifier, said = taken(Account(refuses=True), Stack())
    assert identifier is None and "pl-a3a144ca" in said[0]
    with pytest.raises(AwsTrouble):
        taken(Account(refuses=True), Stack(region="mx-central-1"))


def test_a_region_without_the_list_is_refused_in_words() -> None:
    with pytest.raises(BadInput, match="ap-southeast-3 has no managed prefix list"):
        taken(Account(), Stack(region="ap-southeast-3"))


def test_what_a_person_gives_is_left_alone() -> None:
    assert taken(Account("pl-0000000a"), Stack(), {PREFIX_LIST_PARAMETER: "pl-0000000b"}.items()) == (None, [])


def test_a_stack_that_takes_none_is_not_asked_for() -> None:
    assert taken(Account(refuses=True), Stack(defaults={})) == (None, [])


def test_an_account_is_asked_as_aws_is(aws: Emulator, facade: Aws) -> None:
    identifier, _ = taken(facade, Stack())
    assert identifier and identifier.startswith("pl-")


def test_a_zone_that_cannot_hold_a_vpc_origin_is_said() -> None:
    account = Account("pl-3b927c52")
    assert taken(account, Stack(region="us-east-1")) == ("pl-3b927c52", [])
    account.zones = (("a", 3), ("b", 6), ("c", 1), ("e", 4))
    _, (said,) = taken(account, Stack(region="us-east-1"))
    assert "us-east-1a is use1-az3 in this account" in said
