"""What workloads may do with what is beside them: queues, buckets, file systems, jobs. See `policies`.

Source of actions and resource types: AWS, "Service Authorization Reference".
"""

from __future__ import annotations

from collections.abc import Sequence

from awacs import ecs, elasticfilesystem, events, iam, kms, s3, sqs, ssm, states
from awacs.aws import ArnEquals, Bool, Condition, Deny, Principal, Statement, StringEquals

from ..core.values import Value
from .policies import SERVICE_SUFFIX, allow, allow_decrypting_with, allow_everywhere, in_account, objects_of

OF_ACCOUNT = "${AWS::Region}:${AWS::AccountId}"


def allow_reading_parameter(arn: Value) -> Statement:
    """Read the current value of one parameter of SSM, as ECS does."""
    return allow([ssm.GetParameters], [arn])


def allow_sending(queue_arn: Value, key_arn: Value) -> list[Statement]:
    """Send messages to an encrypted queue.

    Source: Amazon SQS Developer Guide, "Key management", on permissions of producers and consumers.
    """
    sending = [sqs.SendMessage, sqs.GetQueueAttributes, sqs.GetQueueUrl]
    return [allow(sending, [queue_arn]), allow([kms.Decrypt, kms.GenerateDataKey], [key_arn])]


def allow_receiving(queue_arn: Value, key_arn: Value) -> list[Statement]:
    """Take messages from an encrypted queue, keep them for longer, and delete them when the work is done."""
    taking = [sqs.ReceiveMessage, sqs.DeleteMessage, sqs.ChangeMessageVisibility]
    return [
        allow([*taking, sqs.GetQueueAttributes, sqs.GetQueueUrl], [queue_arn]),
        allow_decrypting_with(key_arn),
    ]


def allow_protecting_tasks(cluster_name: Value) -> Statement:
    """Let a task keep itself from being stopped by scaling while it works.

    Source: Amazon ECS Developer Guide, "Protect your Amazon ECS tasks from being terminated by scale-in events".
    """
    return allow([ecs.GetTaskProtection, ecs.UpdateTaskProtection], [tasks_of(cluster_name)])


def allow_reading_bucket(bucket_arn: Value, key_arn: Value) -> list[Statement]:
    """List and read the objects of an encrypted bucket."""
    return [
        allow([s3.ListBucket], [bucket_arn]),
        allow([s3.GetObject], [objects_of(bucket_arn)]),
        allow_decrypting_with(key_arn),
    ]


def allow_writing_bucket(bucket_arn: Value, key_arn: Value) -> list[Statement]:
    """List, read, write and delete the objects of an encrypted bucket; versions stay."""
    objects = [s3.GetObject, s3.PutObject, s3.DeleteObject, s3.AbortMultipartUpload]
    return [
        allow([s3.ListBucket], [bucket_arn]),
        allow(objects, [objects_of(bucket_arn)]),
        allow([kms.Decrypt, kms.GenerateDataKey], [key_arn]),
    ]


def allow_mounting(file_system_arn: Value, access_point_arn: Value) -> Statement:
    """Mount a file system at one access point, to read and write."""
    return allow(
        [elasticfilesystem.ClientMount, elasticfilesystem.ClientWrite],
        [file_system_arn],
        Condition([StringEquals("elasticfilesystem:AccessPointArn", access_point_arn)]),
    )


def refuse_mounting_without_tls() -> Statement:
    """Refuse clients of a file system without TLS. A policy also ends the default, which lets in who has no role.

    Source: Amazon EFS User Guide, "Using IAM to control access to file systems".
    """
    return Statement(
        Sid="RefuseWithoutTls",
        Effect=Deny,
        Principal=Principal("AWS", "*"),
        Action=[elasticfilesystem.ClientMount, elasticfilesystem.ClientWrite, elasticfilesystem.ClientRootAccess],
        Resource=["*"],
        Condition=Condition([Bool("aws:SecureTransport", "false")]),
    )


def allow_running_job(cluster_name: Value, definition_arn: Value, role_arns: Sequence[Value]) -> list[Statement]:
    """Run a task, wait for its end and stop it, as Step Functions does; and see which others run.

    Sources: AWS Step Functions Developer Guide, "IAM policies for calling Amazon ECS/AWS Fargate", and for ListTasks
    the Service Authorization Reference, which narrows it by a condition only.
    """
    cluster = in_account(f"ecs:{OF_ACCOUNT}:cluster/${{Name}}", Name=cluster_name)
    in_cluster = Condition([ArnEquals("ecs:cluster", cluster)])
    rule = in_account(f"events:{OF_ACCOUNT}:rule/StepFunctionsGetEventsForECSTaskRule")
    passed = Condition([StringEquals("iam:PassedToService", f"ecs-tasks.{SERVICE_SUFFIX}")])
    tagged = Condition([StringEquals("ecs:CreateAction", "RunTask")])
    return [
        allow([ecs.RunTask], [definition_arn], in_cluster),
        allow([ecs.TagResource], [tasks_of(cluster_name)], tagged),
        allow([ecs.StopTask, ecs.DescribeTasks], [tasks_of(cluster_name)]),
        allow_everywhere("TasksAreListedByCluster", [ecs.ListTasks], in_cluster),
        allow([events.PutTargets, events.PutRule, events.DescribeRule], [rule]),
        allow([iam.PassRole], role_arns, passed),
    ]


def allow_starting_job(state_machine_arn: Value, dead_letters_arn: Value, key_arn: Value) -> list[Statement]:
    """Start a job's state machine by the clock, and keep what could not be started, both under one key.

    Source: Amazon EventBridge Scheduler User Guide, "Configuring a schedule's dead-letter queue", "Encryption at rest".
    """
    return [
        allow([states.StartExecution], [state_machine_arn]),
        allow([sqs.SendMessage], [dead_letters_arn]),
        allow([kms.Decrypt, kms.GenerateDataKey], [key_arn]),
    ]


def tasks_of(cluster_name: Value) -> Value:
    """Return the ARN of the tasks of a cluster."""
    return in_account(f"ecs:{OF_ACCOUNT}:task/${{Name}}/*", Name=cluster_name)
