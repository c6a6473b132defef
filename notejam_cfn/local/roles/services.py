"""What AWS's services do for the resources that are deployed: in the roles these hand them, and in their own name.

Each function says for one type of resource who asks for what. Sources: the page on the service's role in its guide,
which the statements in `iam.policies` name too.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...core.images import ECR
from ...core.references import walk
from .arns import Place, Resource
from .policies import ANY, Request

WRITES_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
PULLS_IMAGE = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
USES_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


@dataclasses.dataclass(frozen=True)
class Need:
    """Somebody's request: a role's, or a service's in its own name (`logs.eu-central-1.amazonaws.com`)."""

    who: str
    request: Request


@dataclasses.dataclass(frozen=True)
class World:
    """The resources of an account and region, and where that is."""

    place: Place
    resources: Sequence[Resource]

    def arn_of_group(self, name: str, stream: str) -> str:
        """Return the ARN of a stream in a log group."""
        group = name.partition(":log-group:")[2].removesuffix(":*") or name
        return self.place.arn("logs:R:log-group:{}", f"{group}:log-stream:{stream}")

    def find(self, kind: str, arn_or_name: str) -> Resource | None:
        """Return the resource of a type that has an ARN or a name."""
        named = (one for one in self.resources if one.kind == kind)
        return next((one for one in named if arn_or_name in {one.physical_id, *one.own(self.place)}), None)

    def key_arn(self, name: str) -> str:
        """Return the ARN of a key that is given by its ARN or its identifier."""
        return self.place.arn("kms:R:key/{}", name)


def needs(world: World) -> Iterator[Need]:
    """Yield everything that services do for the resources of a world."""
    for resource in world.resources:
        said = SAID_BY.get(resource.kind)
        if said:
            yield from said(resource, world)


def _in_role(role: str, actions: Sequence[str], arns: Sequence[str], **context: Any) -> Iterator[Need]:
    for action in actions:
        for arn in arns:
            yield Need(role, Request(action, arn, context))


def _taken_on(role: str, service: str, world: World) -> Need:
    """Return a service's request to take a role on, which the role's trust policy decides."""
    return Need(f"{service}.amazonaws.com", Request("sts:AssumeRole", role, {"aws:SourceAccount": world.place.account}))


def task_definition(resource: Resource, world: World) -> Iterator[Need]:
    """ECS pulls images, reads secrets and writes logs in the execution role; the application works in the task role."""
    given = resource.properties
    execution, task = str(given.get("ExecutionRoleArn", "")), str(given.get("TaskRoleArn", ""))
    yield from (_taken_on(role, "ecs-tasks", world) for role in (execution, task) if role)
    for container in given.get("ContainerDefinitions", ()):
        pulled = ECR.fullmatch(str(container["Image"]))
        if pulled:
            yield from _in_role(execution, ["ecr:GetAuthorizationToken"], ["*"])
            repository = "arn:aws:ecr:{region}:{account}:repository/{name}".format(**pulled.groupdict())
            yield from _in_role(execution, PULLS_IMAGE, [repository])
        for secret in container.get("Secrets", ()):
            yield from _secret(execution, str(secret["ValueFrom"]), world)
        options = container.get("LogConfiguration", {}).get("Options", {})
        if "awslogs-group" in options:
            stream = f"{options.get('awslogs-stream-prefix', 'x')}/{container['Name']}/0"
            yield from _in_role(execution, WRITES_LOGS, [world.arn_of_group(options["awslogs-group"], stream)])
        yield from _application(task, container, world)


def _secret(role: str, source: str, world: World) -> Iterator[Need]:
    """Read a secret, and decrypt it where it has a key of its own; RDS makes the one of a cluster's password."""
    arn = ":".join(source.split(":")[:7])
    yield from _in_role(role, ["secretsmanager:GetSecretValue"], [arn])
    found = world.find("AWS::SecretsManager::Secret", arn)
    key = (found.properties if found else _password_of_cluster(arn, world)).get("KmsKeyId")
    if key:
        via = {"kms:ViaService": f"secretsmanager.{world.place.region}.amazonaws.com"}
        context = via | {"kms:EncryptionContext:SecretARN": arn}
        yield from _in_role(role, ["kms:Decrypt"], [world.key_arn(str(key))], **context)


def _password_of_cluster(arn: str, world: World) -> Mapping[str, Any]:
    clusters = (one for one in world.resources if one.kind == "AWS::RDS::DBCluster")
    found = next((one for one in clusters if one.attributes.get("MasterUserSecret.SecretArn") == arn), None)
    return found.properties.get("MasterUserSecret", {}) if found else {}


