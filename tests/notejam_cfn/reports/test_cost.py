"""Cost: what is charged and what is not, and the bar that an idle stage must stay under."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from troposphere import AWSObject

import notejam_cfn
from notejam_cfn.components.network.vpc import AGENT_ENDPOINTS, TASK_ENDPOINTS
from notejam_cfn.config.loader import parse
from notejam_cfn.core import render
from notejam_cfn.core.evaluated import EvaluatedTemplate
from notejam_cfn.reports.cost import Bill, Usage, price, read_prices, sites_of, usages_of
from notejam_cfn.reports.cost import bills_of as bills_of_stages
from notejam_cfn.reports.cost.pricers import DAYS_A_MONTH, FREE, METRICS_OF_APPLICATION, PRICERS
from notejam_cfn.stacks import stacks_of, stacks_of_stage

OUTPUT = Path(__file__).resolve().parents[3] / "output"
IDLE, TYPICAL, FOURFOLD = range(3)
MILLION_A_MONTH = Usage("a million requests", 1e6 / 3600 / 100, busy_hours=100, quiet_hours=630)

BillsOf = Callable[..., list[Bill]]


@pytest.fixture(scope="module")
def bills_of() -> BillsOf:
    """Price a stage of a size under its three loads: `bills_of("economy")[IDLE]`."""

    def bills(size: str, **overrides: Any) -> list[Bill]:
        table = {"region": "us-east-1", "size": size, **overrides}
        stage = parse({"stages": {"dev": table}}).stages[0]
        layers = {one.path: one.template.to_dict() for one in stacks_of_stage(stage) if one.form == "layered"}
        return [price(layers, load, read_prices("us-east-1")) for load in usages_of(size)]

    return bills


@pytest.fixture(scope="module")
def delivery() -> list[Bill]:
    """The bills of a delivery with one stage that waits for approval."""
    stages = {"prod": {"region": "us-east-1", "size": "standard", "approval": True}}
    stacks = [one for one in stacks_of(parse({"stages": stages})) if one.stage is None]
    layers = {one.path: one.template.to_dict() for one in stacks}
    return [price(layers, load, read_prices("us-east-1")) for load in usages_of("standard")]


def bill_of(resources: Mapping[str, tuple[str, Mapping[str, Any]]], load: Usage = MILLION_A_MONTH) -> Bill:
    """Price resources, given as type and properties by logical ID."""
    written = {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in resources.items()}
    return price({"template": {"Resources": written}}, load, read_prices("us-east-1"))


def quantities(bill: Bill, what: str) -> dict[str, float]:
    """Return how many units a bill takes of each price, for one kind of charge."""
    sums: dict[str, float] = {}
    for item in bill.items:
        if item.charge.what == what:
            name = " x ".join(item.charge.names)
            sums[name] = sums.get(name, 0) + item.charge.quantity
    return sums


def test_the_applications_own_metrics_are_priced_and_cost_nothing_while_nobody_asks(bills_of: BillsOf) -> None:
    middleware = pytest.importorskip("app.web.middleware")
    assert len(middleware.METRICS["Metrics"]) * len(middleware.METRICS["Dimensions"]) == METRICS_OF_APPLICATION
    idle, typical, _ = bills_of("standard")
    assert 0 < quantities(typical, "the application's metrics")["metric_month"] <= METRICS_OF_APPLICATION
    assert sum(quantities(idle, "the application's metrics").values()) == 0


def test_an_idle_development_stage_costs_at_most_19_dollars_and_a_half(bills_of: BillsOf) -> None:
    idle = bills_of("economy")[IDLE]
    assert idle.usd <= 19.5
    assert {"load balancer", "keys", "secrets", "alarms"} <= set(idle.by_what())
    nothing = {"tasks on Spot", "tasks on demand", "database capacity", "NAT gateways", "public IPv4 addresses"}
    assert not nothing & set(idle.by_what())


def test_a_stage_with_idle_previews_stays_below_that_and_a_preview_below_a_dollar() -> None:
    table = {"region": "us-east-1", "size": "economy", "previews": {"enabled": True, "most": 99}}
    project = parse({"stages": {"dev": table}})
    stacks = [(one.stage, one.path, one.template.to_dict()) for one in stacks_of_stage(project.stages[0])]
    found = bills_of_stages(sites_of(project), stacks)
    assert found["dev"][IDLE].usd <= 19.5
    assert 0 < found["dev preview"][IDLE].usd <= 1


def test_a_preview_pays_for_no_metrics_as_its_log_holds_none_and_the_stage_for_four() -> None:
    project = parse({"stages": {"dev": {"region": "us-east-1", "size": "economy", "previews": {"enabled": True}}}})
    stacks = [(one.stage, one.path, one.template.to_dict()) for one in stacks_of_stage(project.stages[0])]
    found = bills_of_stages(sites_of(project), stacks)
    metrics = "the application's metrics"
    assert metrics not in found["dev preview"][TYPICAL].by_what()
    assert found["dev preview"][TYPICAL].by_what()["Container Insights"] == pytest.approx(24 * 0.30 * 264 / 730)
    assert found["dev"][TYPICAL].by_what()[metrics] == pytest.approx(4 * 0.30 * 264 / 730)


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_a_bill_grows_with_the_load(size: str, bills_of: BillsOf) -> None:
    bills = bills_of(size)
    assert bills[IDLE].usd < bills[TYPICAL].usd < bills[FOURFOLD].usd


def test_production_pays_for_its_zones_whether_used_or_not(bills_of: BillsOf) -> None:
    idle = bills_of("resilient")[IDLE].by_what()
    assert idle["NAT gateways"] == pytest.approx(3 * 730 * 0.045)
    assert idle["database capacity"] == pytest.approx(3 * 730 * 0.12)
    assert idle["public IPv4 addresses"] == pytest.approx(3 * 730 * 0.005), "the NAT gateways'"


def test_a_sleeping_service_has_no_tasks_when_nobody_asks(bills_of: BillsOf) -> None:
    awake = {"min_tasks": 1, "sleep_after_minutes": 0}
    assert "tasks on Spot" not in bills_of("economy")[IDLE].by_what()
    assert "tasks on Spot" in bills_of("economy", service=awake)[IDLE].by_what()


def test_a_task_on_spot_costs_a_share_of_one_on_demand(bills_of: BillsOf) -> None:
    item = next(each for each in bills_of("economy")[TYPICAL].items if each.charge.what == "tasks on Spot")
    prices = read_prices("us-east-1")
    assert item.unit_usd == pytest.approx(prices["fargate_arm_vcpu_hour"] * prices["fargate_spot_share"])


def test_only_the_cluster_that_exists_is_charged(bills_of: BillsOf) -> None:
    secrets = [item for item in bills_of("economy")[IDLE].items if item.charge.what == "secrets"]
    assert sorted(item.logical_id for item in secrets) == ["DatabaseCluster", "SessionSecret"]


def test_endpoints_are_charged_in_every_zone_and_for_what_passes(bills_of: BillsOf) -> None:
    bill = bills_of("standard", network={"egress": "endpoints", "zones": 2})[TYPICAL]
    used = quantities(bill, "VPC endpoints")
    assert used["endpoint_hour"] == pytest.approx(len(TASK_ENDPOINTS + AGENT_ENDPOINTS) * 2 * 730)
    gateways = bills_of("standard", network={"egress": "nat"})[TYPICAL]
    assert used["endpoint_gb"] == pytest.approx(quantities(gateways, "NAT gateways")["nat_gb"])


def test_a_load_balancer_inside_has_no_public_address() -> None:
    kind, subnets = "AWS::ElasticLoadBalancingV2::LoadBalancer", ["a", "b"]
    inside = bill_of({"LoadBalancer": (kind, {"Scheme": "internal", "Subnets": subnets})})
    outside = bill_of({"LoadBalancer": (kind, {"Scheme": "internet-facing", "Subnets": subnets})})
    assert "public IPv4 addresses" not in inside.by_what()
    assert quantities(outside, "public IPv4 addresses") == {"ipv4_hour": 2 * 730}


@pytest.mark.parametrize("days", [30, 90])
def test_access_logs_are_charged_for_as_long_as_their_bucket_keeps_them(days: int, bills_of: BillsOf) -> None:
    bill = bills_of("standard", load_balancer={"access_log_days": days})[TYPICAL]
    a_month = 5 * 264 * 3600 * 0.3 / 1e6
    assert quantities(bill, "access logs") == {"s3_gb_month": pytest.approx(a_month * days / DAYS_A_MONTH)}


def test_logs_are_charged_once_and_then_compressed_for_as_long_as_they_are_kept(bills_of: BillsOf) -> None:
    bill = bills_of("standard", network={"log_retention_days": 731}, service={"log_retention_days": 30})[TYPICAL]
    of_flows = {item.charge.price: item.charge.quantity for item in bill.items if item.logical_id == "FlowLog"}
    assert of_flows["logs_kept_gb_month"] == pytest.approx(of_flows["logs_gb"] / 7 * 731 / DAYS_A_MONTH)


def test_the_firewalls_log_costs_what_is_beyond_half_a_kilobyte_a_request() -> None:
    kind, everything = "AWS::WAFv2::LoggingConfiguration", {"ResourceArn": "acl", "LogDestinationConfigs": ["log"]}
    group = ("AWS::Logs::LogGroup", {"RetentionInDays": 365})
    kept = bill_of({"Log": (kind, everything), "Group": group})
    assert quantities(kept, "firewall's log")["logs_gb"] == pytest.approx(1.0)
    filtered = {**everything, "LoggingFilter": {"DefaultBehavior": "DROP", "Filters": []}}
    assert not bill_of({"Log": (kind, filtered), "Group": group}).items


def test_a_firewall_is_charged_by_rule_and_by_request() -> None:
    bill = bill_of({"Firewall": ("AWS::WAFv2::WebACL", {"Rules": [{}, {}, {}]})})
    assert bill.usd == pytest.approx(5 + 3 * 1 + 0.6)


def test_an_alarm_over_several_metrics_is_charged_for_each() -> None:
    alarm = {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "a/b"}]}
    assert bill_of({"Alarm": ("AWS::CloudWatch::Alarm", alarm)}).usd == pytest.approx(0.2)


def test_exports_are_warm_for_three_years_and_then_in_the_archive(bills_of: BillsOf) -> None:
    kept = quantities(bills_of("standard")[TYPICAL], "exports")
    monthly_gb = 10 * 0.5
    assert kept["s3_gb_month"] == pytest.approx(monthly_gb * 1095 / DAYS_A_MONTH)
    assert kept["archive_gb_month"] == pytest.approx(monthly_gb * (3653 - 1095) / DAYS_A_MONTH)
    assert kept["aurora_export_gb"] == 10


@pytest.mark.parametrize(("backup_days", "charged_days"), [(14, 0), (5, 9)])
def test_snapshots_cost_nothing_as_long_as_any_second_can_be_recovered(
    backup_days: int, charged_days: int, bills_of: BillsOf
) -> None:
    kept = {"daily_retention_days": 14, "weekly_retention_days": 0, "monthly_retention_days": 0, "export": False}
    items = bills_of("economy", database={"backup_days": backup_days}, backups=kept)[FOURFOLD].items
    of_plan = sum(each.charge.quantity for each in items if each.logical_id == "RegularBackups")
    assert of_plan == charged_days * 10


def test_a_copy_is_charged_from_its_first_day_and_for_its_journey() -> None:
    def bill(copies: list[dict[str, Any]]) -> Bill:
        rule = {"ScheduleExpression": "cron(0 4 * * ? *)", "Lifecycle": {"DeleteAfterDays": 7}, "CopyActions": copies}
        plan = ("AWS::Backup::BackupPlan", {"BackupPlan": {"BackupPlanRule": [rule]}})
        return bill_of({"Cluster": ("AWS::RDS::DBCluster", {"BackupRetentionPeriod": 7}), "Plan": plan})

    copied = bill([{"DestinationBackupVaultArn": "elsewhere", "Lifecycle": {"DeleteAfterDays": 5}}])
    gigabytes = quantities(copied, "database storage")["aurora_gb_month"]
    more = quantities(copied, "backups")["aurora_backup_gb_month"]
    assert more - quantities(bill([]), "backups")["aurora_backup_gb_month"] == pytest.approx(5 * gigabytes)
    assert quantities(copied, "copies") == {"between_regions_gb": pytest.approx(DAYS_A_MONTH * gigabytes)}


def test_an_idle_pipeline_costs_its_keys_and_images(delivery: list[Bill]) -> None:
    assert set(delivery[IDLE].by_what()) == {"keys", "images"}


def test_a_pipeline_is_charged_for_its_actions_and_not_for_waiting(delivery: list[Bill]) -> None:
    def minutes(*actions: tuple[str, str]) -> float:
        named = [{"ActionTypeId": {"Category": kind, "Provider": provider}} for kind, provider in actions]
        bill = bill_of({"Pipeline": ("AWS::CodePipeline::Pipeline", {"Stages": [{"Actions": named}]})})
        return quantities(bill, "pipeline").get("pipeline_minute", 0)

    assert minutes(("Approval", "Manual")) == 0
    assert minutes(("Approval", "Manual"), ("Deploy", "CloudFormation")) == minutes(("Deploy", "CloudFormation")) > 0
    assert quantities(delivery[TYPICAL], "pipeline")["pipeline_minute"] > 0


def test_a_build_is_charged_by_its_machine(delivery: list[Bill]) -> None:
    def build(compute: str) -> Bill:
        action = {
            "ActionTypeId": {"Category": "Build", "Provider": "CodeBuild"},
            "Configuration": {"ProjectName": {"Ref": "Project"}},
        }
        project = ("AWS::CodeBuild::Project", {"Environment": {"ComputeType": compute}})
        return bill_of({"P": ("AWS::CodePipeline::Pipeline", {"Stages": [{"Actions": [action]}]}), "Project": project})

    assert set(quantities(build("BUILD_GENERAL1_SMALL"), "builds")) == {"build_small_minute"}
    assert set(quantities(build("BUILD_GENERAL1_MEDIUM"), "builds")) == {"build_medium_minute"}
    assert quantities(delivery[TYPICAL], "builds")


def modules() -> Iterator[ModuleType]:
    """Yield the modules of the package that may make resources."""
    for found in pkgutil.walk_packages(notejam_cfn.__path__, "notejam_cfn."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def types_made(module: ModuleType) -> Iterator[str]:
    """Yield the types of resources that a module's code makes, whatever the settings."""
    source = inspect.getsource(module)
    for node in ast.walk(ast.parse(source)) if "troposphere" in source else ():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            made = getattr(vars(module).get(node.func.value.id), node.func.attr, None)
            if inspect.isclass(made) and issubclass(made, AWSObject) and made.resource_type:
                yield made.resource_type


