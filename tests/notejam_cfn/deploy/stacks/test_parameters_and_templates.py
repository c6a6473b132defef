"""Values of parameters, texts of templates, stack policies, estimates and tokens."""

from __future__ import annotations

import datetime

import pytest

from notejam_cfn.deploy.exit_codes import BadInput
from notejam_cfn.deploy.manifest import StackSpec, read
from notejam_cfn.deploy.stacks import parameters, protection, templates
from notejam_cfn.deploy.stacks.execution import operations
from notejam_cfn.deploy.ui import estimates
from notejam_cfn.local.emulator import Emulator
from tests.conftest import Run
from tests.notejam_cfn.deploy.conftest import Shop, resource


@pytest.fixture
def app(shop: Shop) -> StackSpec:
    return read(shop.folder).stacks_of("dev", ["app"])[0]


def test_a_stack_policy_lets_go_only_what_is_named() -> None:
    refused = protection.policy({"Store"})["Statement"][1]
    assert refused["NotResource"] == ["LogicalResourceId/Store"]
    assert "Resource" not in refused


def test_a_missing_value_is_asked_for(app: StackSpec) -> None:
    import dataclasses

    needy = dataclasses.replace(app, defaults={"Email": None})
    with pytest.raises(BadInput, match="needs a value for Email") as raised:
        parameters.for_new(needy, {})
    assert "--parameter Email=VALUE" in raised.value.advice[0]


@pytest.mark.parametrize(
    ("declared", "value", "problem"),
    [
        ({"Type": "Number"}, "abc", "must be a number"),
        ({"Type": "Number"}, "12", None),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 10}, "11", "must be at most 10"),
        ({"Type": "Number", "MinValue": 1}, "0.5", "must be at least 1"),
        ({"Type": "List<Number>"}, "1, 2", None),
        ({"Type": "List<Number>"}, "1,x", "must be a number"),
        ({"Type": "String", "AllowedValues": ["true", "false"]}, "yes", "must be one of true, false"),
        ({"Type": "String", "AllowedPattern": "|a+", "ConstraintDescription": "empty"}, "ab", "must be empty"),
        ({"Type": "String", "AllowedPattern": "|a+"}, "", None),
        ({"Type": "String", "MinLength": 2, "MaxLength": 3}, "a", "must have 2 to 3 characters"),
    ],
)
def test_a_value_that_a_template_does_not_allow_is_refused_at_once(
    app: StackSpec, declared: dict[str, object], value: str, problem: str | None
) -> None:
    template = templates.Template({"Parameters": {"ImageUri": declared}, "Resources": {}})
    if problem is None:
        parameters.require_allowed({"ImageUri": value}, [app], {app.name: template})
        return
    with pytest.raises(BadInput, match=f"--parameter ImageUri {problem}.*, got '{value}'"):
        parameters.require_allowed({"ImageUri": value}, [app], {app.name: template})


def test_nothing_is_made_when_a_value_is_not_allowed(run: Run, aws: Emulator) -> None:
    refused = run("deploy", "--yes", "--parameter", "Size=abc")
    assert (refused.exit, "Size must be a number, got 'abc'" in refused.err) == (2, True)
    assert "does not exist yet" in run("status").out


def test_what_is_sent_changes_with_the_outputs_it_reads_and_only_with_them(app: StackSpec) -> None:
    template = templates.parse(app.text())
    one, two, unread = ({"shop-dev-base": {"Allocation": v}} for v in ("1", "2", "1"))
    unread["shop-dev-base"]["Other"] = "3"
    assert template.read_regions("eu-central-1") == {"shop-dev-base": "eu-central-1"}
    assert template.body(one) != template.body(two)
    assert template.body(one) == template.body(unread)


def test_instances_of_a_cluster_hold_nothing_themselves() -> None:
    document = {
        "Resources": {
            "Member": resource("AWS::RDS::DBInstance", DBClusterIdentifier="c"),
            "Single": resource("AWS::RDS::DBInstance"),
        }
    }
    found = templates.Template(document).resources
    assert (found["Member"].stateful, found["Single"].stateful) == (False, True)


def test_an_estimate_is_the_longest_chain() -> None:
    document = {
        "Resources": {
            "Cluster": {"Type": "AWS::RDS::DBCluster"},
            "Writer": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBClusterIdentifier": {"Ref": "Cluster"}}},
            "Beside": {"Type": "AWS::EC2::NatGateway", "DependsOn": "Cluster"},
        }
    }
    template = templates.Template(document)
    assert estimates.of_stack(template, {"Cluster", "Writer", "Beside"}) == 150 + 480
    assert estimates.of_stack(template, {"Beside"}) == 110


def test_a_token_says_who_and_when_and_is_never_the_same() -> None:
    moment = datetime.datetime(2026, 11, 23, 21, 42, tzinfo=datetime.UTC)
    one, other = operations.new_token(moment), operations.new_token(moment)
    assert one != other
    assert operations.began_by(one) == (operations.user(), "2026-11-23 21:42:00 UTC")
    assert operations.began_by("console-1234") is None


def test_a_name_that_a_token_cannot_hold_is_still_known_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada.lovelace@example.com")
    began = operations.began_by(operations.new_token())
    assert began
    assert began[0] == operations.user() == "ada-lovelace-example-com"
