"""The pipeline's access to its stages, one of them in another account: what it takes on exists, and trusts it alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build, manifest, output
from notejam_cfn.config.loader import parse
from notejam_cfn.config.settings import Project
from notejam_cfn.core.regions import known_regions
from notejam_cfn.local import emulator
from notejam_cfn.stacks import Stack, stacks_of

PIPELINE, PROD = "111111111111", "222222222222"
REGION = "eu-central-1"
STAGES = {
    "dev": {"region": REGION, "size": "standard"},
    "prod": {
        "region": REGION,
        "account": PROD,
        "size": "resilient",
        "backups": {"copy_region": "eu-west-1"},
        "load_balancer": {"waf": False},
    },
}
evaluator = pytest.importorskip("ministack.core.iam_evaluator")


def project_of(stages: dict[str, Any], **delivery: Any) -> Project:
    return parse({"delivery": {"account": PIPELINE} | delivery, "stages": stages})


@pytest.fixture(scope="module")
def project() -> Project:
    return project_of(STAGES)


@pytest.fixture(scope="module")
def stacks(project: Project) -> dict[str, Stack]:
    return {stack.layer: stack for stack in stacks_of(project) if stack.stage is None}


@pytest.fixture
def aws(running_emulator: emulator.Emulator, project: Project, stacks: dict[str, Stack]) -> emulator.Emulator:
    """Both accounts, with the networks of their stages and everything of the delivery in them."""
    pipeline = dataclasses.replace(running_emulator, account=PIPELINE)
    if not pipeline.put_back(__name__):
        networks = [stack for stack in stacks_of(project) if stack.layer == "network"]
        for stack in (*networks, *stacks.values()):
            account = dataclasses.replace(pipeline, account=stack.account or PIPELINE)
            given = {name: "o/n" for name in stack.template.parameters if name == "Repository"}
            account.deploy(stack.name, stack.template.to_dict(), given | dict(stack.values), stack.region)
        pipeline.keep(__name__)
    return pipeline


def held(aws: emulator.Emulator, account: str, stack: str, kind: str, region: str = REGION) -> dict[str, str]:
    """The physical ids of a stack's resources of a type, by logical id."""
    pages = aws.client("cloudformation", region, account).get_paginator("list_stack_resources")
    found = [one for page in pages.paginate(StackName=stack) for one in page["StackResourceSummaries"]]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found if one["ResourceType"] == kind}


def pipeline(aws: emulator.Emulator) -> dict[str, Any]:
    """The pipeline as it was deployed, every function resolved."""
    name = held(aws, PIPELINE, "notejam-delivery", "AWS::CodePipeline::Pipeline")["Pipeline"]
    found: dict[str, Any] = aws.client("codepipeline").get_pipeline(name=name)["pipeline"]
    return found


def allows(document: Any, principal: str, account: str, action: str, resource: str) -> bool:
    """Whether a policy lets a role of an account do something, as an evaluator nobody here wrote reads it."""
    asked = evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
    )
    return bool(evaluator.evaluate_resource_policy(document, asked).decision == "Allow")


def test_no_account_stands_in_a_template(stacks: dict[str, Stack]) -> None:
    for stack in stacks.values():
        text = json.dumps(stack.template.to_dict())
        assert PROD not in text, stack.name
        assert PIPELINE not in text, stack.name


def test_the_accounts_are_told_beside_the_templates(project: Project) -> None:
    files = build.files(project, build.compose(project))
    told = {path: json.loads(text)["Parameters"] for path, text in files.items() if path.endswith(".parameters.json")}
    assert told == {
        "delivery-in-prod.parameters.json": {"PipelineAccount": PIPELINE},
        "delivery-eu-west-1.parameters.json": {"ProdAccount": PROD},
        "delivery.parameters.json": {"ProdAccount": PROD},
    }


def test_parameters_that_are_not_needed_any_more_are_removed(project: Project, tmp_path: Path) -> None:
    output.write(tmp_path, build.files(project, build.compose(project)))
    alone = project_of({"dev": STAGES["dev"]})
    output.write(tmp_path, build.files(alone, build.compose(alone), manifest.read(tmp_path)))
    assert not list(tmp_path.glob("*.parameters.json"))


def test_every_role_that_the_pipeline_names_is_made(stacks: dict[str, Stack]) -> None:
    text = json.dumps(stacks["delivery"].template.to_dict())
    for stage in STAGES:
        access = stacks[f"delivery-in-{stage}"].template.to_dict()["Resources"]
        made = {one["Properties"]["RoleName"]["Fn::Sub"] for one in access.values() if one["Type"] == "AWS::IAM::Role"}
        assert made == {f"${{AWS::StackName}}-${{AWS::Region}}-{kind}" for kind in ("plan", "deploy", "execute")}
        assert access["Boundary"]["Properties"]["ManagedPolicyName"] == {
            "Fn::Sub": "${AWS::StackName}-${AWS::Region}-boundary"
        }
        assert f"role/notejam-delivery-in-{stage}-${{AWS::Region}}" in text


