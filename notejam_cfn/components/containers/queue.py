"""A queue of work, and another for what could not be done, which people are told of."""

from __future__ import annotations

import dataclasses

from awacs.aws import Statement
from troposphere import GetStackOutput, sqs

from ...config.settings import QueueSettings
from ...core.inputs import Inputs
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import workload_policies
from ..data.encryption import Encryption
from ..observability.alarm_topic import AlarmTopic
from ..observability.metric_alarms import MetricAlarm, add_alarm

SQS = "AWS/SQS"
ONE_DAY_SECONDS = 86_400
LONGEST_POLL_SECONDS = 20
MOST_DAYS = 14
WHERE_MESSAGES_END = Suppression(
    reason="What failed ends in this queue, for people to look at: a queue after it would only end there.",
    risk="Messages that nobody has looked at for 14 days go; an alarm tells people of the first one.",
    guard=("sqs_dlq_check",),
)
KEY_READ_ELSEWHERE = Suppression(
    reason="The key is read by Fn::GetStackOutput, a function that is newer than the rule.",
    risk="None: the queue is encrypted with a customer key.",
    guard=("sqs_queue_encrypted_check",),
)


@dataclasses.dataclass(frozen=True)
class Queue(Inputs):
    """Where work is left. Who leaves some gets the statements `sending`, and who takes it those of `receiving`."""

    url: Value = described("Queue that work is left in")
    arn: Value = described("Queue that permissions name")
    queue_name: Value = described("Queue, as metrics name it")
    dead_letters_url: Value = described("Queue of what could not be done")
    key_arn: Value = described("Key that the queue's messages are encrypted with")

    @property
    def sending(self) -> list[Statement]:
        """What leaving messages takes."""
        return workload_policies.allow_sending(self.arn, self.key_arn)

    @property
    def receiving(self) -> list[Statement]:
        """What taking messages takes, and deleting them when the work is done."""
        return workload_policies.allow_receiving(self.arn, self.key_arn)


@component("queue")
def add_queue(
    template: Template, settings: QueueSettings, encryption: Encryption, notifications: AlarmTopic | None = None
) -> Queue:
    """Add a queue; what failed as often as the settings say goes to a second one, for people to look at.

    Given a topic, people are told when something got there, and when a message has waited for too long.
    """
    failed = add_dead_letters(template, settings.name, encryption, "Keeps what failed until somebody looks.")
    queue = template.add(
        sqs.Queue(
            f"{settings.name}Queue",
            KmsMasterKeyId=encryption.key_arn,
            VisibilityTimeout=settings.visibility_seconds,
            MessageRetentionPeriod=settings.retention_days * ONE_DAY_SECONDS,
            ReceiveMessageWaitTimeSeconds=LONGEST_POLL_SECONDS,
            RedrivePolicy=sqs.RedrivePolicy(
                deadLetterTargetArn=failed.get_att("Arn"), maxReceiveCount=settings.attempts
            ),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        ),
        why="Keeps work until a task has done it.",
        suppress=encrypted_unseen(encryption),
    )
    if notifications is not None:
        add_dead_letters_alarm(template, settings.name, failed, notifications, "Messages were tried again and again.")
        add_waiting_alarm(template, settings, queue, notifications)
    return Queue(
        url=queue.ref(),
        arn=queue.get_att("Arn"),
        queue_name=queue.get_att("QueueName"),
        dead_letters_url=failed.ref(),
        key_arn=encryption.key_arn,
    )


def add_dead_letters(template: Template, name: str, encryption: Encryption, why: str) -> sqs.Queue:
    """Add a queue of what failed, kept for as long as SQS keeps anything."""
    return template.add(
        sqs.Queue(
            f"{name}DeadLetters",
            KmsMasterKeyId=encryption.key_arn,
            MessageRetentionPeriod=MOST_DAYS * ONE_DAY_SECONDS,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        ),
        why=why,
        suppress=[WHERE_MESSAGES_END, *encrypted_unseen(encryption)],
    )


def encrypted_unseen(encryption: Encryption) -> list[Suppression]:
    """Return the suppression of a rule that does not see a key of another stack."""
    return [KEY_READ_ELSEWHERE] if isinstance(encryption.key_arn, GetStackOutput) else []


def add_dead_letters_alarm(
    template: Template, name: str, failed: sqs.Queue, notifications: AlarmTopic, meaning: str
) -> None:
    """Tell people that something failed for good, until they have looked: the alarm ends when the queue is empty."""
    waiting = {"QueueName": failed.get_att("QueueName")}
    metric = MetricAlarm(SQS, "ApproximateNumberOfMessagesVisible", waiting, 1, "Maximum")
    add_alarm(template, f"{name}Failed", metric, notifications, "dead-letters", meaning)


def add_waiting_alarm(template: Template, settings: QueueSettings, queue: sqs.Queue, notifications: AlarmTopic) -> None:
    """Tell people that the oldest message has waited for too long, where the settings say how long that is."""
    if not settings.oldest_minutes:
        return
    metric = MetricAlarm(
        SQS,
        "ApproximateAgeOfOldestMessage",
        {"QueueName": queue.get_att("QueueName")},
        settings.oldest_minutes * 60,
        "Maximum",
    )
    meaning = f"Work has waited for more than {settings.oldest_minutes} minutes."
    add_alarm(template, f"{settings.name}Waits", metric, notifications, "work-waits", meaning)
