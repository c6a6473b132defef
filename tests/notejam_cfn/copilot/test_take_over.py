"""A Copilot application becomes a composition that builds and lints, and what is not in it is said."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build.lint.findings import Subject
from notejam_cfn.cli import main
from notejam_cfn.copilot import manifests, take_over, workloads
from notejam_cfn.copilot.fields import Fields, seconds
from notejam_cfn.copilot.schedules import schedule
from notejam_cfn.core import render
from notejam_cfn.deploy.manifest import read

SHOP = Path(__file__).parent / "shop"
ROOT = Path(__file__).parents[3]
Templates = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the composition of the shop, and the output that running it has written."""
    folder = tmp_path_factory.mktemp("taken")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main.main(["from-copilot", str(SHOP), "--region", "eu-central-1"]) == 0
        runpy.run_path(str(folder / "composition.py"), run_name="__main__")
    return folder


@pytest.fixture(scope="module")
def templates(written: Path) -> Templates:
    found = sorted((written / "output").glob("*/*.yaml"))
    return {f"{each.parent.name}/{each.stem}": render.load(each.read_text()) for each in found}


@pytest.fixture(scope="module")
def notes() -> list[str]:
    taken = take_over.take_over(manifests.read(SHOP), "composition.py", "eu-central-1", "123456789012")
    return [str(note) for note in taken.notes]


def of(templates: Templates, stack: str, logical_id: str) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = templates[stack]["Resources"][logical_id]["Properties"]
    return properties


def container(templates: Templates, stack: str, logical_id: str, name: str) -> Mapping[str, Any]:
    described = of(templates, stack, f"{logical_id}TaskDefinition")["ContainerDefinitions"]
    return next(each for each in described if each["Name"] == name)


@pytest.mark.long
def test_what_is_written_builds_and_no_linter_objects(written: Path, linters: Any) -> None:
    texts = [Subject(str(each), each.read_text()) for each in sorted((written / "output/test").glob("*.yaml"))]
    assert len(texts) == 6
    assert [str(finding) for text in texts for finding in linters.judge(text).findings] == []


def test_each_environment_is_a_stage_and_each_workload_a_stack_that_needs_the_base(written: Path) -> None:
    built = read(written / "output")
    needs = {stack.layer: {name.rpartition("-")[2] for name in stack.depends_on} for stack in built.stacks_of("prod")}
    assert (built.project, built.stages) == ("shop", ("test", "prod"))
    assert needs["base"] == set()
    assert (needs["site"], needs["nightly"]) == ({"base", "api", "runner"}, {"base"})


def test_lines_of_what_is_written_can_be_read(written: Path) -> None:
    text = (written / "composition.py").read_text()
    assert text.isascii() and max(map(len, text.splitlines())) < 160


def test_a_web_service_has_its_size_number_and_way_in(templates: Templates) -> None:
    assert of(templates, "prod/site", "SiteTaskDefinition")["Cpu"] == "1024"
    assert of(templates, "test/site", "SiteTaskDefinition")["Cpu"] == "512"
    assert of(templates, "test/site", "SiteTaskDefinition")["EphemeralStorage"] == {"SizeInGiB": 40}
    targets = of(templates, "test/site", "SiteTargets")
    assert targets["HealthCheckPath"] == "/_health"
    hosts = [
        each for each in of(templates, "test/site", "SiteListenerRule")["Conditions"] if "HostHeaderConfig" in each
    ]
    assert hosts[0]["HostHeaderConfig"]["Values"] == ["shop.example.com"]


def test_a_container_is_told_what_copilot_told_it(templates: Templates) -> None:
    site = container(templates, "prod/site", "Site", "site")
    told = {each["Name"]: each["Value"] for each in site["Environment"]}
    assert (told["LOG_LEVEL"], told["CACHE"], told["COPILOT_ENVIRONMENT_NAME"]) == ("info", "true", "prod")
    assert {each["Name"] for each in site["Secrets"]} == {"TOKEN", "DB_PASSWORD"}
    assert "secret:mysql:password::" in str(site["Secrets"])
    api = container(templates, "test/api", "Api", "api")
    assert {each["Name"]: each["Value"] for each in api["Environment"]}["PAGE_SIZE"] == "20"
    assert api["Command"] == ["serve", "--threads", "4 of them"]
    assert api["HealthCheck"]["Command"][:3] == ["CMD", "/bin/sh", "-c"]


def test_volumes_and_sidecars_come_along(templates: Templates) -> None:
    site, warmup = (container(templates, "test/site", "Site", name) for name in ("site", "warmup"))
    assert {"/var/pictures", "/var/scratch"} <= {each["ContainerPath"] for each in site["MountPoints"]}
    assert site["DependsOn"] == [{"ContainerName": "warmup", "Condition": "SUCCESS"}]
    assert warmup["Command"] == ["warm", "--all"]
    assert "AWS::EFS::FileSystem" in {each["Type"] for each in templates["test/site"]["Resources"].values()}


def test_an_existing_network_is_not_made_again(templates: Templates) -> None:
    kinds = {
        stage: {each["Type"] for each in templates[f"{stage}/base"]["Resources"].values()} for stage in ("test", "prod")
    }
    assert ("AWS::EC2::VPC" in kinds["test"], "AWS::EC2::VPC" in kinds["prod"]) == (True, False)


