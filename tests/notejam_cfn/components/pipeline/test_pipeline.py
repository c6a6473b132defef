"""The pipeline: what it does in which order, whether everything in it connects, and whether its roles may do it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from notejam_cfn.config.loader import parse
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.stacks import Stack, stacks_of

Template = dict[str, Any]
SOURCES: list[dict[str, Any]] = [
    {"source": "codecommit"},
    {"source": "codeconnections", "repository": "owner/notejam"},
    {},
    {
        "source": "codeconnections",
        "repository": "o/n",
        "connection_arn": "arn:aws:codeconnections:us-east-1:111122223333:connection/1",
    },
    {"source": "s3"},
]
STAGES = {
    "dev": {"region": "eu-central-1", "size": "economy"},
    "prod": {"region": "eu-central-1", "size": "resilient", "load_balancer": {"waf": False}},
}


def composed(stages: dict[str, Any] | None = None, **delivery: Any) -> dict[str, Stack]:
    return once(json.dumps({"project": {"name": "notejam"}, "delivery": delivery, "stages": stages or STAGES}))


@functools.cache
def once(document: str) -> dict[str, Stack]:
    return {stack.layer: stack for stack in stacks_of(parse(json.loads(document))) if stack.stage is None}


@pytest.fixture(scope="module")
def delivery() -> Template:
    return composed()["delivery"].template.to_dict()


def pipeline_of(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]["Pipeline"]["Properties"]
    return found


def actions_of(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every action with its stage's name, in the order they run."""
    for stage in pipeline_of(template)["Stages"]:
        for action in sorted(stage["Actions"], key=lambda action: action.get("RunOrder", 1)):
            yield stage["Name"], action


def named(template: Template, stage: str) -> list[str]:
    return [action["Name"] for name, action in actions_of(template) if name == stage]


def test_stages_roll_out_in_the_order_of_the_configuration(delivery: Template) -> None:
    names = [stage["Name"] for stage in pipeline_of(delivery)["Stages"]]
    assert names == ["source", "build", "dev", "prod"]


def test_a_stage_is_planned_approved_deployed_and_asked_without_another_change_in_between(delivery: Template) -> None:
    assert named(delivery, "dev") == ["plan", "deploy", "smoke"]
    assert named(delivery, "prod") == ["plan", "approve", "deploy", "smoke"]
    assert [one["RunOrder"] for stage, one in actions_of(delivery) if stage == "prod"] == [1, 2, 3, 4]


def variables_of(action: dict[str, Any]) -> dict[str, str]:
    given = action["Configuration"]["EnvironmentVariables"]
    text = given if isinstance(given, str) else given["Fn::Sub"][0]
    return {one["name"]: one["value"] for one in json.loads(text)}


def test_nothing_of_the_pipeline_changes_the_pipeline(delivery: Template) -> None:
    assert {one["ActionTypeId"]["Provider"] for _, one in actions_of(delivery)} == {
        "CodeStarSourceConnection",
        "CodeBuild",
        "Manual",
    }
    own = json.dumps([s for role in roles_of(delivery) for s in statements_of(delivery, role)])
    assert "UpdateStack" not in own
    assert "ExecuteChangeSet" not in own
    assert "iam:PassRole" not in own


def test_what_is_approved_is_the_digest_of_what_is_deployed(delivery: Template) -> None:
    by_name = {one["Name"]: one for stage, one in actions_of(delivery) if stage == "prod"}
    assert by_name["plan"]["Namespace"] == "plan-prod"
    assert by_name["approve"]["Configuration"]["CustomData"] == "#{source.CommitId}: #{plan-prod.SUMMARY}"
    assert variables_of(by_name["deploy"])["DIGEST"] == "#{plan-prod.DIGEST}"
    assert by_name["deploy"]["InputArtifacts"] == [{"Name": "Source"}, {"Name": "Plan_prod"}]


def test_every_stage_is_planned_with_the_image_that_was_built_once(delivery: Template) -> None:
    plans = [variables_of(action) for _, action in actions_of(delivery) if action["Name"] == "plan"]
    assert [(plan["STAGE"], plan["IMAGE_URI"]) for plan in plans] == [
        ("dev", "#{image.IMAGE_URI}"),
        ("prod", "#{image.IMAGE_URI}"),
    ]


