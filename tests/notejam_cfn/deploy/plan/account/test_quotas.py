"""What a plan says of an account's quotas before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.core.render import load
from notejam_cfn.deploy.aws.models import SERVICE, TASK_DEFINITION
from notejam_cfn.deploy.exit_codes import AwsTrouble
from notejam_cfn.deploy.plan.account import processors, quotas
from notejam_cfn.deploy.plan.changes import StackChange, compare
from notejam_cfn.deploy.plan.effects.findings import Finding, Verdict
from notejam_cfn.deploy.plan.model import Kind, StackPlan
from notejam_cfn.deploy.stacks.templates import Template
from tests.notejam_cfn.deploy.fakes import CannedAws
from tests.notejam_cfn.deploy.plan.account.test_lookups import spec

OUTPUT = Path(__file__).parents[5] / "output"
LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/dev/1/2"
LIMITS = {
    "Limits": [
        {"Name": "rules-per-application-load-balancer", "Max": "100"},
        {"Name": "target-groups-per-application-load-balancer", "Max": "100"},
    ]
}


def account(quota: float = 1000, running: int = 0, **more: Any) -> CannedAws:
    """An account in which every quota is `quota` and so many tasks of a quarter of a vCPU run on Spot."""
    task = {"cpu": "256", "capacityProviderName": "FARGATE_SPOT"}
    answers = {
        "get_service_quota": {"Quota": {"Value": quota}},
        "list_clusters": {"clusterArns": ["dev"]},
        "list_tasks": {"taskArns": ["one"] * running},
        "describe_tasks": lambda cluster, tasks: {"tasks": [task] * len(tasks)},
    }
    return CannedAws(**answers | more)


def found(aws: CannedAws, resources: dict[str, Any], outputs: dict[tuple[str, str], str] | None = None) -> list[Any]:
    """What is found when a stack with these resources is made, each with the logical id where it stands."""
    stack = StackChange("s", "s", {"Resources": resources}, {})
    plan = StackPlan(spec(), Kind.CREATE, Template({"Resources": resources}), {})
    return [(key[1], one) for key, one in quotas.findings(aws, compare([stack], outputs or {}), {"s": plan})]


def of(kind: str, number: int = 1, **properties: Any) -> dict[str, Any]:
    return {f"One{each}": {"Type": kind, "Properties": properties} for each in range(1, number + 1)}


def distributions(number: int, origin: Any = "vo_1") -> dict[str, Any]:
    config = {"Origins": [{"VpcOriginConfig": {"VpcOriginId": origin}}]}
    return of("AWS::CloudFront::Distribution", number, DistributionConfig=config)


def holding(used: int, on_origin: int = 0, **more: Any) -> CannedAws:
    return account(
        500,
        list_distributions={"DistributionList": {"Quantity": used}},
        list_distributions_by_vpc_origin_id={"DistributionIdList": {"Quantity": on_origin}},
        **more,
    )


def test_a_quota_that_is_used_up_is_named_with_what_is_used() -> None:
    network = of("AWS::EC2::VPC")
    [(_, finding)] = found(account(5, describe_vpcs={"Vpcs": [{}] * 5}), network)
    assert (finding.verdict, finding.reason[:32]) == (Verdict.WILL_FAIL, "5 of 5 VPCs are used in eu-centr")
    assert found(account(5, describe_vpcs={"Vpcs": [{}] * 4}), network) == []


def test_the_first_address_beyond_the_accounts_distributions_is_named() -> None:
    [(where, finding)] = found(holding(497), distributions(10))
    assert (where, finding.verdict) == ("One4", Verdict.WILL_FAIL)
    assert "497 of 500 CloudFront distributions are used in the account, and 10 more" in finding.reason
    assert "One4 is the first that does not fit" in finding.reason
    assert found(holding(490), distributions(10)) == []


def test_cloudfront_is_asked_about_where_it_is_and_once_for_all_regions() -> None:
    regions: list[str] = []

    class Aws(CannedAws):
        def call(self, service: str, region: str, method: str, /, **given: Any) -> Any:
            regions.append(region)
            return super().call(service, region, method, **given)

    found(Aws(**holding(0).answers), distributions(3))
    assert set(regions) == {"us-east-1"}


def test_a_vpc_origin_serves_fifty_distributions() -> None:
    [(where, finding)] = found(holding(60, on_origin=45), distributions(10))
    assert (where, finding.verdict) == ("One6", Verdict.WILL_FAIL)
    assert found(holding(60, on_origin=40), distributions(10)) == []
    [(where, _)] = found(holding(0), distributions(51, {"Fn::GetAtt": ["VpcOrigin", "Id"]}))
    assert where == "One51", "of one that is made at the same time"


def test_more_vpc_origins_than_an_account_has_by_default_are_said_and_not_refused() -> None:
    aws = account(list_vpc_origins={"VpcOriginList": {"Quantity": 25}})
    [(_, finding)] = found(aws, of("AWS::CloudFront::VpcOrigin"))
    assert (finding.refused, "25 of 25 VPC origins" in finding.reason) == (False, True)


def behind(rules: int, groups: int, **more: Any) -> CannedAws:
    each = [{"IsDefault": False}] * rules + [{"IsDefault": True}]
    there = {"describe_rules": {"Rules": each}, "describe_target_groups": {"TargetGroups": [{}] * groups}}
    return account(describe_account_limits=LIMITS, **there, **more)


@pytest.mark.parametrize(("rules", "groups", "where"), [(100, 99, "Rule"), (99, 100, "Targets")])
def test_a_preview_that_its_load_balancer_has_no_room_for_is_refused(rules: int, groups: int, where: str) -> None:
    kinds = {"Rule": "ListenerRule", "Targets": "TargetGroup"}
    resources = {name: {"Type": f"AWS::ElasticLoadBalancingV2::{kind}"} for name, kind in kinds.items()}
    preview = {name: body | {"Properties": {"ListenerArn": LISTENER}} for name, body in resources.items()}
    [(at, finding)] = found(behind(rules, groups), preview)
    assert (at, finding.verdict) == (where, Verdict.WILL_FAIL)
    assert "100 of 100" in finding.reason
    assert found(behind(99, 99), preview) == []


def service(most: int, *providers: dict[str, Any]) -> dict[str, Any]:
    resource = {"Fn::Join": ["/", ["service", "dev", {"Fn::GetAtt": ["Web", "Name"]}]]}
    strategy = {"CapacityProviderStrategy": list(providers)} if providers else {}
    return {
        "Web": {"Type": SERVICE, "Properties": {"TaskDefinition": {"Ref": "Task"}, **strategy}},
        "Task": {"Type": TASK_DEFINITION, "Properties": {"Cpu": "512"}},
        "Scale": {"Type": processors.SCALED, "Properties": {"ResourceId": resource, "MaxCapacity": most}},
    }


SPOT = {"CapacityProvider": "FARGATE_SPOT", "Weight": 100}


def only(aws: CannedAws, resources: dict[str, Any]) -> Finding:
    [(where, finding)] = found(aws, resources)
    assert where == "Web"
    assert isinstance(finding, Finding)
    return finding


def test_processors_for_a_release_at_the_most_are_shown() -> None:
    finding = only(account(6), service(24))
    assert (finding.refused, "24 vCPU of Fargate during" in finding.reason) == (False, True)
    assert found(account(30), service(24)) == []


def test_a_task_that_no_processor_of_spot_is_left_for_is_refused() -> None:
    finding = only(account(6, running=23), service(1, SPOT))
    assert finding.verdict is Verdict.WILL_FAIL
    assert "does not fit: 5.75 of 6 vCPU of Fargate Spot are used in eu-central-1" in finding.reason
    assert found(account(6, running=19), service(1, SPOT)) == []


def test_tasks_are_counted_for_the_provider_that_runs_them() -> None:
    base = {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1}
    assert processors.split({"CapacityProviderStrategy": [base, SPOT | {"Weight": 3}]}, 10) == {
        "FARGATE": 4,
        "FARGATE_SPOT": 6,
    }
    assert processors.split({}, 3) == {"FARGATE": 3}


def test_what_may_not_be_looked_at_is_left_out_and_the_rest_is_looked_at() -> None:
    def refuse(**given: Any) -> Any:
        raise AwsTrouble("not allowed")

    aws = holding(500, describe_vpcs=refuse)
    [(where, _)] = found(aws, {**of("AWS::EC2::VPC"), **{f"A{k}": v for k, v in distributions(1).items()}})
    assert where == "AOne1"


def test_the_hundredth_preview_is_refused_by_name_before_anything_is_made() -> None:
    template = load((OUTPUT / "dev" / "preview.yaml").read_text(encoding="utf-8"))
    values = {"Preview": "zoe", "ImageUri": "r/i@sha256:1", "Address": "200/x.cloudfront.net", "Expires": "2026"}
    outputs: dict[tuple[str, str], str | None] = {("notejam-dev-service", "ListenerArn"): LISTENER}
    name = "notejam-dev-preview-zoe"
    change = StackChange(name, "preview", template, values)
    plan = StackPlan(spec(), Kind.CREATE, Template(template), values)
    told = dict(quotas.findings(behind(99, 100), compare([change], outputs), {name: plan}))
    assert told[name, "WebTargets"].refused
    short = behind(0, 0, quota=6, running=24)
    told = dict(quotas.findings(short, compare([change], outputs), {name: plan}))
    assert told[name, "WebService"].refused
