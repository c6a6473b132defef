"""What the rehearsal notices. One stage is deployed and served for all: each mistake is an update of its templates."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.core import render
from notejam_cfn.deploy.manifest import read
from notejam_cfn.local import permissions
from notejam_cfn.local.containers import task
from notejam_cfn.local.containers.task import TaskError
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.entrance import entrance, smoke_client
from notejam_cfn.local.entrance.entrance import Entrance
from notejam_cfn.local.entrance.smoke_client import SmokeError
from notejam_cfn.local.rehearse import Rehearsal, RehearsalError, Settings

ROOT = Path(__file__).parents[3]
OUTPUT = ROOT / "output"
Change = Callable[[dict[str, Any]], None]


def rehearsal(aws: Emulator, output: Path) -> Rehearsal:
    return Rehearsal(read(output), Settings("dev", ROOT, image=False, in_role=False), aws, silent)


@pytest.fixture(scope="module")
def platform(running_emulator: Emulator, forked_containers: None) -> Iterator[task.Platform]:
    """What containers run on, in an account in which dev is deployed, with its task behind the load balancer."""
    running_emulator.reset()
    good = rehearsal(running_emulator, OUTPUT)
    good.release()
    with good.platform_of(task.read(running_emulator, good.service.name)) as made, good.running_task(made):
        yield made


@pytest.fixture
def mistaken(
    running_emulator: Emulator, platform: task.Platform, tmp_path: Path
) -> Iterator[Callable[[str, Change], Rehearsal]]:
    """Change the resources of one template of dev, and release that: `mistaken("service", change)`.

    What the edge keeps of it is forgotten at the end: processes that share the tests run them in any order.
    """

    def release(layer: str, change: Change) -> Rehearsal:
        output = tmp_path / "output"
        shutil.copytree(OUTPUT, output)
        rewrite(output, layer, change)
        made = rehearsal(running_emulator, output)
        made.release()
        return made

    yield release
    cloudfront = running_emulator.client("cloudfront")
    for distribution in cloudfront.list_distributions()["DistributionList"]["Items"]:
        everything = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": str(uuid.uuid4())}
        cloudfront.create_invalidation(DistributionId=distribution["Id"], InvalidationBatch=everything)


def rewrite(output: Path, layer: str, change: Change) -> None:
    path, manifest = output / "dev" / f"{layer}.yaml", output / "manifest.json"
    template = render.load(path.read_text(encoding="utf-8"))
    change(template["Resources"])
    path.write_text(render.to_yaml(template), encoding="utf-8")
    document = json.loads(manifest.read_text(encoding="utf-8"))
    for stack in document["stacks"]:
        if stack["name"] == f"notejam-dev-{layer}":
            stack["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(document), encoding="utf-8")


Mistaken = Callable[[str, Change], Rehearsal]


@contextmanager
def entered(made: Rehearsal) -> Iterator[Entrance]:
    """Come to a page of the stage that nobody has asked for before: an error is kept at the edge for some seconds."""
    state = made.deployer.aws.stack(made.service.region, made.service.name)
    assert state is not None
    with entrance.opened(made.network_address, state.outputs["Url"]) as way:
        way.client().open(f"/signin/?{uuid.uuid4()}").must_show("Sign in")
        yield way


def silent(words: str) -> None:
    pass


def test_a_stage_without_a_mistake_is_let_through(mistaken: Mistaken) -> None:
    made = mistaken("service", lambda resources: None)
    permissions.let_services_work(made.aws)
    with entered(made) as way:
        smoke_client.walk(way.client(), silent)
        entrance.walk(way, silent)


def containers(resources: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resources["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    return found


def start(made: Rehearsal, platform: task.Platform) -> None:
    with made.running_task(platform):
        pass


def test_a_variable_that_the_task_definition_forgets_is_noticed(mistaken: Mistaken, platform: task.Platform) -> None:
    def forget(resources: dict[str, Any]) -> None:
        for container in containers(resources):
            container["Secrets"] = [one for one in container["Secrets"] if one["Name"] != "SESSION_SECRET"]

    with pytest.raises(TaskError, match="SESSION_SECRET"):
        start(mistaken("service", forget), platform)


def test_a_wrong_database_host_is_noticed(mistaken: Mistaken, platform: task.Platform) -> None:
    """The certificate of the stand-in is for the cluster's endpoint: another name is not accepted."""

    def mistake(resources: dict[str, Any]) -> None:
        for container in containers(resources):
            for variable in container["Environment"]:
                if variable["Name"] == "DATABASE_HOST":
                    variable["Value"] = "elsewhere.example.com"

    with pytest.raises(TaskError, match="migrate ended with"):
        start(mistaken("service", mistake), platform)


