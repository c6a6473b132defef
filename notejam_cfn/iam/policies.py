"""IAM statements by intent: a component says what a role may do, and this module knows the actions.

No statement allows a whole service, and `*` stands as a resource only where AWS offers nothing narrower.
Source of actions and resource types: AWS, "Service Authorization Reference".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs import backup, ecr, iam, kms, logs, rds, s3, secretsmanager, ses, sns, ssmmessages, states, sts
from awacs.aws import (
    Action,
    Allow,
    ArnLike,
    ArnNotLike,
    Bool,
    BoolIfExists,
    Condition,
    Deny,
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


def policy(*statements: Statement) -> PolicyDocument:
    """Make a policy document of statements."""
    return PolicyDocument(Version=VERSION, Statement=list(statements))


def service_principal(service: str) -> Principal:
    """Return an AWS service as a principal, such as `ecs-tasks`."""
    return Principal("Service", f"{service}.{SERVICE_SUFFIX}")


def of_this_account(*more: Any) -> Condition:
    """Hold only when a service acts for this account, so that others cannot use it as their deputy."""
    return Condition([StringEquals("aws:SourceAccount", AccountId), *more])


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
    groups = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:RDS*")
    streams = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:RDS*:log-stream:*")
    return [
        allow([logs.CreateLogGroup, logs.PutRetentionPolicy], [groups]),
        allow([logs.CreateLogStream, logs.DescribeLogStreams, logs.GetLogEvents, logs.PutLogEvents], [streams]),
    ]


def allow_pulling_images(project: str, others: Sequence[Value] = ()) -> list[Statement]:
    """Pull images from this account's repositories, from the project's in the account of its pipeline, and from others.

    Signing in to the registry needs `*`. Who may pull from another account, that account's repository decides too.
    """
    pull = [ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetDownloadUrlForLayer]
    own = Sub("arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/*")
    of_pipeline = Sub(f"arn:${{AWS::Partition}}:ecr:*:*:repository/{names.delivery_stack(project)}-*")
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
        [Sub("arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*")],
        Condition([StringEquals("ses:FromAddress", sender)]),
    )


def refuse_plain_http(bucket_arn: Value) -> Statement:
    """Refuse every request to a bucket that is not over TLS."""
    return Statement(
        Sid="RefusePlainHttp",
        Effect=Deny,
        Action=[Action("s3", "*")],
        Principal=Principal("*"),
        Resource=[bucket_arn, objects_of(bucket_arn)],
        Condition=Condition([Bool("aws:SecureTransport", "false")]),
    )


def allow_delivering_load_balancer_logs(bucket_arn: Value) -> Statement:
    """Let Elastic Load Balancing write the access logs of this account's load balancers, in every region.

    Regions from before August 2022 also know an account for each region in this place, which AWS advises to replace.
    Source: Elastic Load Balancing, "Enable access logs for your Application Load Balancer".
    """
    balancers = Sub("arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:loadbalancer/*")
    return Statement(
        Sid="DeliverAccessLogs",
        Effect=Allow,
        Action=[s3.PutObject],
        Principal=service_principal("logdelivery.elasticloadbalancing"),
        Resource=[objects_of(bucket_arn, "AWSLogs/${AWS::AccountId}/*")],
        Condition=Condition([ArnLike("aws:SourceArn", balancers)]),
    )


def allow_account_to_administer_key() -> Statement:
    """Let the account's own IAM policies decide about a key, as every key needs; without it nobody could.

    Source: AWS KMS Developer Guide, "Default key policy".
    """
    return Statement(
        Sid="AccountDecides",
        Effect=Allow,
        Action=[Action("kms", "*")],
        Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
        Resource=["*"],
    )


def refuse_grants_to_people() -> Statement:
    """Refuse grants on a key unless an AWS service asks for one, for a resource that it encrypts with the key.

    A grant outlives the permissions of whoever made it. Source: AWS Control Tower, "CT.KMS.PR.3".
    """
    return Statement(
        Sid="GrantsForServicesOnly",
        Effect=Deny,
        Action=[kms.CreateGrant],
        Principal=Principal("AWS", "*"),
        Resource=["*"],
        Condition=Condition(
            [BoolIfExists({"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"})]
        ),
    )


def refuse_stages(project: str, but: str | None = None) -> Statement:
    """Refuse a key to the roles in which the pipeline changes stages, which may use keys by account; `but` one's.

    Keys have no name in their ARNs, and a tag takes minutes until it counts. Source: AWS KMS Developer Guide, "ABAC for
    AWS KMS".
    """
    pipeline = f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{names.delivery_stack(project)}-in-"
    tests: list[Any] = [ArnLike("aws:PrincipalArn", Sub(f"{pipeline}*"))]
    if but:
        tests.append(ArnNotLike("aws:PrincipalArn", Sub(f"{pipeline}{but}-*")))
    return Statement(
        Sid="OtherStagesStayOut",
        Effect=Deny,
        Action=[Action("kms", "*")],
        Principal=Principal("AWS", "*"),
        Resource=["*"],
        Condition=Condition(tests),
    )


def allow_log_groups_to_use_key() -> Statement:
    """Let CloudWatch Logs encrypt this account's log groups.

    AWS's example also lists kms:DescribeKey, to which the condition never applies: it has no encryption context.
    Source: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
    """
    groups = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
    return Statement(
        Sid="LogGroupsEncrypt",
        Effect=Allow,
        Action=[kms.Encrypt, kms.Decrypt, kms.ReEncryptFrom, kms.ReEncryptTo, kms.GenerateDataKey],
        Principal=Principal("Service", Sub("logs.${AWS::Region}.${AWS::URLSuffix}")),
        Resource=["*"],
        Condition=Condition([ArnLike("kms:EncryptionContext:aws:logs:arn", groups)]),
    )


def allow_services_to_use_key(*services: str) -> Statement:
    """Let AWS services that publish to encrypted topics of this account, such as `cloudwatch`, use the key."""
    return Statement(
        Sid="ServicesEncrypt",
        Effect=Allow,
        Action=[kms.Decrypt, kms.GenerateDataKey],
        Principal=Principal("Service", [f"{service}.{SERVICE_SUFFIX}" for service in services]),
        Resource=["*"],
        Condition=of_this_account(),
    )


def allow_events_to_use_key() -> Statement:
    """Let EventBridge publish to encrypted topics. It names no source to the key: a condition on one would drop events.

    Source: Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and encrypted
    topics".
    """
    return Statement(
        Sid="EventsEncrypt",
        Effect=Allow,
        Action=[kms.Decrypt, kms.GenerateDataKey],
        Principal=service_principal("events"),
        Resource=["*"],
    )


def allow_services_to_publish(topic_arn: Value, *services: str) -> Statement:
    """Let AWS services publish this account's news to a topic."""
    return Statement(
        Sid="ServicesPublish",
        Effect=Allow,
        Action=[sns.Publish],
        Principal=Principal("Service", [f"{service}.{SERVICE_SUFFIX}" for service in services]),
        Resource=[topic_arn],
        Condition=of_this_account(),
    )