def test_a_worker_has_its_queue_and_a_job_its_schedule(templates: Templates) -> None:
    queue = of(templates, "test/mailer", "MailerQueue")
    assert (queue["VisibilityTimeout"], queue["RedrivePolicy"]["maxReceiveCount"]) == (120, 3)
    told = container(templates, "test/mailer", "Mailer", "mailer")["Environment"]
    assert {"Name": "COPILOT_QUEUE_URI", "Value": {"Ref": "MailerQueue"}} in told
    assert "cron(0 2 ? * MON-FRI *)" in json.dumps(templates["test/nightly"])


@pytest.mark.parametrize(
    "said",
    [
        "copilot/site/manifest.yml:9: image.port: 80 needs root",
        "copilot/site/manifest.yml:23: http.stickiness: requests of one person go to any task",
        "copilot/site/manifest.yml:48: variables.TABLE: reads an export of a stack",
        "copilot/site/manifest.yml:71: sidecars.warmup.labels: is not taken over",
        "copilot/api/manifest.yml:19: publish: there are no topics",
        "copilot/api/overrides: overrides are not taken over",
        "copilot/mailer/manifest.yml:6: subscribe.topics: nothing subscribes the queue",
        "copilot/nightly/manifest.yml: memory_mib: cpu_units=256, memory_mib=4096 is left out: must be one of 512",
        "copilot/landing/manifest.yml:2: type: Static Site has no counterpart",
        "copilot/runner/manifest.yml:2: type: App Runner becomes a service on ECS",
        "copilot/runner/addons/table.yml: an addon stays a CloudFormation template",
        "copilot/environments/test/manifest.yml:6: network.vpc.subnets: ",
        "copilot/pipelines/main/manifest.yml: the pipeline is not taken over",
    ],
)
def test_what_is_not_taken_over_is_said_with_its_line(notes: list[str], said: str) -> None:
    assert [note for note in notes if note.startswith(said)] != []


def test_a_field_that_nobody_knows_is_said_by_itself() -> None:
    manifest = manifests.Manifest("m", {"type": "Backend Service", "colour": {"deep": "red"}}, {"colour": 2})
    fields = Fields(manifest, "test", {})
    assert workloads.translate(fields, "api", SHOP) is not None
    assert [str(note) for note in fields.notes_of_the_rest({})] == ["m:2: colour: is not taken over"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("@daily", "cron(0 0 * * ? *)"),
        ("@every 5m", "rate(5 minutes)"),
        ("@every 1h", "rate(1 hour)"),
        ("@every 90s", None),
        ("rate(2 days)", "rate(2 days)"),
        ("cron(5 4 * * ? *)", "cron(5 4 * * ? *)"),
        ("*/10 8-18 * * *", "cron(*/10 8-18 * * ? *)"),
        ("0 2 * * 1-5", "cron(0 2 ? * MON-FRI *)"),
        ("0 2 * * 0,6", "cron(0 2 ? * SUN,SAT *)"),
        ("0 2 1 * 1", None),
        ("none", None),
    ],
)
def test_a_schedule_means_the_same(given: str, meant: str | None) -> None:
    assert schedule(given) == meant


@pytest.mark.parametrize(("text", "meant"), [("1h30m", 5400), ("250ms", 0.25), ("45s", 45), ("", None), ("5", None)])
def test_a_duration_is_read_as_go_writes_it(text: str, meant: float | None) -> None:
    assert seconds(text) == meant


def test_the_composition_is_written_once(written: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(written)
    assert main.main(["from-copilot", str(SHOP)]) == 2
    assert "composition.py exists already and stays" in capsys.readouterr().err


def test_programs_get_the_notes_as_data(tmp_path: Path, capsys: Any) -> None:
    assert main.main(["from-copilot", str(SHOP), "--file", str(tmp_path / "c.py"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["workloads"] == ["api", "runner", "site", "mailer", "nightly"]
    assert {"file", "line", "what"} == set(document["notes"][0])


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("copilot/.workspace", "", "is no manifest: it must be a mapping"),
        ("copilot/.workspace", "version: 1", "does not name the application"),
        ("copilot/site/manifest.yml", "a: [", "copilot/site/manifest.yml, line 1 is no YAML"),
        ("copilot/site/manifest.yml", "- a", "copilot/site/manifest.yml is no manifest"),
    ],
)
def test_a_broken_application_is_one_line(tmp_path: Path, capsys: Any, file: str, text: str, said: str) -> None:
    shutil.copytree(SHOP, tmp_path / "shop")
    (tmp_path / "shop" / file).write_text(text)
    assert main.main(["from-copilot", str(tmp_path / "shop"), "--file", str(tmp_path / "c.py")]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert not (tmp_path / "c.py").exists()


def test_a_folder_without_an_application_is_refused(tmp_path: Path, capsys: Any) -> None:
    assert main.main(["from-copilot", str(tmp_path)]) == 2
    assert "has no copilot/.workspace" in capsys.readouterr().err


def test_the_page_has_every_type_of_workload() -> None:
    page = (ROOT / "docs/from-copilot.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ([A-Z][A-Za-z -]+) \|", page, re.M))
    assert {*workloads.TYPES, "Static Site"} <= rows
