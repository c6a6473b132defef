"""What happens around the pipeline: what starts it from outside, whom its failures reach, and the log of its events."""

from __future__ import annotations

from troposphere import events, sns

from ...config.settings import DeliverySettings
from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies, resource_policies
from ..data.encryption import Encryption
from ..observability.alarm_topic import AlarmTopic, tell_of_event
from ..observability.log_groups import add_log_group
from ..observability.queries import PIPELINE, add_queries
from ..service_role import service_role
from .pipeline import Pipeline
from .source import Source

CHANGES = [f"CodePipeline {what} Execution State Change" for what in ("Pipeline", "Stage", "Action")]


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


@component("pipeline-events")
def add_pipeline_events(
    template: Template,
    settings: DeliverySettings,
    encryption: Encryption,
    source: Source,
    pipeline: Pipeline,
    people: AlarmTopic,
) -> None:
    """Add what starts the pipeline from outside, tells people of its failures, and keeps what happened in it."""
    kept = {PIPELINE: add_event_log(template, settings, encryption, pipeline)}
    if source.event_pattern:
        add_start(template, source, pipeline)
    add_failure_notice(template, pipeline, people)
    add_queries(template, kept)


def add_start(template: Template, source: Source, pipeline: Pipeline) -> None:
    """Start the pipeline on an event of its source, in a role that may do only that."""
    start = pipeline_policies.allow_starting_pipeline(pipeline.arn)
    role = template.add(
        service_role("StartRole", "events", start, policy_name="start"),
        why="Lets a change of the source start the pipeline, and nothing else.",
    )
    template.add(
        events.Rule(
            "StartOnChange",
            Description="Starts the pipeline when its source changes",
            EventPattern=source.event_pattern,
            Targets=[events.Target(Id="pipeline", Arn=pipeline.arn, RoleArn=role.get_att("Arn"))],
        ),
        why="Starts the pipeline as soon as the source changes, without polling.",
    )


def add_event_log(template: Template, settings: DeliverySettings, encryption: Encryption, pipeline: Pipeline) -> Value:
    """Keep every change of state of the pipeline, its stages and actions, approvals among them; return the log's name.

    EventBridge writes by leave of the log group's own policy: of those for the whole account there can be ten only.
    """
    group = add_log_group(
        template,
        "PipelineLogGroup",
        settings.log_retention_days,
        encryption,
        "Keeps what happened in the pipeline: what ran, failed and was approved, and when.",
        names.pipeline_log_group(),
    )
    group.ResourcePolicyDocument = pipeline_policies.document(
        *resource_policies.allow_events_to_log(names.pipeline_log_streams())
    )
    template.add(
        events.Rule(
            "PipelineChanged",
            Description="Keeps every change of the pipeline's state",
            EventPattern={
                "source": ["aws.codepipeline"],
                "detail-type": CHANGES,
                "detail": {"pipeline": [pipeline.name]},
            },
            Targets=[events.Target(Id="log", Arn=names.log_group_arn(group.ref()))],
        ),
        why="Writes the pipeline's events to its log.",
    )
    return group.ref()


def add_failure_notice(template: Template, pipeline: Pipeline, people: AlarmTopic) -> None:
    """Tell people which action of the pipeline failed, or who refused a change, with a link to what to do."""
    tell_of_event(
        template,
        "PipelineFailed",
        people,
        alarm="pipeline-failed",
        pattern={
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Action Execution State Change"],
            "detail": {"state": ["FAILED"], "pipeline": [pipeline.name]},
        },
        message="Action <action> of stage <stage> failed in execution <execution>.",
        fields={"action": "$.detail.action", "stage": "$.detail.stage", "execution": "$.detail.execution-id"},
        why="Tells people that the pipeline failed, before they have to look.",
    )
