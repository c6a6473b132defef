"""Whom a stage tells: the topic that every alarm publishes to, and the page that says what to do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from troposphere import If, NoValue, events, sns

from ...config.settings import MonitoringSettings
from ...core import names
from ...core.inputs import Inputs
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies, resource_policies
from ..data.encryption import Encryption

GROUP = "Alarms"


@dataclasses.dataclass(frozen=True)
class AlarmTopic(Inputs):
    """Where alarms go. `runbook_url` is the page with a section for each; empty without one."""

    topic_arn: Value = described("Topic that alarms publish to")
    runbook_url: str = ""

    def what_to_do(self, alarm: str, words: str = " What to do: ") -> str:
        """Return the end of a message: where the runbook says what to do, for an alarm such as `web-errors`."""
        return f"{words}{self.runbook_url}#{alarm}" if self.runbook_url else ""


@component("notifications")
def add_alarm_topic(template: Template, settings: MonitoringSettings, encryption: Encryption) -> AlarmTopic:
    """Add the stage's topic, and a subscription when the person who deploys names an address."""
    email = template.add_parameter_in(
        GROUP,
        "E-mail address",
        "AlarmEmail",
        Type="String",
        Default=settings.email,
        AllowedPattern=r"|[^@\s]+@[^@\s]+\.[^@\s]+",
        ConstraintDescription="empty, or an e-mail address",
        Description="Who is told of alarms. AWS sends a message to confirm first; empty tells nobody.",
    )
    topic = template.add(
        sns.Topic(
            "Alarms",
            KmsMasterKeyId=encryption.key_arn,
            Subscription=If(
                template.condition_given(email), [sns.Subscription(Protocol="email", Endpoint=email.ref())], NoValue
            ),
        ),
        why="Tells people what needs them.",
    )
    tags = template.stack_tags
    rules_of_stage = [names.console_stack(tags["project"], tags["stage"])] if "stage" in tags else []
    template.add(
        sns.TopicPolicy(
            "AlarmsPolicy",
            Topics=[topic.ref()],
            PolicyDocument=policies.policy(
                resource_policies.allow_services_to_publish(topic.ref(), "budgets", "cloudwatch"),
                resource_policies.allow_events_to_publish(topic.ref(), *rules_of_stage),
            ),
        ),
        why="Lets alarms, events and the budget of this account publish to the topic.",
    )
    return AlarmTopic(topic_arn=topic.ref(), runbook_url=settings.runbook_url)


def tell_of_event(
    template: Template,
    title: str,
    notifications: AlarmTopic,
    *,
    alarm: str,
    pattern: Mapping[str, Any],
    message: str,
    fields: Mapping[str, str],
    why: str,
) -> None:
    """Tell people of an event at once, in a sentence with a link to what to do: the section `alarm` of the runbook.

    `message` may name fields of the event in angle brackets; `fields` says where they are, such as `$.detail.state`.
    """
    template.add(
        events.Rule(
            title,
            Description=f"{alarm}{notifications.what_to_do(alarm, ': what to do stands at ')}",
            EventPattern=dict(pattern),
            Targets=[
                events.Target(
                    Id="people",
                    Arn=notifications.topic_arn,
                    InputTransformer=events.InputTransformer(
                        InputPathsMap=dict(fields),
                        InputTemplate=json.dumps(f"{message}{notifications.what_to_do(alarm)}"),
                    ),
                )
            ],
        ),
        why=why,
    )