def _application(role: str, container: Mapping[str, Any], world: World) -> Iterator[Need]:
    """Say what the application calls: secrets again when they have changed, and mail from its own address."""
    told = {one["Name"]: str(one["Value"]) for one in container.get("Environment", ())}
    for secret in (value for name, value in told.items() if name.endswith("SECRET_ARN")):
        yield from _secret(role, secret, world)
    if told.get("MAIL_BACKEND") == "ses":
        sender = told["MAIL_FROM"]
        identity = f"arn:aws:ses:{world.place.region}:{world.place.account}:identity/{sender.rpartition('@')[2]}"
        yield from _in_role(role, ["ses:SendEmail"], [identity], **{"ses:FromAddress": sender})


def service(resource: Resource, world: World) -> Iterator[Need]:
    """ECS Exec opens its channels in the task role, and records what is typed.

    Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec".
    """
    definition = world.find("AWS::ECS::TaskDefinition", str(resource.properties.get("TaskDefinition", "")))
    cluster = world.find("AWS::ECS::Cluster", str(resource.properties.get("Cluster", "")))
    if not resource.properties.get("EnableExecuteCommand") or definition is None:
        return
    role = str(definition.properties.get("TaskRoleArn", ""))
    channels = [f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")]
    yield from _in_role(role, channels, ["*"])
    given = cluster.properties.get("Configuration", {}) if cluster else {}
    recorded = given.get("ExecuteCommandConfiguration", {})
    if recorded.get("KmsKeyId"):
        yield from _in_role(role, ["kms:Decrypt"], [world.key_arn(recorded["KmsKeyId"])])
    group = recorded.get("LogConfiguration", {}).get("CloudWatchLogGroupName")
    if group:
        yield from _in_role(role, ["logs:DescribeLogGroups"], ["*"])
        writes = (*WRITES_LOGS, "logs:DescribeLogStreams")
        yield from _in_role(role, writes, [world.arn_of_group(group, "ecs-execute-command-0")])


def function(resource: Resource, world: World) -> Iterator[Need]:
    """Lambda takes the function's role on, and writes its log in it; what the code calls, it calls when it runs."""
    role = str(resource.properties["Role"])
    yield _taken_on(role, "lambda", world)
    group = resource.properties.get("LoggingConfig", {}).get("LogGroup")
    if group:
        yield from _in_role(role, WRITES_LOGS, [world.arn_of_group(str(group), "2026/01/01/[$LATEST]0")])


def flow_log(resource: Resource, world: World) -> Iterator[Need]:
    """VPC flow logs are written in the role that they are given."""
    role, group = (str(resource.properties.get(name, "")) for name in ("DeliverLogsPermissionArn", "LogGroupName"))
    if role and group:
        yield _taken_on(role, "vpc-flow-logs", world)
        writes = (*WRITES_LOGS, "logs:DescribeLogStreams")
        yield from _in_role(role, writes, [world.arn_of_group(group, "eni-0-all")])


def monitored_database(resource: Resource, world: World) -> Iterator[Need]:
    """RDS writes the operating system's measurements in the monitoring role."""
    role = str(resource.properties.get("MonitoringRoleArn", ""))
    if role:
        yield _taken_on(role, "monitoring.rds", world)
        group = world.place.arn("logs:R:log-group:{}", "RDSOSMetrics")
        yield from _in_role(role, ["logs:CreateLogGroup"], [group])
        yield from _in_role(role, ["logs:PutRetentionPolicy"], [f"{group}:log-stream:"])
        writes = (*WRITES_LOGS, "logs:DescribeLogStreams", "logs:GetLogEvents")
        yield from _in_role(role, writes, [f"{group}:log-stream:db-0"])


def log_group(resource: Resource, world: World) -> Iterator[Need]:
    """CloudWatch Logs encrypts a group in its own name.

    Source: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
    """
    key = resource.properties.get("KmsKeyId")
    if key:
        actions = ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey")
        group = world.place.arn("logs:R:log-group:{}", resource.physical_id)
        context = {"kms:EncryptionContext:aws:logs:arn": group, "aws:SourceAccount": world.place.account}
        who = f"logs.{world.place.region}.amazonaws.com"
        yield from _in_role(who, [f"kms:{name}" for name in actions], [world.key_arn(str(key))], **context)


def publishing(service_name: str, topic: str, source: str, world: World, names_source: bool = True) -> Iterator[Need]:
    """Publish to a topic in a service's own name, and use the key of an encrypted one."""
    who = f"{service_name}.amazonaws.com"
    context = {"aws:SourceAccount": world.place.account, "aws:SourceArn": source}
    yield from _in_role(who, ["sns:Publish"], [topic], **context)
    found = world.find("AWS::SNS::Topic", topic)
    key = found.properties.get("KmsMasterKeyId") if found else None
    if key:
        yield from _in_role(who, USES_KEY, [world.key_arn(str(key))], **(context if names_source else {}))


def alarm(resource: Resource, world: World) -> Iterator[Need]:
    """CloudWatch tells a topic of an alarm."""
    for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for target in resource.properties.get(kind, ()):
            if str(target).split(":")[2:3] == ["sns"]:
                source = world.place.arn("cloudwatch:R:alarm:{}", resource.physical_id)
                yield from publishing("cloudwatch", str(target), source, world)


# What EventBridge and its scheduler do to a target in a role, by the service in the target's ARN.
TARGETS = {
    "codebuild": "codebuild:StartBuild",
    "codepipeline": "codepipeline:StartPipelineExecution",
    "ecs": "ecs:RunTask",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
}


def rule(resource: Resource, world: World) -> Iterator[Need]:
    """EventBridge hands events to targets: in a role, to topics in its own name, to log groups by their policy.

    A task is decided on its definition, and its roles are handed to ECS.
    Source: Amazon EventBridge User Guide, "Amazon ECS targets".
    """
    source = next(iter(resource.own(world.place)), "")
    for target in resource.properties.get("Targets", ()):
        arn, role, task = str(target["Arn"]), str(target.get("RoleArn", "")), target.get("EcsParameters")
        if not task:
            yield from _target("events", arn, role, source, world)
            continue
        yield _taken_on(role, "events", world)
        definition = str(task["TaskDefinitionArn"])
        yield from _in_role(role, ["ecs:RunTask"], [definition], **{"ecs:cluster": arn})
        found = world.find("AWS::ECS::TaskDefinition", definition)
        given = found.properties if found else {}
        roles = [str(given[name]) for name in ("TaskRoleArn", "ExecutionRoleArn") if name in given]
        yield from _in_role(role, ["iam:PassRole"], roles, **{"iam:PassedToService": "ecs-tasks.amazonaws.com"})


def schedule(resource: Resource, world: World) -> Iterator[Need]:
    """EventBridge Scheduler starts its target in a role; the API of a service is its own target."""
    target = resource.properties.get("Target", {})
    yield from _target("scheduler", str(target.get("Arn", "")), str(target.get("RoleArn", "")), "", world)


def _target(who: str, arn: str, role: str, source: str, world: World) -> Iterator[Need]:
    kind = arn.split(":")[2] if arn.startswith("arn:") else ""
    if role:
        yield _taken_on(role, who, world)
        if arn.startswith("arn:aws:scheduler:::aws-sdk:"):
            yield from _in_role(role, [sdk_action(arn)], [ANY])
        else:
            yield from _in_role(role, [TARGETS[kind]], [arn])
    elif kind == "sns":
        yield from publishing(who, arn, source, world, names_source=False)


def sdk_action(resource: str) -> str:
    """Return the IAM action of an SDK integration: `…:aws-sdk:rds:startExportTask` is `rds:StartExportTask`."""
    name, call = resource.split(":")[-2:]
    return f"{SDK_NAMES.get(name, name)}:{call[:1].upper()}{call[1:].removesuffix('.sync')}"


SDK_NAMES = {"sfn": "states", "databasemigration": "dms", "cloudwatchlogs": "logs"}


def state_machine(resource: Resource, world: World) -> Iterator[Need]:
    """A state machine calls each of its tasks' services in its role, delivers its log and sends its traces."""
    given = resource.properties
    role = str(given["RoleArn"])
    yield _taken_on(role, "states", world)
    definition = given.get("Definition") or json.loads(str(given.get("DefinitionString", "{}")))
    for _, state in walk(definition):
        if isinstance(state, dict) and state.get("Type") == "Task":
            yield from _call(role, state, dict(given.get("DefinitionSubstitutions") or {}), world)
    if given.get("LoggingConfiguration", {}).get("Destinations"):
        delivery = [f"{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")]
        more = ("ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups")
        yield from _in_role(role, [f"logs:{name}" for name in (*delivery, *more)], ["*"])
    if given.get("TracingConfiguration", {}).get("Enabled"):
        traces = ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")
        yield from _in_role(role, [f"xray:{name}" for name in traces], ["*"])


