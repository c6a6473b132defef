"""What people may do, as an evaluator nobody here wrote reads the policies that CloudFormation makes.

The template is deployed in the emulator, so that the policies are judged as AWS would hold them, every function
resolved. The evaluator replaces no policy variables: the test puts the person's name in, as IAM does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from notejam_cfn.stacks.stack import Stack

evaluator = pytest.importorskip("ministack.core.iam_evaluator")
emulator = pytest.importorskip("notejam_cfn.local.emulator")

ACCOUNT, REGION = "123456789012", "eu-central-1"
WITH_MFA, WITHOUT_MFA = {"aws:multifactorauthpresent": "true"}, {"aws:multifactorauthpresent": "false"}
ACCESS_KEY: dict[str, Any] = {}
Decide = Callable[[str, str, str, dict[str, Any]], bool]


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{'' if service in ('iam', 's3') else REGION}:{'' if service == 's3' else ACCOUNT}:{rest}"


def stack(name: str) -> str:
    return arn("cloudformation", f"stack/notejam-{name}/11111111-2222-3333-4444-555555555555")


PIPELINE = arn("codepipeline", "notejam-delivery-Pipeline-1ABC")


@pytest.fixture(scope="module")
def policies(starter_stacks: list[Stack]) -> Iterator[dict[str, list[str]]]:
    """The policy documents of each group, as the emulator's IAM holds them."""
    with emulator.running(ACCOUNT, REGION) as aws:
        for people in (one for one in starter_stacks if one.stage is None):
            template = people.template.to_dict()
            aws.deploy(people.name, template, region=people.region)
        held = held_policies(aws.client("iam"))
    groups: dict[str, list[str]] = {"Developers": [], "Approvers": []}
    for resource in template["Resources"].values():
        for group in resource.get("Properties", {}).get("Groups", []):
            suffix = resource["Properties"]["ManagedPolicyName"]["Fn::Sub"].removeprefix("${AWS::StackName}")
            groups[group["Ref"]].append(held[people.name + suffix])
    yield groups


def held_policies(iam: Any) -> dict[str, str]:
    found = iam.list_policies(Scope="Local")["Policies"]
    return {
        one["PolicyName"]: json.dumps(
            iam.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])["PolicyVersion"]["Document"]
        )
        for one in found
    }


@pytest.fixture(scope="module")
def decide(policies: dict[str, list[str]]) -> Decide:
    """Ask whether alice, in a group, may do something: `decide("Developers", action, resource, context)`."""

    def decided(group: str, action: str, resource: str, context: dict[str, Any]) -> bool:
        documents = [text.replace("${aws:username}", "alice") for text in policies[group]]
        asked = evaluator.EvalContext(
            principal_arn=arn("iam", "user/alice"),
            principal_type="User",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
            service_context=context,
        )
        return bool(
            evaluator.evaluate(asked, [evaluator.parse_policy_document(text) for text in documents]).decision == "Allow"
        )

    return decided


