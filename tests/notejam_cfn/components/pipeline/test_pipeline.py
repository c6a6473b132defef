"""The pipeline: what it does in which order, whether everything in it connects, and whether its roles may do it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from notejam_cfn.config.loader import ConfigError, parse
from notejam_cfn.iam import policies
from notejam_cfn.stacks import Stack, stacks_of

Template = dict[str, Any]
SOURCES: list[dict[str, Any]] = [
    {"source": "codecommit"},
    {"source": "codeconnections", "repository": "owner/notejam"},
    {"source": "codeconnections", "repository": "o/n", "connection_arn": "arn:x:codeconnections:r:a:connection/1"},
    {"source": "s3"},
]
STAGES = {
    "dev": {"region": "eu-central-1", "size": "economy"},
    "prod": {"region": "eu-central-1", "size": "resilient", "load_balancer": {"waf": False}},
}


def composed(stages: dict[str, Any] | None = None, **delivery: Any) -> dict[str, Stack]:
    project = parse({"project": {"name": "notejam"}, "delivery": delivery, "stages": stages or STAGES})
    return {stack.layer: stack for stack in stacks_of(project) if stack.stage is None}


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
    assert names == ["source", "build", "pipeline", "dev", "prod-plan", "prod-approval", "prod"]


def test_layers_are_changed_one_after_the_other_then_asked_whether_they_work(delivery: Template) -> None:
    names = named(delivery, "dev")
    assert names[0] == "plan"
    assert names[1:5] == ["network-changes", "network", "database-changes", "database"]
    assert names[-1] == "smoke"
    assert [one.get("RunOrder", 1) for stage, one in actions_of(delivery) if stage == "dev"] == list(
        range(1, len(names) + 1)
    )


def test_the_pipeline_updates_itself_before_any_stage(delivery: Template) -> None:
    assert named(delivery, "pipeline") == ["delivery"]
    assert pipeline_of(delivery)["RestartExecutionOnUpdate"] is True


def test_production_is_approved_only_when_something_changes(delivery: Template) -> None:
    (stage,) = (stage for stage in pipeline_of(delivery)["Stages"] if stage["Name"] == "prod-approval")
    (condition,) = stage["BeforeEntry"]["Conditions"]
    assert condition["Result"] == "SKIP"
    assert condition["Rules"][0]["Configuration"] == {
        "Variable": "#{prod.CHANGED}",
        "Operator": "EQ",
        "Value": "yes",
    }
    assert stage["Actions"][0]["Configuration"]["CustomData"] == "#{prod.SUMMARY}"


def test_a_failed_stage_is_taken_back_without_asking(delivery: Template) -> None:
    for stage in pipeline_of(delivery)["Stages"]:
        if stage["Name"] in STAGES:
            assert stage["OnFailure"] == {"Result": "ROLLBACK"}
            assert not [one for one in stage["Actions"] if one["ActionTypeId"]["Category"] == "Approval"]


def test_every_stage_is_planned_with_the_image_that_was_built_once(delivery: Template) -> None:
    plans = [action["Configuration"] for _, action in actions_of(delivery) if action["Name"] == "plan"]
    assert len(plans) == len(STAGES)
    for plan in plans:
        (text, _) = plan["EnvironmentVariables"]["Fn::Sub"]
        variables = {one["name"]: one["value"] for one in json.loads(text)}
        assert variables["IMAGE_URI"] == "#{image.IMAGE_URI}"


def test_no_parameter_in_force_is_reset(delivery: Template) -> None:
    changes = [a for _, a in actions_of(delivery) if a["Configuration"].get("ActionMode") == "CHANGE_SET_REPLACE"]
    assert all(
        re.fullmatch(r"[\w-]+-plan::\w+\.json", one["Configuration"]["TemplateConfiguration"]) for one in changes
    )
    own = composed()
    assert not any(stack.template.parameters for stack in own.values())


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


def test_every_template_the_pipeline_deploys_is_built(starter_stacks: list[Stack], delivery: Template) -> None:
    built = {f"{stack.path}.yaml" for stack in starter_stacks}
    asked = {
        action["Configuration"]["TemplatePath"].partition("::")[2]
        for _, action in actions_of(delivery)
        if "TemplatePath" in action["Configuration"]
    }
    assert asked <= built
    assert {"delivery.yaml", "dev/service.yaml"} <= asked


def test_one_template_holds_the_pipeline_and_the_developers(delivery: Template) -> None:
    kinds = [resource["Type"] for resource in delivery["Resources"].values()]
    assert [kinds.count(kind) for kind in ("AWS::CodePipeline::Pipeline", "AWS::IAM::Group")] == [1, 2]
    assert "Fn::GetStackOutput" not in json.dumps(delivery)


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


def test_a_connection_that_is_given_is_not_made() -> None:
    for source, made in zip(SOURCES[1:3], (True, False), strict=True):
        resources = composed(**source)["delivery"].template.to_dict()["Resources"]
        assert ("Connection" in resources) is made


def test_a_connection_needs_a_repository() -> None:
    with pytest.raises(ConfigError, match=r"delivery\.repository is needed"):
        composed(source="codeconnections")


def test_releases_cannot_be_overwritten_and_what_runs_is_never_removed(delivery: Template) -> None:
    images = delivery["Resources"]["Images"]["Properties"]
    assert images["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    movable = [one["ImageTagMutabilityExclusionFilterValue"] for one in images["ImageTagMutabilityExclusionFilters"]]
    assert movable == ["stage-*", "cache"]
    assert images["ImageScanningConfiguration"] == {"ScanOnPush": True}
    first = json.loads(images["LifecyclePolicy"]["LifecyclePolicyText"])["rules"][0]
    assert first["rulePriority"] == 1
    assert first["selection"]["tagPatternList"] == ["stage-*"]
    assert first["selection"]["countNumber"] == 1000


def test_a_stage_in_another_region_is_deployed_there_by_way_of_a_bucket_there() -> None:
    stacks = composed({**STAGES, "far": {"region": "us-east-1", "size": "economy"}})
    template = stacks["delivery"].template.to_dict()
    changing = [
        action for stage, action in actions_of(template) if stage == "far" and "StackName" in action["Configuration"]
    ]
    assert {action["Region"] for action in changing} == {"us-east-1"}
    here, there = pipeline_of(template)["ArtifactStores"]
    assert here["Region"] == {"Ref": "AWS::Region"}
    assert there["Region"] == "us-east-1"
    store = stacks["delivery-us-east-1"]
    assert there["ArtifactStore"]["Location"] == {
        "Fn::GetStackOutput": {"StackName": store.name, "OutputName": "BucketName", "Region": "us-east-1"}
    }
    assert "BucketName" in store.template.to_dict()["Outputs"]
    assert store.region == "us-east-1"
    assert store.name in stacks["delivery"].depends_on


def test_the_pipeline_updates_what_it_has_in_other_regions_before_itself() -> None:
    template = composed({**STAGES, "far": {"region": "us-east-1", "size": "economy"}})["delivery"].template.to_dict()
    (first, second) = (action for stage, action in actions_of(template) if stage == "pipeline")
    assert first["Configuration"]["TemplatePath"] == "Templates::delivery-us-east-1.yaml"
    assert first["Region"] == "us-east-1"
    assert second["Configuration"]["TemplatePath"] == "Templates::delivery.yaml"


def test_another_regions_bucket_is_the_pipelines_too() -> None:
    template = composed({**STAGES, "far": {"region": "us-east-1", "size": "economy"}})["delivery"].template.to_dict()
    policy = json.dumps(template["Resources"]["UseArtifacts"])
    assert policy.count("us-east-1") >= 3


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


# What these may do is derived from templates: tests/notejam_cfn/iam/test_permissions.py.
FOR_CLOUDFORMATION = {"StageExecutionRole", "PersonalStageRole", "OwnExecutionRole"}
USE_ARTIFACTS = {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"}
# What each kind of action calls. Source: AWS CodePipeline User Guide, "Manage the CodePipeline service role".
CALLS = {
    "CodeCommit": {"codecommit:GetBranch", "codecommit:GetCommit", "codecommit:UploadArchive"},
    "CodeBuild": {"codebuild:StartBuild", "codebuild:BatchGetBuilds"},
    "CloudFormation": {
        *("cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet"),
        *("cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet", "cloudformation:UpdateStack"),
        *("cloudformation:CreateStack", "iam:PassRole"),
    },
}


def test_every_actions_role_allows_what_the_action_calls(delivery: Template) -> None:
    for stage, action in actions_of(delivery):
        provider = action["ActionTypeId"]["Provider"]
        if provider == "Manual":
            assert "sns:Publish" in allowed(delivery, "PipelineRole")
            continue
        (role, _) = action["RoleArn"]["Fn::GetAtt"]
        assert CALLS[provider] | USE_ARTIFACTS <= allowed(delivery, role), (stage, action["Name"])


def test_the_pipeline_may_take_on_the_role_of_every_action(delivery: Template) -> None:
    needed = {json.dumps(action["RoleArn"]) for _, action in actions_of(delivery) if "RoleArn" in action}
    (assume,) = (s for s in statements_of(delivery, "PipelineRole") if s["Action"] == ["sts:AssumeRole"])
    assert {json.dumps(arn) for arn in assume["Resource"]} == needed


def test_the_pipeline_is_made_after_what_lets_it_run(delivery: Template) -> None:
    first = delivery["Resources"]["Pipeline"]["DependsOn"]
    assert {"PipelineActions", "StagePermissions1", "OwnPermissions1"} <= set(first)


LOGS_AND_TRACES_OF_STATE_MACHINES = {
    action.JSONrepr()
    for statement in (policies.allow_state_machine_logs(), policies.allow_state_machine_traces())
    for action in statement.properties["Action"]
}


def test_a_star_stands_only_where_aws_offers_nothing_narrower(delivery: Template) -> None:
    wide = {
        action
        for name, resource in delivery["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and name not in FOR_CLOUDFORMATION
        for statement in statements_of(delivery, name)
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
    }
    assert wide == {"ecr:GetAuthorizationToken"} | LOGS_AND_TRACES_OF_STATE_MACHINES


def test_what_the_pipeline_cannot_do_is_a_warning() -> None:
    far = {"region": "eu-central-1", "account": "1" * 12, "service": {"architecture": "X86_64"}}
    warnings = parse({"delivery": {"region": "cn-north-1"}, "stages": {**STAGES, "far": far}}).warnings()
    found = [warning for warning in warnings if warning.startswith("delivery: ")]
    assert [word in " ".join(found) for word in ("China", "own account", "service.architecture")] == [True] * 3


def test_personal_stages_are_not_in_the_pipeline() -> None:
    stages = {**STAGES, "dev-alice": {"region": "eu-central-1", "personal": True}}
    names = [stage["Name"] for stage in pipeline_of(composed(stages)["delivery"].template.to_dict())["Stages"]]
    assert "dev-alice" not in names


@pytest.mark.parametrize("source", SOURCES[:2] + SOURCES[3:], ids=lambda source: source["source"])
def test_the_delivery_deploys(source: dict[str, Any]) -> None:
    emulator = pytest.importorskip("notejam_cfn.local.emulator")
    with emulator.running() as aws:
        stack = composed(**source)["delivery"]
        outputs = aws.deploy(stack.name, stack.template.to_dict())
    people = {"DevelopersGroup", "ApproversGroup", "PersonalStageRole"}
    assert people | {"ImageRepositoryUri", "ImageProjectName", "ArtifactBucketName", "PipelineName"} == set(outputs)


def test_images_are_copied_to_every_other_region_that_stages_reach() -> None:
    stages = {**STAGES, "prod": STAGES["prod"] | {"backups": {"copy_region": "eu-west-1"}}}
    stacks = composed(stages)
    assert "AWS::ECR::Repository" in json.dumps(stacks["delivery-eu-west-1"].template.to_dict())
    resources = stacks["delivery"].template.to_dict()["Resources"]
    for build in ("ImageProject", "SmokeProject"):
        variables = {
            one["Name"]: one["Value"] for one in resources[build]["Properties"]["Environment"]["EnvironmentVariables"]
        }
        assert "delivery-eu-west-1" in json.dumps(variables["COPY_URIS"])
    assert "COPY_URIS" not in json.dumps(composed()["delivery"].template.to_dict())


def test_a_stage_takes_its_image_from_its_own_region() -> None:
    template = composed({**STAGES, "far": {"region": "us-east-1", "size": "economy"}})["delivery"].template.to_dict()
    plans = {stage: json.dumps(one["Configuration"]) for stage, one in actions_of(template) if one["Name"] == "plan"}
    assert "notejam-delivery-us-east-1" in plans["far"]
    assert "REPOSITORY_URI" not in plans["dev"]


def test_the_pipelines_events_reach_their_log() -> None:
    """Its rule names the log as EventBridge wants it; who may write is judged by the emulator's policy evaluator."""
    emulator = pytest.importorskip("notejam_cfn.local.emulator")
    stack = composed()["delivery"]
    with emulator.running() as aws:
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