def _call(role: str, task: Mapping[str, Any], given: Mapping[str, Any], world: World) -> Iterator[Need]:
    """Yield what one task calls. Of arguments that are computed nothing is known but that something is called."""
    resource = _filled(task["Resource"], given)
    arguments = {**task.get("Parameters", {}), **task.get("Arguments", {})}
    known = {name: _filled(value, given) for name, value in arguments.items() if isinstance(value, str)}
    action = TARGETS.get(resource.split(":")[-2], "") if ":aws-sdk:" not in resource else sdk_action(resource)
    yield from _in_role(role, [action or sdk_action(resource)], [ANY])
    passed = [value for value in known.values() if ":role/" in value]
    to = {"iam:PassedToService": "export.rds.amazonaws.com"} if action == "rds:StartExportTask" else {}
    for one in passed:
        yield from _in_role(role, ["iam:PassRole"], [one], **to)
    if action == "rds:StartExportTask":
        key = world.key_arn(known["KmsKeyId"])
        yield from _in_role(
            role, ["kms:CreateGrant", "kms:DescribeKey"], [key], **{"kms:GrantIsForAWSResource": "true"}
        )
        yield from _export(passed[0], known["S3BucketName"], key, world)


def _filled(text: str, given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        text = text.replace(f"${{{name}}}", str(value))
    return text


def _export(role: str, bucket: str, key: str, world: World) -> Iterator[Need]:
    """RDS writes an export in the role that it is handed.

    Source: Amazon Aurora User Guide, "Providing access to an Amazon S3 bucket using an IAM role".
    """
    yield _taken_on(role, "export.rds", world)
    arn = f"arn:aws:s3:::{bucket}"
    yield from _in_role(role, ["s3:ListBucket", "s3:GetBucketLocation"], [arn])
    yield from _in_role(role, ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], [f"{arn}/export/part"])
    yield from _in_role(role, ["kms:Encrypt", "kms:DescribeKey", *USES_KEY], [key])