def allow_events_to_publish(topic_arn: Value, *stacks: str) -> Statement:
    """Let EventBridge rules of this stack, and of `stacks` whose names begin so, publish to a topic."""
    return Statement(
        Sid="EventsPublish",
        Effect=Allow,
        Action=[sns.Publish],
        Principal=service_principal("events"),
        Resource=[topic_arn],
        Condition=Condition([ArnLike("aws:SourceArn", rules_of(*stacks))]),
    )


def rules_of(*stacks: str) -> list[Sub]:
    """Return the ARNs of the EventBridge rules of this stack, and of stacks whose names begin so."""
    begin = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/"
    return [Sub(f"{begin}{name}-*") for name in ("${AWS::StackName}", *stacks)]


def allow_events_to_log(streams_arn: Value) -> list[Statement]:
    """Let EventBridge rules of this stack write to a log group. `streams_arn` is the group's ARN and `:*`.

    A stream is made in no rule's name; a condition on it would drop events.
    Sources: Amazon EventBridge User Guide, "CloudWatch Logs permissions"; aws-samples/serverless-patterns, request 618.
    """
    services = Principal("Service", [f"{name}.{SERVICE_SUFFIX}" for name in ("delivery.logs", "events")])
    to_streams = {"Effect": Allow, "Principal": services, "Resource": [streams_arn]}
    return [
        Statement(Sid="EventsMakeStreams", Action=[logs.CreateLogStream], **to_streams),
        Statement(
            Sid="EventsLog",
            Action=[logs.PutLogEvents],
            Condition=Condition([ArnLike("aws:SourceArn", rules_of())]),
            **to_streams,
        ),
    ]


def refuse_deleting_backups(vault_arn: Value | str = "*") -> Statement:
    """Refuse to delete what a vault holds, or to shorten how long it is kept, whoever asks. AWS Backup still does.

    Source: AWS Backup Developer Guide, "Vault access policies".
    """
    return Statement(
        Sid="KeepUntilItsTime",
        Effect=Deny,
        Principal=Principal("AWS", "*"),
        Action=[backup.DeleteRecoveryPoint, backup.UpdateRecoveryPointLifecycle],
        Resource=[vault_arn],
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
    snapshots = Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster-snapshot:*")
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
