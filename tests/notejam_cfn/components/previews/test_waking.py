"""What sleeps behind one load balancer is woken one by one."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

import pytest

from notejam_cfn.components.load_balancing.listeners import WAKING, WAKING_PATH
from notejam_cfn.local.emulator import Emulator

PREVIEWS = {"previews": {"enabled": True, "most": 2}}
STAGE, ALICE, BOB = "notejam-dev-service-WebService-1", "notejam-dev-preview-101", "notejam-dev-preview-102"
TOLD = {
    "CLUSTER": "dev",
    "PREVIEW": "notejam-dev-preview-",
    "SERVICE_PARAMETER": "notejam-dev-service-WebServiceName",
    "PAGE": WAKING,
}


@pytest.fixture
def asleep(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cluster in which the stage and two previews sleep; what is returned says how many tasks each is to have."""
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="dev")
    task = [{"name": "web", "image": "i", "memory": 128}]
    ecs.register_task_definition(family="web", containerDefinitions=task)
    for name in (STAGE, ALICE, BOB):
        ecs.create_service(cluster="dev", serviceName=name, taskDefinition="web", desiredCount=0)
    aws.client("ssm").put_parameter(Name=TOLD["SERVICE_PARAMETER"], Value=STAGE, Type="String")

    def wanted() -> dict[str, int]:
        found = ecs.describe_services(cluster="dev", services=[STAGE, ALICE, BOB])["services"]
        return {each["serviceName"]: each["desiredCount"] for each in found if each["desiredCount"]}

    wanted.ecs = ecs  # type: ignore[attr-defined]
    return wanted


def visit(number: str = "") -> dict[str, Any]:
    """Ask for the page, as the load balancer does for CloudFront."""
    function = importlib.import_module("notejam_cfn.components.previews.wake_function")
    headers = {"host": "x", **({"x-preview": number} if number else {})}
    found: dict[str, Any] = function.answer({"httpMethod": "GET", "path": WAKING_PATH, "headers": headers}, None)
    return found


@pytest.mark.parametrize(("number", "woken"), [("101", ALICE), ("102", BOB), ("", STAGE)])
def test_a_visit_wakes_what_it_is_for_and_leaves_the_others_asleep(asleep: Any, number: str, woken: str) -> None:
    answer = visit(number)
    assert asleep() == {woken: 1}
    assert (answer["statusCode"], answer["body"]) == (200, WAKING)
    assert answer["headers"]["Cache-Control"] == "no-store"


def test_what_has_tasks_is_left_as_it_is(asleep: Any) -> None:
    asleep.ecs.update_service(cluster="dev", service=STAGE, desiredCount=3)
    visit()
    assert asleep() == {STAGE: 3}


@pytest.mark.parametrize("number", ["103", "x", "../service"])
def test_a_number_that_nothing_has_is_answered_with_the_page_and_wakes_nothing(asleep: Any, number: str) -> None:
    assert visit(number)["body"] == WAKING
    assert asleep() == {}


def test_before_the_first_release_there_is_nothing_to_wake(asleep: Any, aws: Emulator) -> None:
    name = TOLD["SERVICE_PARAMETER"]
    aws.client("ssm").put_parameter(Name=name, Value="none", Type="String", Overwrite=True)
    assert visit()["statusCode"] == 200
    assert asleep() == {}


def test_the_page_is_shown_when_ecs_cannot_be_told(asleep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CLUSTER", "another")
    assert visit("101")["body"] == WAKING


def test_nothing_sleeps_by_what_the_load_balancer_counts_for_all(compose: Any) -> None:
    templates = compose("economy", **PREVIEWS)
    text = json.dumps([templates[layer] for layer in ("service", "previews", "preview")])
    assert "HTTPCode_ELB_503_Count" not in text
    assert "ProcessedBytes" not in text
    assert "HTTPCode_ELB_503_Count" in json.dumps(compose("economy")["service"]), "alone there, the count is its own"


def test_the_function_makes_the_page_before_the_load_balancers_own(compose: Any, of_type: Any) -> None:
    templates = compose("economy", **PREVIEWS)
    kind = "AWS::ElasticLoadBalancingV2::ListenerRule"
    first = of_type(templates["previews"], kind)["WakeRule"]
    second = of_type(templates["service"], kind)["WakingPage"]
    assert first["Priority"] < second["Priority"]
    assert first["Conditions"] == second["Conditions"]
    assert first["Actions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "WakeTargets"}}]


def test_the_function_changes_services_of_the_stage_and_its_previews_and_nothing_else(
    compose: Any, of_type: Any
) -> None:
    (role,) = of_type(compose("economy", **PREVIEWS)["previews"], "AWS::IAM::Role").values()
    allowed = {
        action: statement["Resource"]
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }
    changing = json.dumps(allowed.pop("ecs:UpdateService"))
    assert "notejam-dev-service-WebService-*" in changing
    assert "notejam-dev-preview-*" in changing
    assert set(allowed) == {
        *("ecs:DescribeServices", "ssm:GetParameter", "logs:CreateLogStream", "logs:PutLogEvents"),
    }