def load_balancer(resource: Resource, world: World) -> Iterator[Need]:
    """Elastic Load Balancing writes access logs in its own name."""
    given = {one["Key"]: one["Value"] for one in resource.properties.get("LoadBalancerAttributes", ())}
    bucket, prefix = given.get("access_logs.s3.bucket"), given.get("access_logs.s3.prefix")
    if bucket:
        folder = f"{prefix}/" if prefix else ""
        key = f"arn:aws:s3:::{bucket}/{folder}AWSLogs/{world.place.account}/elasticloadbalancing/log"
        source = {"aws:SourceArn": resource.physical_id, "aws:SourceAccount": world.place.account}
        who = "logdelivery.elasticloadbalancing.amazonaws.com"
        yield from _in_role(who, ["s3:PutObject"], [key], **source, **{"aws:SecureTransport": "true"})


def vault(resource: Resource, world: World) -> Iterator[Need]:
    """AWS Backup tells a topic what became of its jobs."""
    topic = resource.properties.get("Notifications", {}).get("SNSTopicArn")
    if topic:
        source = world.place.arn("backup:R:backup-vault:{}", resource.physical_id)
        yield from publishing("backup", str(topic), source, world)


def backed_up(resource: Resource, world: World) -> Iterator[Need]:
    """AWS Backup takes its role on; what it does there is in policies that AWS manages."""
    role = resource.properties.get("BackupSelection", resource.properties).get("IamRoleArn")
    if role:
        yield _taken_on(str(role), "backup", world)


def budget_action(resource: Resource, world: World) -> Iterator[Need]:
    """AWS Budgets attaches a policy to roles when a budget is spent, and takes it off again.

    Source: AWS Cost Management User Guide, "Setting up a role for AWS Budgets to run budget actions".
    """
    role = str(resource.properties["ExecutionRoleArn"])
    yield _taken_on(role, "budgets", world)
    given = resource.properties["Definition"].get("IamActionDefinition", {})
    roles = [world.place.arn("iam:A:role/{}", str(name)) for name in given.get("Roles", ())]
    actions = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    yield from _in_role(role, actions, roles, **{"iam:PolicyARN": given.get("PolicyArn", "")})


SAID_BY: dict[str, Callable[[Resource, World], Iterator[Need]]] = {
    "AWS::Backup::BackupSelection": backed_up,
    "AWS::Backup::BackupVault": vault,
    "AWS::Backup::RestoreTestingSelection": backed_up,
    "AWS::Budgets::BudgetsAction": budget_action,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::CompositeAlarm": alarm,
    "AWS::EC2::FlowLog": flow_log,
    "AWS::ECS::Service": service,
    "AWS::ECS::TaskDefinition": task_definition,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": load_balancer,
    "AWS::Events::Rule": rule,
    "AWS::Lambda::Function": function,
    "AWS::Logs::LogGroup": log_group,
    "AWS::RDS::DBCluster": monitored_database,
    "AWS::RDS::DBInstance": monitored_database,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::StepFunctions::StateMachine": state_machine,
}
