"""Facts about alarms, the dashboard and who is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs/runbook.md"
LINK = re.compile(r"docs/runbook\.md#([a-z-]+)")
# Alarms that act by themselves, on scaling or a deployment, and ask nothing of people.
WITHOUT_PEOPLE = {"WebQuiet", "WebAsked", "WebDeploymentErrors"}
# Told of by the delivery stack, which has a topic of its own.
OF_DELIVERY = {"pipeline-failed"}


def sections() -> set[str]:
    return set(re.findall(r"^## ([a-z-]+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE))


def linked(templates: dict[str, dict[str, Any]]) -> set[str]:
    return set(LINK.findall(json.dumps(templates)))


@pytest.fixture(scope="module")
def everything(compose: Any) -> dict[str, dict[str, Any]]:
    """A production stage with all that can be watched."""
    domain = {"domain": "notes.example.com", "hosted_zone_id": "Z0123456789ABC"}
    found: dict[str, dict[str, Any]] = compose("resilient", load_balancer=domain, backups={"copy_region": "eu-west-1"})
    return found


def alarms(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: body["Properties"]
        for template in templates.values()
        for name, body in template["Resources"].items()
        if body["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    }


def test_every_alarm_has_a_section_in_the_runbook_and_every_section_an_alarm(everything: Any) -> None:
    assert linked(everything) | OF_DELIVERY == sections()


def test_every_alarm_says_what_to_do(everything: Any) -> None:
    for name, alarm in alarms(everything).items():
        if name not in WITHOUT_PEOPLE:
            assert LINK.search(json.dumps(alarm["AlarmDescription"])), name


def test_every_link_within_the_runbook_leads_somewhere() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(#([a-z-]+)\)", text)) <= sections()


def test_the_runbook_may_lie_elsewhere(compose: Any) -> None:
    templates = compose("standard", monitoring={"runbook_url": "https://wiki.example.com/notejam"})
    assert "https://wiki.example.com/notejam#web-errors" in json.dumps(templates["monitoring"])
    assert "docs/runbook.md" not in json.dumps(templates)


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_no_alarm_for_people_rings_on_an_idle_or_paused_stage(compose: Any, size: str) -> None:
    for name, alarm in alarms(compose(size)).items():
        if "AlarmRule" in alarm or name in WITHOUT_PEOPLE:
            continue
        assert alarm["TreatMissingData"] == "notBreaching", name
        if "ExtendedStatistic" in alarm:
            assert alarm["EvaluateLowSampleCountPercentile"] == "ignore", name
        if alarm["ComparisonOperator"].startswith("Less"):
            assert name == "CertificateExpires"  # a number that does not depend on traffic
        else:
            assert alarm["Threshold"] > 0, name


def test_nothing_counts_the_answers_that_wake_a_sleeping_stage(compose: Any) -> None:
    watched = {alarm.get("MetricName") for name, alarm in alarms(compose("economy")).items() if name != "WebAsked"}
    assert "HTTPCode_ELB_503_Count" not in watched
    assert "HTTPCode_ELB_5XX_Count" not in watched


def test_people_are_told_once_of_what_they_feel(compose: Any) -> None:
    found = alarms(compose("resilient"))
    spoken_for = re.findall(r'"Ref": "(\w+)"', json.dumps(found["PeopleAffected"]["AlarmRule"]))
    assert set(spoken_for) == {"WebErrors", "SlowAnswers", "UnhealthyTasks"}
    assert not any("AlarmActions" in found[name] for name in spoken_for)


def test_the_smallest_size_watches_what_matters_at_the_price_of_one_alarm(compose: Any) -> None:
    templates = compose("economy")
    assert set(alarms({"monitoring": templates["monitoring"]})) == {"WebErrors"}
    kinds = [body["Type"] for body in templates["monitoring"]["Resources"].values()]
    assert "AWS::CloudWatch::Dashboard" not in kinds
    assert "AWS::Budgets::Budget" in kinds
    assert {"backup-failed", "tasks-fail", "web-errors", "budget"} <= linked(templates)


def test_all_alarms_go_to_the_stages_topic(everything: Any) -> None:
    for name, alarm in alarms(everything).items():
        for action in alarm.get("AlarmActions", []):
            if name not in WITHOUT_PEOPLE:
                assert action in ({"Ref": "Alarms"}, topic()), name


def topic() -> dict[str, Any]:
    return {"Fn::GetStackOutput": {"StackName": "notejam-dev-network", "OutputName": "TopicArn"}}


def test_events_reach_the_encrypted_topic(compose: Any) -> None:
    network = compose("standard")["network"]["Resources"]
    statements = network["Key"]["Properties"]["KeyPolicy"]["Statement"]
    (events,) = [s for s in statements if s.get("Sid") == "EventsEncrypt"]
    assert "Condition" not in events  # AWS: EventBridge names no source to KMS
    assert network["AlarmsPolicy"]["Properties"]["Topics"] == [{"Ref": "Alarms"}]


def test_nobody_is_subscribed_without_an_address(compose: Any) -> None:
    topic = compose("standard")["network"]["Resources"]["Alarms"]["Properties"]
    assert topic["Subscription"]["Fn::If"][0] == "HasAlarmEmail"


def test_the_dashboard_is_a_page_of_charts_without_holes(compose: Any) -> None:
    body = compose("standard")["monitoring"]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    text, values = body
    charts = json.loads(text)["widgets"]
    assert [(chart["x"], chart["y"]) for chart in charts[:4]] == [(0, 0), (8, 0), (16, 0), (0, 6)]
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= set(values)
    titles = " ".join(chart["properties"]["title"] for chart in charts)
    for part in ("Requests", "Errors", "Seconds", "Tasks", "Database capacity", "connections", "cost", "Backups"):
        assert part in titles


def test_before_the_first_release_there_is_nothing_to_watch_and_nothing_missing(compose: Any) -> None:
    service = compose("standard")["service"]["Resources"]
    assert service["WebServiceName"]["Properties"]["Value"] == {
        "Fn::If": ["HasImageUri", {"Fn::GetAtt": ["WebService", "Name"]}, "none"]
    }