def test_the_longest_names_fit_what_iam_takes_in_every_region() -> None:
    stages = {"s" * 6: {"region": REGION, "previews": {"enabled": True}, "monitoring": {"monthly_budget_usd": 1}}}
    most = {"AWS::IAM::Role": ("RoleName", 64), "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128)}
    checked = set()
    for stack in stacks_of(parse({"project": {"name": "p" * 20}, "stages": stages})):
        for resource in stack.template.to_dict()["Resources"].values() if stack.stage is None else ():
            key, characters = most.get(resource["Type"], ("", 0))
            for region in known_regions() if key in resource.get("Properties", {}) else ():
                named = resource["Properties"][key]["Fn::Sub"]
                name = named.replace("${AWS::StackName}", stack.name).replace("${AWS::Region}", region)
                assert region in name and len(name) <= characters, name
                checked.add(name)
    assert len(checked) == 16 * len(known_regions())


def test_the_delivery_deploys_into_both_accounts(aws: emulator.Emulator) -> None:
    access = held(aws, PROD, "notejam-delivery-in-prod", "AWS::IAM::Role")
    assert set(access) == {"DeployRole", "ExecuteRole", "PlanRole"}
    assert "Pipeline" in held(aws, PIPELINE, "notejam-delivery", "AWS::CodePipeline::Pipeline")


def document_of(aws: emulator.Emulator, account: str, role: str) -> Any:
    return aws.client("iam", account=account).get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]


@pytest.mark.parametrize(
    ("kind", "title", "allowed"),
    [
        ("deploy", "DeployProdRole", True),
        ("plan", "PlanRole", True),
        ("deploy", "DeployDevRole", False),
        ("deploy", "PlanRole", False),
        ("plan", "TestRole", False),
        ("execute", "DeployProdRole", False),
    ],
)
def test_only_the_roles_that_need_it_are_trusted(aws: emulator.Emulator, kind: str, title: str, allowed: bool) -> None:
    role = held(aws, PIPELINE, "notejam-delivery", "AWS::IAM::Role")[title]
    trust = document_of(aws, PROD, f"notejam-delivery-in-prod-{REGION}-{kind}")
    principal = f"arn:aws:iam::{PIPELINE}:role/{role}"
    assert allows(trust, principal, PIPELINE, "sts:AssumeRole", "*") is allowed


DEPLOY = f"arn:aws:iam::{PROD}:role/notejam-delivery-in-prod-{REGION}-deploy"
TASKS = f"arn:aws:iam::{PROD}:role/notejam-prod-service-WebExecutionRole-1"
STRANGER = f"arn:aws:iam::{PROD}:role/somebody"


@pytest.mark.parametrize(("principal", "allowed"), [(TASKS, True), (DEPLOY, False), (STRANGER, False)])
def test_images_are_shared_with_the_stages_tasks_only(aws: emulator.Emulator, principal: str, allowed: bool) -> None:
    name = held(aws, PIPELINE, "notejam-delivery", "AWS::ECR::Repository")["Images"]
    policy = aws.client("ecr").get_repository_policy(repositoryName=name)["policyText"]
    assert allows(policy, principal, PROD, "ecr:BatchGetImage", "*") is allowed


def test_a_tools_account_may_hold_no_stage_at_all() -> None:
    project = project_of({"prod": STAGES["prod"]})
    resources = {one.layer: one for one in stacks_of(project)}["delivery"].template.to_dict()["Resources"]
    assert [name for name in resources if name.startswith("Deploy") and name.endswith("Role")] == ["DeployProdRole"]
    assert "in-prod-${AWS::Region}-plan" in json.dumps(resources["PlanRole"])


def test_accounts_that_differ_need_the_pipelines() -> None:
    warnings = parse({"stages": STAGES}).warnings()
    assert any("set delivery.account" in warning for warning in warnings)
    assert not any("delivery.account" in warning for warning in project_of(STAGES).warnings())


def test_deploying_the_delivery_leaves_other_accounts_to_their_own_credentials(
    project: Project, tmp_path: Path
) -> None:
    from notejam_cfn.deploy.manifest import read

    output.write(tmp_path, build.files(project, build.compose(project)))
    planned = read(tmp_path)
    assert [stack.layer for stack in planned.stacks_of("delivery")] == [
        "delivery-in-dev",
        "delivery-people",
        "delivery-eu-west-1",
        "delivery",
    ]
    (access,) = planned.stacks_of("delivery", ["delivery-in-prod"])
    assert access.account == PROD
    assert access.values == {"PipelineAccount": PIPELINE}