def test_a_stage_is_deployed_by_a_build_that_can_take_on_its_role_only(delivery: Template) -> None:
    for stage, action in actions_of(delivery):
        if action["Name"] in ("deploy", "smoke"):
            project = delivery["Resources"][action["Configuration"]["ProjectName"]["Ref"]]
            (role, _) = project["Properties"]["ServiceRole"]["Fn::GetAtt"]
            (assume,) = (one for one in statements_of(delivery, role) if one["Action"] == ["sts:AssumeRole"])
            assert json.dumps(assume["Resource"]).count("delivery-in-") == 1
            assert f"delivery-in-{stage}-${{AWS::Region}}-deploy" in json.dumps(assume["Resource"])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: "-".join(source))
def test_every_artifact_and_variable_comes_from_an_action_before(source: dict[str, Any]) -> None:
    template = composed(**source)["delivery"].template.to_dict()
    artifacts: set[str] = set()
    variables: set[str] = set()
    for stage, action in actions_of(template):
        inputs = {one["Name"] for one in action.get("InputArtifacts", [])}
        assert inputs <= artifacts, (stage, action["Name"])
        read = set(re.findall(r"#\{([\w@-]+)\.\w+\}", json.dumps(action["Configuration"])))
        assert read <= variables, (stage, action["Name"])
        named_in = set(re.findall(r'"([\w-]+)::[\w/]+\.', json.dumps(action["Configuration"])))
        assert named_in <= inputs, (stage, action["Name"])
        outputs = [one["Name"] for one in action.get("OutputArtifacts", [])]
        assert not artifacts & set(outputs)
        artifacts |= set(outputs)
        variables |= {action["Namespace"]} if "Namespace" in action else set()


def test_the_pipeline_and_people_have_a_template_each(delivery: Template) -> None:
    people = composed()["delivery-people"].template.to_dict()
    kinds = [[resource["Type"] for resource in one["Resources"].values()] for one in (delivery, people)]
    counted = [[some.count(kind) for kind in ("AWS::CodePipeline::Pipeline", "AWS::IAM::Group")] for some in kinds]
    assert counted == [[1, 0], [0, 2]]
    assert "Fn::GetStackOutput" not in json.dumps([delivery, people])


def test_a_push_starts_the_pipeline_unless_only_ignored_paths_changed() -> None:
    template = composed(source="codeconnections", repository="o/n", branch="trunk", ignored_paths="docs/**,*.md")
    (trigger,) = pipeline_of(template["delivery"].template.to_dict())["Triggers"]
    (push,) = trigger["GitConfiguration"]["Push"]
    assert push == {"Branches": {"Includes": ["trunk"]}, "FilePaths": {"Excludes": ["docs/**", "*.md"]}}


def test_a_push_to_codecommit_or_a_new_zip_starts_the_pipeline() -> None:
    for source in ("codecommit", "s3"):
        resources = composed(source=source)["delivery"].template.to_dict()["Resources"]
        rule = resources["StartOnChange"]["Properties"]
        assert rule["EventPattern"]["source"] == [f"aws.{source}"]
        assert "PollForSourceChanges" in json.dumps(resources["Pipeline"])


def test_a_repository_that_is_not_configured_is_asked_for() -> None:
    template = composed()["delivery"].template.to_dict()
    assert "Default" not in template["Parameters"]["Repository"]
    (source,) = (one for stage, one in actions_of(template) if stage == "source")
    assert source["Configuration"]["FullRepositoryId"] == {"Ref": "Repository"}
    assert "Parameters" not in composed(repository="o/n")["delivery"].template.to_dict()


def test_a_template_fits_into_a_request(delivery: Template) -> None:
    assert len(json.dumps(delivery, separators=(",", ":"))) < 51_200


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_is_used_under_the_name_in_its_arn(service: str) -> None:
    given = f"arn:aws:{service}:eu-central-1:123456789012:connection/1"
    text = json.dumps(
        composed(source="codeconnections", repository="o/n", connection_arn=given)["delivery"].template.to_dict()
    )
    assert re.findall(r"[a-z-]+:UseConnection", text) == [f"{service}:UseConnection"]


