"""The dress rehearsal of every stage, and that it fails when something is missing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.core import render
from notejam_cfn.deploy.manifest import read
from notejam_cfn.local.containers import task
from notejam_cfn.local.containers.image import Image
from notejam_cfn.local.containers.task import TaskError
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.permissions import PermissionsError
from notejam_cfn.local.rehearse import Rehearsal, RehearsalError, Settings

ROOT = Path(__file__).parents[3]
STAGES = sorted(json.loads((ROOT / "output" / "manifest.json").read_text(encoding="utf-8"))["stages"])
LONGEST_SECONDS = 60


def rehearse(aws: Emulator, output: Path, stage: str = "dev", in_role: bool = False) -> list[str]:
    """Rehearse in this process, in the emulator that tests share, and return what was told."""
    told: list[str] = []
    Rehearsal(read(output), Settings(stage, ROOT, image=False, in_role=in_role), aws, told.append).run()
    return told


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, Callable[[dict[str, Any]], None]], Path]:
    """Copy output/ with one template of dev changed."""

    def copy(layer: str, change: Callable[[dict[str, Any]], None]) -> Path:
        output = tmp_path / "output"
        shutil.copytree(ROOT / "output", output)
        path = output / "dev" / f"{layer}.yaml"
        template = render.load(path.read_text(encoding="utf-8"))
        change(template)
        path.write_text(render.to_yaml(template), encoding="utf-8")
        manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
        for stack in manifest["stacks"]:
            if stack["name"] == f"notejam-dev-{layer}":
                stack["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (output / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return output

    return copy


def test_the_rehearsal_of_dev_in_its_image_takes_a_minute_at_most(built: Image) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "notejam_cfn", "rehearse", "dev", "--image"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"the containers run in the image {built.digest[:19]}" in done.stdout
    assert "The rehearsal of dev went well" in done.stdout


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "dev"])
def test_the_rehearsal_of_every_other_stage_goes_well(aws: Emulator, stage: str) -> None:
    told = "\n".join(rehearse(aws, ROOT / "output", stage, in_role=True))
    assert "got everything that they asked for" in told
    assert re.search(r"\d+ of the roles' \d+ permissions were used by nothing", told)
    assert "signed up as" in told
    assert "nothing was replaced" in told


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = template["Resources"]["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    return found


def forget(template: dict[str, Any], section: str, name: str) -> None:
    for container in containers(template):
        container[section] = [item for item in container[section] if item["Name"] != name]


Changed = Callable[[str, Callable[[dict[str, Any]], None]], Path]


def test_a_variable_that_the_task_definition_forgets_is_noticed(aws: Emulator, changed: Changed) -> None:
    output = changed("service", lambda template: forget(template, "Secrets", "SESSION_SECRET"))
    with pytest.raises(TaskError, match="SESSION_SECRET"):
        rehearse(aws, output)


def test_a_wrong_database_host_is_noticed(aws: Emulator, changed: Changed) -> None:
    """The certificate of the stand-in is for the cluster's endpoint: another name is not accepted."""

    def mistake(template: dict[str, Any]) -> None:
        for container in containers(template):
            for variable in container["Environment"]:
                if variable["Name"] == "DATABASE_HOST":
                    variable["Value"] = "elsewhere.example.com"

    with pytest.raises(TaskError, match="migrate ended with"):
        rehearse(aws, changed("service", mistake))


def test_a_permission_that_a_service_lacks_is_noticed(aws: Emulator, changed: Changed) -> None:
    def mistake(template: dict[str, Any]) -> None:
        (inline,) = template["Resources"]["FlowLogRole"]["Properties"]["Policies"]
        actions = inline["PolicyDocument"]["Statement"][0]["Action"]
        actions.remove("logs:PutLogEvents")

    with pytest.raises(PermissionsError, match=r"FlowLogRole-\w+ lacks logs:PutLogEvents on arn:aws:logs:"):
        rehearse(aws, changed("network", mistake))


def test_a_key_policy_that_leaves_out_a_service_is_noticed(aws: Emulator, changed: Changed) -> None:
    def mistake(template: dict[str, Any]) -> None:
        policy = template["Resources"]["Key"]["Properties"]["KeyPolicy"]
        policy["Statement"] = [one for one in policy["Statement"] if one.get("Sid") != "LogGroupsEncrypt"]

    with pytest.raises(PermissionsError, match=r"logs.eu-central-1.amazonaws.com lacks kms:GenerateDataKey"):
        rehearse(aws, changed("network", mistake))


def test_a_wrong_health_check_path_is_noticed(aws: Emulator, changed: Changed, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistake(template: dict[str, Any]) -> None:
        template["Resources"]["WebTargets"]["Properties"]["HealthCheckPath"] = "/nowhere"

    monkeypatch.setattr(task, "START_SECONDS", 5)
    with pytest.raises(TaskError, match="/nowhere"):
        rehearse(aws, changed("service", mistake))


def test_a_property_that_cloudformation_refuses_is_noticed(aws: Emulator, changed: Changed) -> None:
    def mistake(template: dict[str, Any]) -> None:
        template["Resources"]["FlowLog"]["Properties"]["TraficType"] = "ALL"

    with pytest.raises(RehearsalError, match=r"extraneous key \[TraficType\] is not permitted"):
        rehearse(aws, changed("network", mistake))


def test_nothing_is_left_when_it_is_interrupted() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "notejam_cfn", "rehearse", "dev"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if "container is healthy" in line:
            break
    children = descendants(process.pid)
    assert children
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    # The kernel takes a moment to end what is left of a container's process namespace.
    deadline = time.monotonic() + 5
    while (left := running(children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def running(pids: list[int]) -> list[str]:
    """What of these processes still runs, as its command line; one that has ended and waits to be noticed has none."""
    found = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    lines = [path.read_text().replace("\0", " ") for path in found if path.exists()]
    return [line for line in lines if line]


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    children = [child for child, parent in parents.items() if parent == pid]
    return children + [grand for child in children for grand in descendants(child)]
