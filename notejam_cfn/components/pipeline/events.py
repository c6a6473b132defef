"""What happens around the pipeline: what starts it from outside, whom its failures reach, and the log of its events."""

from __future__ import annotations

from troposphere import events, iam, logs, stepfunctions

from ...config.settings import DeliverySettings
from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies
from ..data.encryption import Encryption
from ..observability.alarm_topic import AlarmTopic, News, tell_of_event
from ..observability.log_groups import add_log_group
from ..observability.queries import PIPELINE, PUSHES, add_queries
from ..state_machines import add_state_machine, calls
from . import push_filter
from .pipeline import Pipeline
from .source import Filter, Source

CHANGES = [f"CodePipeline {what} Execution State Change" for what in ("Pipeline", "Stage", "Action")]


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
    if source.filter:
        kept[PUSHES] = add_filtered_start(template, settings, encryption, source, source.filter, pipeline)
    elif source.event_pattern:
        add_start(template, source, starting(pipeline, add_start_role(template, pipeline)))
    add_failure_notice(template, pipeline, people)
    add_queries(template, kept)


def starting(pipeline: Pipeline, role: iam.Role) -> events.Target:
    """Start the pipeline, as a role."""
    return events.Target(Id="pipeline", Arn=pipeline.arn, RoleArn=role.get_att("Arn"))


def add_start(template: Template, source: Source, target: events.Target) -> None:
    """Tell the pipeline, or who decides about it, of an event of the source."""
    template.add(
        events.Rule(
            "StartOnChange",
            Description="Starts the pipeline when its source changes",
            EventPattern=source.event_pattern,
            Targets=[target],
        ),
        why="Starts the pipeline as soon as the source changes, without polling.",
    )


def add_start_role(
    template: Template, pipeline: Pipeline, machine: stepfunctions.StateMachine | None = None
) -> iam.Role:
    """Let events start the pipeline and, where there is one, the machine that decides about it."""
    statements = [pipeline_policies.allow_starting_pipeline(pipeline.arn)]
    if machine is not None:
        statements.append(policies.allow_starting_executions(machine.ref()))
    return template.add(
        iam.Role(
            "StartRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("events"),
            Policies=[iam.Policy(PolicyName="start", PolicyDocument=policies.policy(*statements))],
        ),
        why="Lets a change of the source start the pipeline, and nothing else.",
    )


def add_filtered_start(
    template: Template,
    settings: DeliverySettings,
    encryption: Encryption,
    source: Source,
    pushes: Filter,
    pipeline: Pipeline,
) -> Value:
    """Let a state machine decide whether a push starts the pipeline, and return the name of its log.

    What it cannot catch itself, such as an answer too large for a state, starts the pipeline all the same: no change is
    missed. It is a standard one, as express ones tell of no failure; at four steps a push it costs cents.
    """
    why = "Keeps why a push started the pipeline, or did not."
    named = names.state_machine_log_group()
    log = add_log_group(template, "PushLogGroup", settings.log_retention_days, encryption, why, named)
    machine = add_push_machine(template, pushes, pipeline, log)
    role = add_start_role(template, pipeline, machine)
    add_start(template, source, events.Target(Id="push", Arn=machine.ref(), RoleArn=role.get_att("Arn")))
    template.add(
        events.Rule(
            "StartInDoubt",
            Description="Starts the pipeline when nothing could say whether it has to",
            EventPattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"stateMachineArn": [machine.ref()], "status": ["FAILED", "TIMED_OUT"]},
            },
            Targets=[starting(pipeline, role)],
        ),
        why="Misses no change, whatever goes wrong with looking at it.",
    )
    return log.ref()


def add_push_machine(
    template: Template, pushes: Filter, pipeline: Pipeline, log: logs.LogGroup
) -> stepfunctions.StateMachine:
    """Add the state machine, which may compare commits of the repository and start the pipeline."""
    filled_in = {push_filter.REPOSITORY: pushes.repository_name, push_filter.PIPELINE: pipeline.name}
    return add_state_machine(
        template,
        "Push",
        push_filter.definition(pushes.ignored),
        filled_in | calls(push_filter.ACTIONS),
        [
            pipeline_policies.allow_comparing_commits(pushes.repository_arn),
            pipeline_policies.allow_starting_pipeline(pipeline.arn),
        ],
        log,
        may="Lets the state machine compare commits of the repository and start the pipeline.",
        why="Starts the pipeline on a push, unless nothing but ignored paths changed.",
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
        *policies.allow_events_to_log(names.pipeline_log_streams())
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
    news = News(
        "pipeline-failed",
        {
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Action Execution State Change"],
            "detail": {"state": ["FAILED"], "pipeline": [pipeline.name]},
        },
        "Action <action> of stage <stage> failed in execution <execution>.",
        {"action": "$.detail.action", "stage": "$.detail.stage", "execution": "$.detail.execution-id"},
    )
    why = "Tells people that the pipeline failed, before they have to look."
    tell_of_event(template, "PipelineFailed", people, news, why)
