"""IAM statements by intent: a component says what a role may do, and this module knows the actions.

No statement allows a whole service, and `*` stands as a resource only where AWS offers nothing narrower.
Source of actions and resource types: AWS, "Service Authorization Reference".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs import backup, ecr, iam, kms, logs, rds, s3, secretsmanager, ses, ssmmessages, states, sts
from awacs.aws import (
    Action,
    Allow,
    Condition,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringLike,
)
from troposphere import AccountId, GetAtt, Sub

from ..core import names
from ..core.values import Value

VERSION = "2012-10-17"
# Every partition knows services by this name, China's included, where `AWS::URLSuffix` would be refused.
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
SERVICE_SUFFIX = "amazonaws.com"


def on(service: str, *actions: str) -> list[Action]:
    """Return actions of one service."""
    return [Action(service, name) for name in actions]


def in_account(arn: str, **values: Any) -> Sub:
    """Return an ARN of this partition and account: `in_account("ecs:*:${AWS::AccountId}:cluster/${Name}", Name=…)`."""
    return Sub("arn:${AWS::Partition}:" + arn, **values)


def policy(*statements: Statement) -> PolicyDocument:
    """Make a policy document of statements."""
    return PolicyDocument(Version=VERSION, Statement=list(statements))


def service_principal(service: str) -> Principal:
    """Return an AWS service as a principal, such as `ecs-tasks`."""
    return Principal("Service", f"{service}.{SERVICE_SUFFIX}")


def of_this_account() -> Condition:
    """Hold only when a service acts for this account, so that others cannot use it as their deputy."""
    return Condition([StringEquals("aws:SourceAccount", AccountId)])


def stage_tags(project: str, stage: str) -> dict[str, str]:
    """Return the keys and values by which conditions know what is tagged as a stage's."""
    return {"aws:ResourceTag/project": project, "aws:ResourceTag/stage": stage}


def assumed_by_service(service: str) -> PolicyDocument:
    """Trust one AWS service to assume the role, and only for resources of this account."""
    return policy(
        Statement(
            Effect=Allow,
            Action=[sts.AssumeRole],
            Principal=service_principal(service),
            Condition=of_this_account(),
        )
    )


def allow(actions: Sequence[Action], resources: Sequence[Value], condition: Condition | None = None) -> Statement:
    """Allow actions on resources: the plain statement the named ones below are made of."""
    extra = {"Condition": condition} if condition else {}
    return Statement(Effect=Allow, Action=list(actions), Resource=list(resources), **extra)


def allow_everywhere(because: str, actions: Sequence[Action], condition: Condition | None = None) -> Statement:
    """Allow actions that AWS narrows to no resource. `because` says so in the statement's id, for whoever reads it."""
    extra = {"Condition": condition} if condition else {}
    return Statement(Sid=because, Effect=Allow, Action=list(actions), Resource=["*"], **extra)


def allow_reading_secret(arn: Value) -> Statement:
    """Read the current value of one secret."""
    return allow([secretsmanager.GetSecretValue], [arn])


def allow_decrypting_with(key_arn: Value) -> Statement:
    """Decrypt what one key encrypted."""
    return allow([kms.Decrypt], [key_arn])


def allow_writing_log_group(arn: Value) -> Statement:
    """Write to the streams of one log group. `arn` is the group's `Arn` attribute, which ends in `:*`."""
    return allow([logs.CreateLogStream, logs.PutLogEvents], [arn])


def allow_writing_flow_logs(arn: Value) -> list[Statement]:
    """Write VPC flow logs to one log group.

    Source: Amazon VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs".
    """
    return [allow([logs.CreateLogStream, logs.PutLogEvents, logs.DescribeLogStreams], [arn])]


def allow_writing_os_metrics() -> list[Statement]:
    """Write RDS's measurements of the operating system to the log group that RDS chose, `RDSOSMetrics`.

    Source: the managed policy AmazonRDSEnhancedMonitoringRole, for this account and region only.
    """
    groups = in_account("logs:${AWS::Region}:${AWS::AccountId}:log-group:RDS*")
    streams = in_account("logs:${AWS::Region}:${AWS::AccountId}:log-group:RDS*:log-stream:*")
    return [
        allow([logs.CreateLogGroup, logs.PutRetentionPolicy], [groups]),
        allow([logs.CreateLogStream, logs.DescribeLogStreams, logs.GetLogEvents, logs.PutLogEvents], [streams]),
    ]


