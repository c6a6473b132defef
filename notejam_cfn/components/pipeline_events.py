"""What starts the pipeline from outside, and whom its failures reach."""

from __future__ import annotations

from typing import Any

from troposphere import codepipeline, events, iam, sns

from .. import delivery_policies, policies
from ..template import Template
from ..values import Value


def add_start(template: Template, event_pattern: dict[str, Any], pipeline_arn: Value) -> None:
    """Start the pipeline on an event of its source."""
    role = template.add(
        iam.Role(
            "StartRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("events"),
            Policies=[
                iam.Policy(
                    PolicyName="start",
                    PolicyDocument=policies.policy(delivery_policies.allow_starting_pipeline(pipeline_arn)),
                )
            ],
        ),
        why="Lets a change of the source start the pipeline, and nothing else.",
    )
    template.add(
        events.Rule(
            "StartOnChange",
            Description="Starts the pipeline when its source changes",
            EventPattern=event_pattern,
            Targets=[events.Target(Id="pipeline", Arn=pipeline_arn, RoleArn=role.get_att("Arn"))],
        ),
        why="Starts the pipeline as soon as the source changes, without polling.",
    )


def add_failure_notice(template: Template, pipeline: codepipeline.Pipeline, topic: sns.Topic) -> None:
    """Tell people when the pipeline fails."""
    template.add(
        events.Rule(
            "PipelineFailed",
            Description="Tells people that a stage of the pipeline failed",
            EventPattern={
                "source": ["aws.codepipeline"],
                "detail-type": ["CodePipeline Stage Execution State Change"],
                "detail": {"state": ["FAILED"], "pipeline": [pipeline.ref()]},
            },
            Targets=[
                events.Target(
                    Id="people",
                    Arn=topic.ref(),
                    InputTransformer=events.InputTransformer(
                        InputPathsMap={"stage": "$.detail.stage", "execution": "$.detail.execution-id"},
                        InputTemplate='"Stage <stage> failed in execution <execution>."',
                    ),
                )
            ],
        ),
        why="Tells people that a stage failed, before they have to look.",
    )