def test_a_connection_that_is_given_is_not_made() -> None:
    for source, made in zip(SOURCES[2:4], (True, False), strict=True):
        resources = composed(**source)["delivery"].template.to_dict()["Resources"]
        assert ("Connection" in resources) is made


def test_releases_cannot_be_overwritten_and_what_runs_is_never_removed(delivery: Template) -> None:
    images = delivery["Resources"]["Images"]["Properties"]
    assert images["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    movable = [one["ImageTagMutabilityExclusionFilterValue"] for one in images["ImageTagMutabilityExclusionFilters"]]
    assert movable == ["stage-*"]
    assert images["ImageScanningConfiguration"] == {"ScanOnPush": True}
    first = json.loads(images["LifecyclePolicy"]["LifecyclePolicyText"])["rules"][0]
    assert first["rulePriority"] == 1
    assert first["selection"]["tagPatternList"] == ["stage-*"]
    assert first["selection"]["countNumber"] == 1000


def statements_of(template: Template, role: str) -> list[dict[str, Any]]:
    """The statements of a role: its own, and those of the managed policies it has."""
    resources = template["Resources"]
    properties = resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    documents += [
        resources[arn["Ref"]]["Properties"]["PolicyDocument"] for arn in properties.get("ManagedPolicyArns", [])
    ]
    documents += [
        one["Properties"]["PolicyDocument"]
        for one in resources.values()
        if one["Type"] == "AWS::IAM::RolePolicy" and one["Properties"]["RoleName"] == {"Ref": role}
    ]
    return [statement for document in documents for statement in document["Statement"]]


def allowed(template: Template, role: str) -> set[str]:
    return {action for statement in statements_of(template, role) for action in statement["Action"]}


def roles_of(template: Template) -> list[str]:
    return [name for name, one in template["Resources"].items() if one["Type"] == "AWS::IAM::Role"]


# Whose artifacts each build may write. A pattern of S3 keys: PIPELINE/ARTIFACT/RANDOM.
WRITES = {"PlanRole": "/*/Plan*/*", "SourceRole": "/*/Source/*"}
# Only CodePipeline takes these on, for each of its actions.
OF_CODEPIPELINE = {"PipelineRole", "BuildRole"}


def test_artifacts_of_one_purpose_are_not_written_by_a_build_of_another(delivery: Template) -> None:
    for role in set(roles_of(delivery)) - OF_CODEPIPELINE:
        written = [one["Resource"] for one in statements_of(delivery, role) if "s3:PutObject" in one["Action"]]
        keys = [key["Fn::Sub"].removeprefix("${ArtifactBucket.Arn}") for resources in written for key in resources]
        assert keys == ([WRITES[role]] if role in WRITES else []), role


def test_a_star_stands_only_where_aws_offers_nothing_narrower(delivery: Template) -> None:
    wide = {
        action
        for name in roles_of(delivery)
        for statement in statements_of(delivery, name)
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
    }
    assert wide == {"ecr:GetAuthorizationToken"}


def test_the_pipeline_may_take_on_the_role_of_every_action(delivery: Template) -> None:
    needed = {json.dumps(action["RoleArn"]) for _, action in actions_of(delivery) if "RoleArn" in action}
    (assume,) = (s for s in statements_of(delivery, "PipelineRole") if s["Action"] == ["sts:AssumeRole"])
    assert {json.dumps(arn) for arn in assume["Resource"]} == needed


def test_the_pipeline_is_made_after_what_lets_it_run(delivery: Template) -> None:
    assert delivery["Resources"]["Pipeline"]["DependsOn"] == "PipelineActions"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: "-".join(source))
def test_the_delivery_deploys(source: dict[str, Any], aws: Emulator) -> None:
    stack = composed(**source)["delivery"]
    outputs = aws.deploy(stack.name, stack.template.to_dict(), dict.fromkeys(stack.template.parameters, "o/n"))
    assert {"ImageRepositoryUri", "ImageProjectName", "ArtifactBucketName", "PipelineName"} == set(outputs)