def allow_pulling_images(project: str, others: Sequence[Value] = ()) -> list[Statement]:
    """Pull images from this account's repositories, from the project's in the account of its pipeline, and from others.

    Signing in to the registry needs `*`. Who may pull from another account, that account's repository decides too.
    """
    pull = [ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetDownloadUrlForLayer]
    own = in_account("ecr:*:${AWS::AccountId}:repository/*")
    of_pipeline = in_account(f"ecr:*:*:repository/{names.delivery_stack(project)}-*")
    return [
        allow_everywhere("SigningInHasNoResource", [ecr.GetAuthorizationToken]),
        allow(pull, [own, of_pipeline, *others]),
    ]


def allow_recorded_shells(log_group_arn: Value, key_arn: Value) -> list[Statement]:
    """Open the encrypted channels ECS Exec talks through and record the shell. Channels have no narrower resource.

    Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec".
    """
    channels = [
        ssmmessages.CreateControlChannel,
        ssmmessages.CreateDataChannel,
        ssmmessages.OpenControlChannel,
        ssmmessages.OpenDataChannel,
    ]
    return [
        allow_everywhere("ChannelsHaveNoResource", [*channels, logs.DescribeLogGroups]),
        allow([logs.CreateLogStream, logs.DescribeLogStreams, logs.PutLogEvents], [log_group_arn]),
        allow_decrypting_with(key_arn),
    ]


def allow_sending_mail(sender: str) -> Statement:
    """Send mail from one address, whichever identity of the account it was verified by."""
    return allow(
        [ses.SendEmail, ses.SendRawEmail],
        [in_account("ses:${AWS::Region}:${AWS::AccountId}:identity/*")],
        Condition([StringEquals("ses:FromAddress", sender)]),
    )


def allow_exporting_snapshots(bucket_arn: Value, key_arn: Value) -> list[Statement]:
    """Write exports to a bucket, as the role that RDS takes must. AWS lists wildcards; these are what an export uses.

    Source: Amazon Aurora User Guide, "Providing access to an Amazon S3 bucket using an IAM role".
    """
    objects = [s3.PutObject, s3.GetObject, s3.DeleteObject]
    return [
        allow([s3.ListBucket, s3.GetBucketLocation], [bucket_arn]),
        allow(objects, [objects_of(bucket_arn)]),
        allow([kms.Decrypt, kms.Encrypt, kms.GenerateDataKey, kms.DescribeKey], [key_arn]),
    ]


def allow_starting_exports(role_arn: Value, key_arn: Value, vault_arn: Value) -> list[Statement]:
    """Find a vault's snapshots, start exports of them as another role, and follow how they go."""
    snapshots = in_account("rds:${AWS::Region}:${AWS::AccountId}:cluster-snapshot:*")
    return [
        allow([backup.ListRecoveryPointsByBackupVault], [vault_arn]),
        allow([rds.StartExportTask], [snapshots]),
        allow_everywhere("ExportTasksHaveNoResource", [rds.DescribeExportTasks]),
        allow([iam.PassRole], [role_arn], Condition([StringLike("iam:PassedToService", "export.rds.*")])),
        allow([kms.CreateGrant, kms.DescribeKey], [key_arn]),
    ]


def allow_starting_executions(state_machine_arn: Value) -> Statement:
    """Start a state machine."""
    return allow([states.StartExecution], [state_machine_arn])


def allow_state_machine_logs() -> Statement:
    """Deliver a state machine's log. AWS offers no narrower resource than `*`.

    Source: AWS Step Functions Developer Guide, "Using CloudWatch Logs to log execution history".
    """
    actions = ("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries")
    more = ("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups")
    return allow_everywhere("LogDeliveryHasNoResource", [Action("logs", name) for name in (*actions, *more)])


def allow_state_machine_traces() -> Statement:
    """Send a state machine's traces to X-Ray, which has no narrower resource than `*`.

    Source: AWS Step Functions Developer Guide, "IAM policies for X-Ray".
    """
    actions = ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")
    return allow_everywhere("TracesHaveNoResource", [Action("xray", name) for name in actions])


def within(arn: Value, suffix: str) -> Value:
    """Return an ARN extended by a path, such as `/*`, or by what a service appends."""
    return Sub("${Arn}" + suffix, Arn=arn)


def objects_of(bucket_arn: Value, keys: str = "*") -> Value:
    """Return the objects of a bucket. One of the same template is named within the text, where engines look for it."""
    if isinstance(bucket_arn, GetAtt):
        return Sub("${" + ".".join(bucket_arn.data["Fn::GetAtt"]) + "}/" + keys)
    return within(bucket_arn, f"/{keys}")
