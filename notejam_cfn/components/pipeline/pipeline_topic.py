"""Tells people of what needs them: failures and approvals of the pipeline, the budget of previews."""

from __future__ import annotations

from awacs.aws import Allow, ArnLike, Condition, Statement
from troposphere import sns

from ...config.settings import DeliverySettings
from ...core.template import Template, component
from ...iam import pipeline_policies, policies
from ..data.encryption import Encryption


@component("notices")
def add_pipeline_topic(template: Template, settings: DeliverySettings, encryption: Encryption) -> sns.Topic:
    """Add the topic, and the address that follows it where one is configured."""
    topic = sns.Topic("Notices", KmsMasterKeyId=encryption.key_arn)
    if settings.notify:
        topic.Subscription = [sns.Subscription(Protocol="email", Endpoint=settings.notify)]
    template.add(topic, why="Tells people what needs them.")
    template.add(
        sns.TopicPolicy("NoticesPolicy", Topics=[topic.ref()], PolicyDocument=policies.policy(*admitting(topic))),
        why="Lets events and the budget publish to the topic.",
    )
    return topic


def admitting(topic: sns.Topic) -> list[Statement]:
    """Let this account's event rules and budgets publish."""
    rules = pipeline_policies.in_account("events:${AWS::Region}:${AWS::AccountId}:rule/*")
    return [
        publishing("events", topic, Condition([ArnLike("aws:SourceArn", rules)])),
        publishing("budgets", topic, policies.of_this_account()),
    ]


def publishing(service: str, topic: sns.Topic, condition: Condition) -> Statement:
    """Let one service publish to the topic."""
    return Statement(
        Effect=Allow,
        Action=pipeline_policies.on("sns", "Publish"),
        Principal=policies.service_principal(service),
        Resource=[topic.ref()],
        Condition=condition,
    )