def test_images_are_copied_to_every_other_region_that_stages_reach() -> None:
    stages = {**STAGES, "prod": STAGES["prod"] | {"backups": {"copy_region": "eu-west-1"}}}
    stacks = composed(stages)
    assert "AWS::ECR::Repository" in json.dumps(stacks["delivery-eu-west-1"].template.to_dict())
    resources = stacks["delivery"].template.to_dict()["Resources"]
    for build in ("ImageProject", "DeployProdProject"):
        variables = {
            one["Name"]: one["Value"] for one in resources[build]["Properties"]["Environment"]["EnvironmentVariables"]
        }
        assert "delivery-eu-west-1" in json.dumps(variables["COPY_URIS"])
    assert "COPY_URIS" not in json.dumps(composed()["delivery"].template.to_dict())


def test_a_stage_takes_its_image_from_its_own_region() -> None:
    stages = {**STAGES, "far": {"region": "us-east-1", "size": "economy"}}
    template = composed(stages, region="eu-central-1")["delivery"].template.to_dict()
    plans = {stage: json.dumps(one["Configuration"]) for stage, one in actions_of(template) if one["Name"] == "plan"}
    assert "notejam-delivery-us-east-1" in plans["far"]
    assert "notejam-delivery-us-east-1" not in plans["dev"]


def test_the_pipelines_events_reach_their_log(aws: Emulator) -> None:
    """Its rule names the log as EventBridge wants it; who may write is judged by the emulator's policy evaluator."""
    stack = composed(repository="owner/notejam")["delivery"]
    pipeline = aws.deploy(stack.name, stack.template.to_dict())["PipelineName"]
    (rule,) = (one for one in aws.client("events").list_rules()["Rules"] if "PipelineChanged" in one["Name"])
    (target,) = aws.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=f"{stack.name}-")["logGroups"]
    (group,) = (each for each in groups if each["logGroupName"].endswith("-pipeline"))
    (policy,) = aws.client("logs").describe_resource_policies(resourceArn=target["Arn"])["resourcePolicies"]
    assert target["Arn"] == group["logGroupArn"] == group["arn"].removesuffix(":*")
    assert json.loads(rule["EventPattern"])["detail"] == {"pipeline": [pipeline]}
    streams, other = f"{target['Arn']}:log-stream:1", f"{target['Arn']}-of-others:log-stream:1"
    assert may_write(policy["policyDocument"], "logs:CreateLogStream", streams)
    assert may_write(policy["policyDocument"], "logs:PutLogEvents", streams, rule["Arn"])
    assert not may_write(policy["policyDocument"], "logs:PutLogEvents", streams, rule["Arn"].replace(":1", ":2"))
    assert not may_write(policy["policyDocument"], "logs:PutLogEvents", streams)
    assert not may_write(policy["policyDocument"], "logs:PutLogEvents", other, rule["Arn"])


def may_write(policy: str, action: str, resource: str, rule: str | None = None) -> bool:
    """Ask whether EventBridge may do something to a log, in the name of a rule or of none."""
    evaluator = pytest.importorskip("ministack.core.iam_evaluator")
    asked = evaluator.EvalContext(
        principal_arn="arn:aws:iam::123456789012:root",
        principal_type="Root",
        principal_account="123456789012",
        action=action,
        resource_arn=resource,
        region="eu-central-1",
        service_context={"aws:sourcearn": rule} if rule else {},
    )
    return bool(evaluator.evaluate_resource_policy(policy, asked, "events.amazonaws.com").decision == "Allow")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: "-".join(source))
def test_every_change_of_the_pipeline_is_kept_as_long_as_other_logs(source: dict[str, Any]) -> None:
    resources = composed(**source, log_retention_days=30)["delivery"].template.to_dict()["Resources"]
    pattern = resources["PipelineChanged"]["Properties"]["EventPattern"]
    assert [kind.split()[1] for kind in pattern["detail-type"]] == ["Pipeline", "Stage", "Action"]
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Logs::LogGroup"]
    assert {group["RetentionInDays"] for group in groups} == {30}
    assert {json.dumps(group["KmsKeyId"]) for group in groups} == {json.dumps({"Fn::GetAtt": ["Key", "Arn"]})}
