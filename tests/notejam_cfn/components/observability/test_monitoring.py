"""Facts about alarms, the dashboard and who is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
RUNBOOK = ROOT / "docs/runbook.md"
LINK = re.compile(r"docs/runbook\.md#([a-z-]+)")
# Alarms that act by themselves, on scaling or a deployment, and ask nothing of people.
WITHOUT_PEOPLE = {"WebQuiet", "WebAsked", "WebDeploymentErrors"}
# Backups are made of an idle and a paused database too.
TELLS_SILENCE = "BackupMissing"
# Told of by the delivery stack, which has a topic of its own.
OF_DELIVERY = {"pipeline-failed"}
# Of queues and jobs, which Notejam has none of.
OF_WORKLOADS = {"dead-letters", "work-waits", "job-failed"}


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
    assert linked(everything) | OF_DELIVERY | OF_WORKLOADS == sections()


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
        if "AlarmRule" in alarm or name in WITHOUT_PEOPLE | {TELLS_SILENCE}:
            continue
        assert alarm["TreatMissingData"] == "notBreaching", name
        if "ExtendedStatistic" in alarm:
            assert alarm["EvaluateLowSampleCountPercentile"] == "ignore", name
        if alarm["ComparisonOperator"].startswith("Less"):
            assert name == "CertificateExpires"  # a number that does not depend on traffic
        else:
            assert alarm["Threshold"] > 0, name


def test_nothing_counts_the_answers_that_wake_a_sleeping_stage(compose: Any) -> None:
    for level in ("essential", "full"):
        found = alarms(compose("economy", monitoring={"level": level}))
        watched = {alarm.get("MetricName") for name, alarm in found.items() if name != "WebAsked"}
        assert not {name for name in watched if str(name).startswith("HTTPCode_ELB")}


def test_an_outage_is_noticed_although_no_task_answers(compose: Any) -> None:
    alarm = alarms(compose("standard"))["NoAnswers"]
    assert alarm["MetricName"] == "HTTPCode_ELB_5XX_Count"


def test_backups_that_end_without_a_failure_are_noticed_and_those_that_never_began_are_not(compose: Any) -> None:
    alarm = alarms(compose("standard"))["BackupMissing"]
    assert alarm["TreatMissingData"] == "missing"
    assert alarm["InsufficientDataActions"] == alarm["AlarmActions"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 7 * 86400  # what CloudWatch admits of such periods


def test_readers_with_little_to_do_do_not_hide_a_writer_at_its_ceiling(compose: Any) -> None:
    dimensions = {each["Name"]: each["Value"] for each in alarms(compose("resilient"))["DatabaseCeiling"]["Dimensions"]}
    assert dimensions["Role"] == "WRITER"


def test_people_are_told_once_of_what_they_feel(compose: Any) -> None:
    found = alarms(compose("resilient"))
    spoken_for = re.findall(r'"Ref": "(\w+)"', json.dumps(found["PeopleAffected"]["AlarmRule"]))
    assert set(spoken_for) == {"WebErrors", "SlowAnswers", "UnhealthyTasks", "NoAnswers"}
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


BALANCER, TASKS = {"LoadBalancer"}, {"LoadBalancer", "TargetGroup"}
DATABASE, WRITER = {"DBClusterIdentifier"}, {"DBClusterIdentifier", "Role"}
SERVICE = {"ClusterName", "ServiceName"}
# What AWS measures, and by which dimensions. Sources: Elastic Load Balancing, "CloudWatch metrics for your Application
# Load Balancer"; Amazon ECS, "Amazon ECS metrics"; Amazon Aurora, "Amazon CloudWatch metrics for Amazon Aurora" and
# "dimensions"; AWS Backup, "AWS Backup metrics with Amazon CloudWatch"; ACM, "Supported CloudWatch metrics"; CloudWatch
# Logs, "Monitoring usage with CloudWatch metrics". `Notejam` is the application's own.
MEASURED: dict[tuple[str, str], list[set[str]]] = {
    **{
        ("AWS/CloudFront", name): [{"DistributionId", "Region"}]
        for name in ("Requests", "BytesDownloaded", "4xxErrorRate", "5xxErrorRate")
    },
    ("AWS/ApplicationELB", "RequestCount"): [BALANCER, TASKS],
    ("AWS/ApplicationELB", "HTTPCode_Target_4XX_Count"): [BALANCER, TASKS],
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"): [BALANCER, TASKS],
    ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"): [BALANCER],
    ("AWS/ApplicationELB", "HTTPCode_ELB_503_Count"): [BALANCER],
    ("AWS/ApplicationELB", "TargetResponseTime"): [BALANCER, TASKS],
    ("AWS/ApplicationELB", "HealthyHostCount"): [TASKS],
    ("AWS/ApplicationELB", "UnHealthyHostCount"): [TASKS],
    ("AWS/ApplicationELB", "ConsumedLCUs"): [BALANCER],
    ("AWS/ECS", "CPUUtilization"): [SERVICE],
    ("AWS/ECS", "MemoryUtilization"): [SERVICE],
    ("AWS/RDS", "ServerlessDatabaseCapacity"): [DATABASE, WRITER],
    ("AWS/RDS", "ACUUtilization"): [DATABASE, WRITER],
    ("AWS/RDS", "DatabaseConnections"): [DATABASE, WRITER],
    ("AWS/RDS", "CommitLatency"): [DATABASE, WRITER],
    ("AWS/RDS", "AuroraReplicaLagMaximum"): [DATABASE],
    ("AWS/RDS", "VolumeBytesUsed"): [DATABASE],
    ("AWS/RDS", "SnapshotStorageUsed"): [DATABASE],
    ("AWS/Logs", "IncomingBytes"): [{"LogGroupName"}],
    ("AWS/Backup", "NumberOfBackupJobsCompleted"): [{"BackupVaultName"}],
    ("AWS/Backup", "NumberOfBackupJobsFailed"): [{"BackupVaultName"}],
    ("AWS/Backup", "NumberOfBackupJobsExpired"): [{"BackupVaultName"}],
    ("AWS/CertificateManager", "DaysToExpiry"): [{"CertificateArn"}],
    ("Notejam", "Latency"): [{"Stage"}],
    ("Notejam", "DatabaseTime"): [{"Stage"}],
}


def drawn(templates: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, set[str]]]:
    """Namespace, name and dimensions of each metric on the dashboard, written out: `.` repeats what stands above."""
    text, _ = templates["monitoring"]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for chart in json.loads(text)["widgets"]:
        namespace = ""
        for metric in chart["properties"]["metrics"]:
            first, name, *rest = [each for each in metric if isinstance(each, str)]
            namespace = namespace if first == "." else first
            yield namespace, name, set(rest[::2])


def test_every_metric_that_is_watched_or_drawn_is_one_that_is_measured(everything: Any, compose: Any) -> None:
    watched = [
        (alarm["Namespace"], alarm["MetricName"], {each["Name"] for each in alarm["Dimensions"]})
        for templates in (everything, compose("economy"))
        for alarm in alarms(templates).values()
        if "MetricName" in alarm
    ]
    assert len(watched) > 8
    for namespace, name, dimensions in [*watched, *drawn(everything)]:
        assert dimensions in MEASURED[namespace, name], (namespace, name, dimensions)


def test_before_the_first_release_there_is_nothing_to_watch_and_nothing_missing(compose: Any) -> None:
    service = compose("standard")["service"]["Resources"]
    assert service["WebServiceName"]["Properties"]["Value"] == {
        "Fn::If": ["HasImageUri", {"Fn::GetAtt": ["WebService", "Name"]}, "none"]
    }
