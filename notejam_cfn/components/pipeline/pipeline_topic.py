"""Tells people of what needs them: failures and approvals of the pipeline."""

from __future__ import annotations

from troposphere import sns

from ...config.settings import DeliverySettings
from ...core.template import Template, component
from ...iam import policies, resource_policies
from ..data.encryption import Encryption


@component("notices")
def add_pipeline_topic(template: Template, settings: DeliverySettings, encryption: Encryption) -> sns.Topic:
    """Add the topic, and the address that follows it where one is configured."""
    topic = sns.Topic("Notices", KmsMasterKeyId=encryption.key_arn)
    if settings.notify:
        topic.Subscription = [sns.Subscription(Protocol="email", Endpoint=settings.notify)]
    template.add(topic, why="Tells people what needs them.")
    template.add(
        sns.TopicPolicy(
            "NoticesPolicy",
            Topics=[topic.ref()],
            PolicyDocument=policies.policy(resource_policies.allow_events_to_publish(topic.ref())),
        ),
        why="Lets this account's event rules publish to the topic.",
    )
    return topic