DEV, APPROVER = "Developers", "Approvers"
PERSONAL_ROLE = {"cloudformation:rolearn": "PERSONAL"}
OTHER_ROLE = {"cloudformation:rolearn": arn("iam", "role/notejam-delivery-StageExecutionRole-1")}
TO_CLOUDFORMATION, TO_EC2 = (
    {"iam:passedtoservice": f"{service}.amazonaws.com"} for service in ("cloudformation", "ec2")
)
# who, action, resource, what IAM knows of the request beside the second factor, allowed?
TABLE = [
    (DEV, "cloudformation:DescribeStacks", stack("prod-service"), {}, True),
    (DEV, "cloudformation:GetTemplate", stack("prod-database"), {}, True),
    (DEV, "cloudformation:DescribeStacks", arn("cloudformation", "stack/payroll/1"), {}, False),
    (DEV, "ecs:DescribeServices", arn("ecs", "service/notejam-prod-service/web"), {}, True),
    (DEV, "ec2:DescribeVpcs", "*", {}, True),
    (DEV, "rds:DescribeDBClusters", arn("rds", "cluster:notejam-prod-database-1"), {}, True),
    (DEV, "secretsmanager:GetSecretValue", arn("secretsmanager", "secret:notejam"), {}, False),
    (DEV, "s3:GetObject", "arn:aws:s3:::notejam-prod-backups-bucket/export", {}, False),
    (DEV, "kms:Decrypt", arn("kms", "key/1"), {"aws:resourcetag/stage": "prod"}, False),
    (DEV, "rds-data:ExecuteStatement", arn("rds", "cluster:notejam-prod-database-1"), {}, False),
    (DEV, "rds:RestoreDBClusterFromSnapshot", arn("rds", "cluster:notejam-prod-database-1"), {}, False),
    (DEV, "logs:FilterLogEvents", arn("logs", "log-group:notejam-prod-service-WebLogGroup-1"), {}, True),
    (DEV, "logs:StartQuery", arn("logs", "log-group:/aws/rds/cluster/notejam-test-database-1/postgresql"), {}, True),
    (DEV, "logs:FilterLogEvents", arn("logs", "log-group:payroll"), {}, False),
    (DEV, "logs:DeleteLogGroup", arn("logs", "log-group:notejam-dev-service-WebLogGroup-1"), {}, False),
    (DEV, "cloudwatch:GetMetricData", "*", {}, True),
    (DEV, "cloudwatch:GetDashboard", "arn:aws:cloudwatch::123456789012:dashboard/notejam-prod-monitoring", {}, True),
    (DEV, "cloudwatch:GetDashboard", "arn:aws:cloudwatch::123456789012:dashboard/payroll", {}, False),
    (DEV, "cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:notejam-prod-service-1"), {}, False),
    (DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-dev-service/1"), {}, True),
    (DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-dev-alice-service/1"), {}, True),
    (DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-test-service/1"), {}, False),
    (DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-prod-service/1"), {}, False),
    (DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-dev-bob-service/1"), {}, False),
    (DEV, "codecommit:GitPush", arn("codecommit", "notejam-1a2b3c4d"), {}, True),
    (DEV, "codecommit:CreatePullRequest", arn("codecommit", "notejam-1a2b3c4d"), {}, True),
    (DEV, "codecommit:GitPush", arn("codecommit", "payroll"), {}, False),
    (DEV, "codecommit:DeleteRepository", arn("codecommit", "notejam-1a2b3c4d"), {}, False),
    (DEV, "codepipeline:StartPipelineExecution", PIPELINE, {}, True),
    (DEV, "codepipeline:RetryStageExecution", f"{PIPELINE}/prod", {}, True),
    (DEV, "codepipeline:UpdatePipeline", PIPELINE, {}, False),
    (DEV, "codepipeline:PutApprovalResult", f"{PIPELINE}/prod-approval/approve", {}, False),
    (APPROVER, "codepipeline:PutApprovalResult", f"{PIPELINE}/prod-approval/approve", {}, True),
    (APPROVER, "codepipeline:StartPipelineExecution", PIPELINE, {}, False),
    (APPROVER, "codecommit:GitPush", arn("codecommit", "notejam-1a2b3c4d"), {}, False),
    (DEV, "codebuild:StartBuild", arn("codebuild", "project/notejam-delivery-image"), {}, True),
    (DEV, "codebuild:StartBuild", arn("codebuild", "project/notejam-delivery-smoke"), {}, False),
    (DEV, "s3:PutObject", "arn:aws:s3:::notejam-delivery-artifactbucket-1/uploads/alice.zip", {}, True),
    (DEV, "s3:PutObject", "arn:aws:s3:::notejam-delivery-artifactbucket-1/notejam-delivery-P/Source/1", {}, False),
    (DEV, "ecr:PutImage", arn("ecr", "repository/notejam-delivery-images-1"), {}, False),
    (DEV, "cloudformation:CreateChangeSet", stack("dev-alice-network"), PERSONAL_ROLE, True),
    (DEV, "cloudformation:CreateChangeSet", stack("dev-alice-network"), OTHER_ROLE, False),
    (DEV, "cloudformation:CreateStack", stack("dev-alice-network"), {}, False),
    (DEV, "cloudformation:DeleteStack", stack("dev-alice-service"), PERSONAL_ROLE, True),
    (DEV, "cloudformation:DeleteStack", stack("dev-bob-service"), PERSONAL_ROLE, False),
    (DEV, "cloudformation:DeleteStack", stack("dev-alice-smith-service"), PERSONAL_ROLE, False),
    (DEV, "cloudformation:DeleteStack", stack("dev-service"), PERSONAL_ROLE, False),
    (DEV, "cloudformation:UpdateStack", stack("prod-service"), PERSONAL_ROLE, False),
    (DEV, "iam:PassRole", "PERSONAL", TO_CLOUDFORMATION, True),
    (DEV, "iam:PassRole", "PERSONAL", TO_EC2, False),
    (DEV, "iam:PassRole", arn("iam", "role/notejam-delivery-OwnExecutionRole-1"), TO_CLOUDFORMATION, False),
    (DEV, "iam:AttachUserPolicy", arn("iam", "user/alice"), {}, False),
    (DEV, "iam:EnableMFADevice", arn("iam", "user/alice"), {}, True),
    (DEV, "iam:EnableMFADevice", arn("iam", "user/bob"), {}, False),
]
CHANGES = [
    ("ecs:ExecuteCommand", arn("ecs", "task/notejam-dev-service/1"), {}),
    ("codecommit:GitPush", arn("codecommit", "notejam-1a2b3c4d"), {}),
    ("codepipeline:StartPipelineExecution", PIPELINE, {}),
    ("cloudformation:DeleteStack", stack("dev-alice-service"), PERSONAL_ROLE),
]


@pytest.fixture(scope="module")
def personal_role(policies: dict[str, list[str]]) -> str:
    """The ARN of the role of personal stages, as the policies name it."""
    for text in policies[DEV]:
        for statement in json.loads(text)["Statement"]:
            if "iam:PassRole" in statement["Action"]:
                (role,) = statement["Resource"]
                return str(role)
    raise LookupError


@pytest.mark.parametrize(
    ("group", "action", "resource", "context", "allowed"),
    TABLE,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_people_may_do_this_and_not_that(
    decide: Decide, personal_role: str, group: str, action: str, resource: str, context: dict[str, Any], allowed: bool
) -> None:
    known = {key: personal_role if value == "PERSONAL" else value for key, value in context.items()}
    asked = personal_role if resource == "PERSONAL" else resource
    assert decide(group, action, asked, WITH_MFA | known) is allowed


@pytest.mark.parametrize(("action", "resource", "context"), CHANGES)
@pytest.mark.parametrize("factor", [WITHOUT_MFA, ACCESS_KEY], ids=["console", "access-key"])
def test_nothing_is_changed_without_a_second_factor(
    decide: Decide, personal_role: str, action: str, resource: str, context: dict[str, Any], factor: dict[str, Any]
) -> None:
    known = {key: personal_role if value == "PERSONAL" else value for key, value in context.items()}
    assert decide(DEV, action, resource, WITH_MFA | known)
    assert not decide(DEV, action, resource, factor | known)


def test_reading_needs_no_second_factor(decide: Decide) -> None:
    assert decide(DEV, "cloudformation:DescribeStacks", stack("prod-service"), WITHOUT_MFA)
    assert decide(DEV, "codecommit:GitPull", arn("codecommit", "notejam-1a2b3c4d"), WITHOUT_MFA)


def test_every_policy_of_people_has_a_name_for_identity_center(starter_templates: dict[str, dict[str, Any]]) -> None:
    policies = [
        resource["Properties"]
        for resource in starter_templates["delivery"]["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and resource["Properties"].get("Groups")
    ]
    assert policies
    assert all("ManagedPolicyName" in policy for policy in policies)


def test_no_policy_of_people_is_inline_or_allows_every_action(starter_templates: dict[str, dict[str, Any]]) -> None:
    resources = starter_templates["delivery"]["Resources"].values()
    groups = [resource for resource in resources if resource["Type"] == "AWS::IAM::Group"]
    assert len(groups) == 2
    assert not any("Policies" in group.get("Properties", {}) for group in groups)
    allowed = [
        action
        for resource in resources
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    ]
    assert "*" not in allowed
    assert not [action for action in allowed if action.endswith(":*")]


def test_a_policy_fits_what_iam_takes(starter_templates: dict[str, dict[str, Any]]) -> None:
    for name, resource in starter_templates["delivery"]["Resources"].items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            text = json.dumps(resource["Properties"]["PolicyDocument"], separators=(",", ":"))
            assert len(text) <= 6144, name


def test_a_role_or_group_has_no_more_policies_than_iam_takes(starter_templates: dict[str, dict[str, Any]]) -> None:
    attached: dict[str, int] = {}
    for resource in starter_templates["delivery"]["Resources"].values():
        properties = resource.get("Properties", {})
        for holder in (*properties.get("Groups", []), *properties.get("Roles", [])):
            attached[holder["Ref"]] = attached.get(holder["Ref"], 0) + 1
    assert max(attached.values()) <= 10
