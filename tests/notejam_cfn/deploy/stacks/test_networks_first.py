"""The network of a stage comes before what lets the pipeline into the stage: its roles know its subnets only."""

from __future__ import annotations

from pathlib import Path

import pytest

from notejam_cfn.build import build
from notejam_cfn.cli.main import main
from notejam_cfn.config import loader
from notejam_cfn.deploy import manifest
from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.stacks import out_of_date, templates
from notejam_cfn.deploy.stacks.execution.root_cause import hint
from notejam_cfn.local import emulator

REGION = emulator.REGION


@pytest.fixture
def output(tmp_path: Path) -> Path:
    project = loader.parse({"delivery": {"source": "s3"}, "stages": {"dev": {"region": REGION, "size": "economy"}}})
    for path, text in build.files(project, build.compose(project)).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_deploying_the_delivery_makes_networks_that_are_not_there(
    aws: emulator.Emulator, facade: Aws, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy = ["deploy", "delivery", "--only", "delivery-in-dev", "--yes", "--output", str(output)]
    assert main(deploy) == Exit.DONE
    assert "dev-network" in capsys.readouterr().out
    network, access = (facade.stack(REGION, f"notejam-{name}") for name in ("dev-network", "delivery-in-dev"))
    assert network is not None and access is not None
    subnet = network.outputs["PrivateSubnetId1"]
    iam = aws.client("iam")
    policies = iam.list_attached_role_policies(RoleName=f"notejam-delivery-in-dev-{REGION}-execute")["AttachedPolicies"]
    versions = [iam.get_policy_version(PolicyArn=one["PolicyArn"], VersionId="v1") for one in policies]
    conditions = [
        statement["Condition"]["ForAllValues:StringEquals"]["ecs:subnet"]
        for version in versions
        for statement in version["PolicyVersion"]["Document"]["Statement"]
        if "ecs:CreateService" in statement["Action"]
    ]
    assert [subnet in condition for condition in conditions] == [True]
    assert main([*deploy, "--tell-unchanged"]) == Exit.NOTHING_TO_DO
    assert "dev-network" not in capsys.readouterr().out


def test_roles_that_know_other_subnets_than_the_stage_has_are_out_of_date(
    aws: emulator.Emulator, facade: Aws, output: Path
) -> None:
    assert main(["deploy", "delivery", "--only", "delivery-in-dev", "--yes", "--output", str(output)]) == Exit.DONE
    built = {stack.name: stack for stack in manifest.read(output).stacks}
    access = built["notejam-delivery-in-dev"]
    assert out_of_date.among(facade, [access]) == []
    network = dict(templates.parse(built["notejam-dev-network"].text()).document)
    network["Outputs"]["PrivateSubnetId1"]["Value"] = "subnet-0123456789abcdef0"  # as if it had been replaced
    aws.deploy("notejam-dev-network", network)
    assert out_of_date.among(facade, [access]) == ["notejam-delivery-in-dev"]


def test_who_is_refused_a_subnet_is_told_what_an_administrator_does() -> None:
    reason = f"notejam-delivery-in-dev-{REGION}-execute is not authorized to perform: ecs:CreateService on resource: x"
    assert "deploy delivery" in str(hint(reason))