# Charged by what is kept in them, which no template tells: the bill names them as not priced.
UNPRICED = {"AWS::EFS::FileSystem", "AWS::ElastiCache::ServerlessCache"}


def test_every_type_that_can_be_made_is_priced_or_free_or_named_as_unpriced() -> None:
    made = {kind for module in modules() for kind in types_made(module)}
    assert len(made) > 50
    assert FREE | set(PRICERS) | UNPRICED == made
    assert not FREE & set(PRICERS)


def test_every_type_in_the_committed_templates_is_priced_or_free() -> None:
    for file in OUTPUT.rglob("*.yaml"):
        types = {resource["Type"] for resource in render.load(file.read_text(encoding="utf-8"))["Resources"].values()}
        assert types <= FREE | set(PRICERS), file.name


def test_a_type_nobody_priced_is_named() -> None:
    assert bill_of({"Cache": ("AWS::ElastiCache::ServerlessCache", {})}).unpriced == (
        "AWS::ElastiCache::ServerlessCache",
    )


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "Size"}, "2"]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "2"]}]}, False),
        ({"Fn::Or": [{"Condition": "Never"}, {"Fn::Equals": ["a", "a"]}]}, True),
        ({"Fn::And": [{"Condition": "Never"}, {"Fn::Equals": ["a", "a"]}]}, False),
    ],
)
def test_conditions_are_decided_with_defaults(condition: dict[str, Any], holds: bool) -> None:
    template = {
        "Parameters": {"Size": {"Type": "Number", "Default": "2"}},
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    }
    assert EvaluatedTemplate(template).holds(condition) is holds
