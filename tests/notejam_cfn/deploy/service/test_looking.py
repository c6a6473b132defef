"""status.py, logs.py and exec.py."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from notejam_cfn.core import render
from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.exit_codes import BadInput, Refused
from notejam_cfn.deploy.manifest import read
from notejam_cfn.deploy.service import ecs_exec, logs, stage_status
from notejam_cfn.deploy.service.stages import Stage
from notejam_cfn.local.emulator import REGION, Emulator
from tests.conftest import Run
from tests.notejam_cfn.deploy.conftest import Shop
from tests.notejam_cfn.deploy.fakes import CannedAws

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
SERVICE = "arn:aws:ecs:eu-central-1:123456789012:service/cluster/web"


def test_a_stage_that_is_not_there_is_said_to_be_absent(run: Run) -> None:
    ran = run("status")
    assert (ran.exit, ran.out.count("does not exist yet")) == (0, 4)


def test_a_stage_that_is_up_is_said_to_be(run: Run, deployed: None) -> None:
    ran = run("status", "--drift")
    assert ran.out.count("is up since") == 4
    assert "differs" not in ran.out
    assert "nothing was released yet" in ran.out
    assert ".example.com" in ran.out


def test_a_stage_that_is_behind_is_said_to_differ(run: Run, deployed: None, shop: Shop) -> None:
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    (line,) = [line for line in run("status").out.splitlines() if "shop-dev-base" in line]
    assert line.endswith("differs from output/")


@pytest.mark.parametrize("form", [render.to_yaml, render.to_json])
def test_a_stack_that_the_pipeline_deployed_is_known_by_its_template(
    run: Run, shop: Shop, aws: Emulator, form: Callable[[dict[str, Any]], str]
) -> None:
    document = shop.documents["base"]
    aws.client("cloudformation").create_stack(StackName="shop-dev-base", TemplateBody=form(document))
    assert "shop-dev-base  is up" in run("status").out
    assert "differs" not in run("status").out
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    assert "differs from output/" in run("status").out


def test_a_change_by_hand_is_found_as_drift(run: Run, deployed: None, aws: Emulator) -> None:
    (group,) = aws.client("logs").describe_log_groups()["logGroups"]
    aws.client("logs").put_retention_policy(logGroupName=group["logGroupName"], retentionInDays=1)
    assert "drifted: Logs (MODIFIED)" in run("status", "--drift").out


def test_status_is_data_too(run: Run, deployed: None) -> None:
    found = json.loads(run("status", "--json").out)
    assert found["stacks"]["shop-dev-base"]["status"] == "CREATE_COMPLETE"


def database_aws(capacity: list[float]) -> CannedAws:
    points = [{"Timestamp": NOW + datetime.timedelta(minutes=n), "Average": units} for n, units in enumerate(capacity)]
    cluster = {"Status": "available", "DBClusterArn": "arn", "LatestRestorableTime": NOW}
    backups = [
        {"Status": "COMPLETED", "CreationDate": NOW - datetime.timedelta(days=1)},
        {"Status": "COMPLETED", "CreationDate": NOW - datetime.timedelta(days=3)},
        {"Status": "EXPIRED", "CreationDate": NOW},
    ]
    return CannedAws(
        describe_db_clusters={"DBClusters": [cluster]},
        get_metric_statistics={"Datapoints": points},
        list_recovery_points_by_resource={"RecoveryPoints": backups},
    )


@pytest.mark.parametrize(("capacity", "status"), [([2, 0], "paused"), ([0, 1.5], "available"), ([], "available")])
def test_a_paused_database_is_told_from_an_available_one(capacity: list[float], status: str) -> None:
    from notejam_cfn.deploy.aws.models import HeldResource
    from notejam_cfn.deploy.service.stages import Part

    part = Part(_Anywhere(), HeldResource("Cluster", "c-1", "AWS::RDS::DBCluster", "CREATE_COMPLETE"))  # type: ignore[arg-type]
    found = stage_status._database(database_aws(capacity), part)
    assert found["status"] == status
    assert found["last_backup"] == NOW - datetime.timedelta(days=1)
    assert f"restorable to {NOW:%Y-%m-%d %H:%M} UTC, last backup" in stage_status._database_line(found)


class _Anywhere:
    region = REGION


def put_line(aws: Emulator, text: str) -> None:
    client = aws.client("logs")
    (group,) = client.describe_log_groups()["logGroups"]
    given = {"logGroupName": group["logGroupName"], "logStreamName": "web/1"}
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_stream(**given)
    client.put_log_events(**given, logEvents=[{"timestamp": int(time.time() * 1000), "message": text}])


def test_silence_is_explained(run: Run) -> None:
    assert run("logs").err == "Nothing was logged in the last 15m: the stage is not deployed.\n"
    run("deploy", "--yes")
    assert run("logs", "--since", "1h").err == "Nothing was logged in the last 1h: looked at logs.\n"


def test_logs_are_shown_by_part(run: Run, deployed: None, aws: Emulator) -> None:
    put_line(aws, "hello from a container")
    assert "logs       hello from a container" in run("logs").out
    assert run("logs", "--part", "logs").out.endswith("hello from a container\n")
    ran = run("logs", "--part", "lags")
    assert (ran.exit, "did you mean 'logs'?" in ran.err) == (2, True)


def test_following_goes_on_and_repeats_nothing(
    run: Run, deployed: None, aws: Emulator, facade: Aws, shop: Shop
) -> None:
    parts = logs.choose(Stage(facade, read(shop.folder).stacks_of("dev")), ())
    put_line(aws, "first")
    following = logs.follow(facade, parts, datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1))
    assert next(following).text == "first"
    put_line(aws, "second")
    assert next(following).text == "second"


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86400)])
def test_how_far_back_is_said_as_people_do(text: str, seconds: int) -> None:
    assert logs.since(text, NOW) == NOW - datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["yesterday", "-1h", "900000d", "9" * 30 + "s"])
def test_another_way_to_say_it_is_explained(text: str) -> None:
    with pytest.raises(BadInput, match="15m, 2h or 1d"):
        logs.since(text, NOW)


def shell_aws(allowed: bool = True, tasks: int = 1) -> CannedAws:
    held = {"LogicalResourceId": "Web", "PhysicalResourceId": SERVICE, "ResourceStatus": "UPDATE_COMPLETE"}
    arn = "arn:aws:ecs:eu-central-1:123456789012:task/cluster/abc"
    container = {"name": "web", "runtimeId": "abc-1"}
    return CannedAws(
        list_stack_resources={"StackResourceSummaries": [held | {"ResourceType": "AWS::ECS::Service"}]},
        describe_services={"services": [{"serviceName": "web", "enableExecuteCommand": allowed}]},
        list_tasks={"taskArns": [arn] * tasks},
        describe_tasks={"tasks": [{"taskArn": arn, "containers": [container]}]},
        execute_command={"session": {"sessionId": "s", "tokenValue": "t", "streamUrl": "wss://x"}},
    )


def shell_command(aws: CannedAws, shop: Shop) -> list[str]:
    return ecs_exec.session_command(aws, Stage(aws, read(shop.folder).stacks_of("dev", ["app"])), "web", "/bin/sh")


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecs_exec.shutil, "which", lambda name: f"/usr/bin/{name}")


@pytest.mark.usefixtures("plugin")
def test_a_shell_is_opened_in_the_container(shop: Shop) -> None:
    command = shell_command(shell_aws(), shop)
    assert command[0] == "session-manager-plugin"
    assert json.loads(command[5]) == {"Target": "ecs:cluster_abc_abc-1"}


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("aws", "said"),
    [(shell_aws(allowed=False), "does not allow a shell"), (shell_aws(tasks=0), "no task runs")],
)
def test_why_there_is_no_shell_is_explained(shop: Shop, aws: CannedAws, said: str) -> None:
    with pytest.raises(Refused, match=said):
        shell_command(aws, shop)


def test_a_missing_plugin_is_explained(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecs_exec.shutil, "which", lambda name: None)
    with pytest.raises(Refused, match="not installed"):
        shell_command(shell_aws(), shop)
