"""IAM statements that belong to a resource: the policies of keys, buckets, topics, log groups and vaults, by intent.

`policies` is what roles may do. Source of actions: AWS, "Service Authorization Reference".
"""

from __future__ import annotations

from typing import Any

from awacs import backup, kms, logs, s3, sns
from awacs.aws import (
    Action,
    Allow,
    ArnLike,
    ArnNotLike,
    Bool,
    BoolIfExists,
    Condition,
    Deny,
    Principal,
    Statement,
)
from troposphere import Sub

from ..core import names
from ..core.values import Value
from .policies import SERVICE_SUFFIX, in_account, objects_of, of_this_account, service_principal


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
    balancers = in_account("elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:loadbalancer/*")
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
        Principal=Principal("AWS", in_account("iam::${AWS::AccountId}:root")),
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
    pipeline = f"iam::${{AWS::AccountId}}:role/{names.delivery_stack(project)}-in-"
    tests: list[Any] = [ArnLike("aws:PrincipalArn", in_account(f"{pipeline}*"))]
    if but:
        tests.append(ArnNotLike("aws:PrincipalArn", in_account(f"{pipeline}{but}-*")))
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
    groups = in_account("logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
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
    begin = "events:${AWS::Region}:${AWS::AccountId}:rule/"
    return [in_account(f"{begin}{name}-*") for name in (names.THIS_STACK, *stacks)]


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