def test_a_wrong_health_check_path_is_noticed(
    mistaken: Mistaken, platform: task.Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment refuses to change the path of a stage that is up, so it is changed behind its back."""
    made = mistaken("service", lambda resources: None)
    balancing = made.aws.client("elbv2")
    arn = task.read(made.aws, made.service.name).target_group
    (group,) = balancing.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    monkeypatch.setattr(task, "START_SECONDS", 3)
    balancing.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/nowhere")
    with pytest.raises(TaskError, match="/nowhere"):
        start(made, platform)
    balancing.modify_target_group(TargetGroupArn=arn, HealthCheckPath=group["HealthCheckPath"])


def test_permissions_that_services_lack_are_noticed(mistaken: Mistaken) -> None:
    def mistake(resources: dict[str, Any]) -> None:
        (inline,) = resources["FlowLogRole"]["Properties"]["Policies"]
        inline["PolicyDocument"]["Statement"][0]["Action"].remove("logs:PutLogEvents")
        policy = resources["Key"]["Properties"]["KeyPolicy"]
        policy["Statement"] = [one for one in policy["Statement"] if one.get("Sid") != "LogGroupsEncrypt"]

    with pytest.raises(permissions.PermissionsError) as raised:
        permissions.let_services_work(mistaken("network", mistake).aws)
    raised.match(r"FlowLogRole-\w+ lacks logs:PutLogEvents on arn:aws:logs:")
    raised.match(r"logs.eu-central-1.amazonaws.com lacks kms:GenerateDataKey")


def test_a_property_that_cloudformation_refuses_is_noticed(mistaken: Mistaken) -> None:
    def mistake(resources: dict[str, Any]) -> None:
        resources["FlowLog"]["Properties"]["TraficType"] = "ALL"

    with pytest.raises(RehearsalError, match=r"extraneous key \[TraficType\] is not permitted"):
        mistaken("network", mistake)


def test_a_load_balancer_that_does_not_admit_cloudfront_is_noticed(mistaken: Mistaken) -> None:
    def close(resources: dict[str, Any]) -> None:
        del resources["CloudFrontSecurityGroup"]["Properties"]["SecurityGroupIngress"]

    with pytest.raises(SmokeError, match="504"), entered(mistaken("service", close)):
        pass


def test_an_origin_that_speaks_what_nobody_listens_to_is_noticed(mistaken: Mistaken) -> None:
    def encrypt(resources: dict[str, Any]) -> None:
        resources["VpcOrigin"]["Properties"]["VpcOriginEndpointConfig"]["OriginProtocolPolicy"] = "https-only"

    with pytest.raises(SmokeError, match=r"50[24]"), entered(mistaken("service", encrypt)):
        pass


def test_an_error_that_the_edge_keeps_is_noticed(mistaken: Mistaken) -> None:
    def keep(resources: dict[str, Any]) -> None:
        config = resources["Distribution"]["Properties"]["DistributionConfig"]
        config["CustomErrorResponses"] = [each for each in config["CustomErrorResponses"] if each["ErrorCode"] != 404]

    with entered(mistaken("service", keep)) as way, pytest.raises(SmokeError, match="404"):
        entrance.walk(way, silent)


def test_a_page_that_the_edge_keeps_is_noticed(mistaken: Mistaken) -> None:
    """With everything cached, who signs in is shown what somebody else was shown before."""

    def cache(resources: dict[str, Any]) -> None:
        config = resources["Distribution"]["Properties"]["DistributionConfig"]
        config["DefaultCacheBehavior"]["CachePolicyId"] = config["CacheBehaviors"][0]["CachePolicyId"]

    with entered(mistaken("service", cache)) as way, pytest.raises(SmokeError):
        smoke_client.walk(way.client(), silent)
