"""What is shown and refused before anything changes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from notejam_cfn.deploy.aws.models import Change, StackState
from notejam_cfn.deploy.exit_codes import BadInput, Refused
from notejam_cfn.deploy.manifest import StackSpec, read
from notejam_cfn.deploy.stacks import conditions, operations, parameters, protection, templates
from notejam_cfn.deploy.stacks.review import Kind, Reviewer, table
from notejam_cfn.deploy.ui import estimates

from .conftest import Shop, resource
from .fakes import CannedAws

TAGS = {"project": "shop", "stage": "dev"}


@pytest.fixture
def app(shop: Shop) -> StackSpec:
    return read(shop.folder).stacks_of("dev", ["app"])[0]


def reviewer(aws: CannedAws, stack: StackSpec) -> Reviewer:
    return Reviewer(aws, {stack.name: templates.parse(stack.text())}, {})


def canned(**answers: Any) -> CannedAws:
    made = {"Id": "arn:change-set", "StackId": "s"}
    usual = {"get_template_summary": {"Parameters": []}, "create_change_set": made, "delete_change_set": {}}
    return CannedAws(**(usual | answers))


def test_a_refused_change_set_says_what_validation_found_and_is_removed(app: StackSpec) -> None:
    event = {
        "EventId": "1",
        "LogicalResourceId": "Door",
        "ValidationStatusReason": "required key [SubnetId] not found",
        "ValidationPath": "/Resources/Door/Properties",
        "Timestamp": datetime.datetime.now(datetime.UTC),
    }
    failed = {"Status": "FAILED", "StatusReason": "The following hook(s)/validation failed"}
    aws = canned(describe_change_set=failed, describe_events={"OperationEvents": [event]})
    with pytest.raises(Refused) as raised:
        reviewer(aws, app).review(app, StackState(app.name, "id", "CREATE_COMPLETE", tags=TAGS), {})
    assert raised.value.advice == ("Door: required key [SubnetId] not found (at /Resources/Door/Properties)",)
    assert aws.asked[-1] == ("delete_change_set", {"ChangeSetName": "arn:change-set"})


def test_unchanged_is_seen_without_a_call(app: StackSpec) -> None:
    aws = canned()
    body = templates.parse(app.text()).body({})
    import json

    state = StackState(
        app.name,
        "id",
        "CREATE_COMPLETE",
        description=json.loads(body)["Description"],
        tags=TAGS,
        parameters={"ImageUri": ""},
    )
    assert reviewer(aws, app).review(app, state, {}).kind is Kind.UNCHANGED
    assert aws.asked == []


def test_a_template_that_is_too_large_is_refused(app: StackSpec, shop: Shop) -> None:
    shop.properties("app", "Door")["Tags"] = [{"Key": str(n), "Value": "x" * 200} for n in range(300)]
    shop.write()
    large = read(shop.folder).stacks_of("dev", ["app"])[0]
    with pytest.raises(Refused, match="51,200"):
        reviewer(canned(), large).review(large, None, {})


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("Modify", "A", "T", "no", ("Size", "Tags")), "    ~ A: Size, Tags"),
        (Change("Modify", "A", "T", "yes", ("Name",)), "    ! A: REPLACED, because of Name"),
        (Change("Modify", "A", "T", "maybe", ("Name",)), "    ! A: REPLACED, maybe, because of Name"),
        (Change("Remove", "A", "AWS::S3::Bucket"), "    - A (S3::Bucket)"),
        (Change("Add", "A", "AWS::S3::Bucket"), "    + S3::Bucket: A"),
    ],
)
def test_each_kind_of_change_has_its_line(app: StackSpec, change: Change, line: str) -> None:
    from notejam_cfn.deploy.stacks.review import Review

    assert table([Review(app, Kind.UPDATE, "", {}, (change,))])[1] == line


@pytest.mark.parametrize(
    ("change", "is_dangerous"),
    [
        (Change("Remove", "A", "AWS::RDS::DBCluster"), True),
        (Change("Modify", "A", "AWS::RDS::DBCluster", "yes"), True),
        (Change("Modify", "A", "AWS::KMS::Key", "maybe"), True),
        (Change("Modify", "A", "AWS::RDS::DBCluster", "no"), False),
        (Change("Add", "A", "AWS::RDS::DBCluster"), False),
        (Change("Remove", "A", "AWS::EC2::NatGateway"), False),
    ],
)
def test_what_is_dangerous(change: Change, is_dangerous: bool) -> None:
    assert bool(protection.dangerous([change])) is is_dangerous


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


@pytest.mark.parametrize(("image", "held"), [("", ["Door"]), ("registry/one", ["Door", "Sign"])])
def test_conditions_decide_what_a_new_stack_holds(app: StackSpec, image: str, held: list[str]) -> None:
    found = conditions.created(templates.parse(app.text()), {"ImageUri": image})
    assert [item.logical_id for item in found] == held


def test_conditions_combine() -> None:
    equal = {"Fn::Equals": [{"Ref": "P"}, "a"]}
    document = {
        "Parameters": {"P": {"Default": "a"}},
        "Conditions": {
            "Yes": equal,
            "No": {"Fn::Not": [equal]},
            "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
            "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
        },
        "Resources": {name: {"Type": "T", "Condition": name} for name in ("Yes", "No", "Both", "Either")},
    }
    found = conditions.created(templates.Template(document), {})
    assert [item.logical_id for item in found] == ["Yes", "Either"]


def test_what_is_sent_changes_with_the_outputs_it_reads_and_only_with_them(app: StackSpec) -> None:
    template = templates.parse(app.text())
    one, two, unread = ({"shop-dev-base": {"Allocation": v}} for v in ("1", "2", "1"))
    unread["shop-dev-base"]["Other"] = "3"
    assert template.reads == {("shop-dev-base", "Allocation")}
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
