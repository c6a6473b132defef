"""What happens when a preview ends: its stack deletes itself at its hour, and the stage drops its database."""

from __future__ import annotations

import json
from collections.abc import Sequence

from troposphere import Sub, ecs, events, iam, scheduler

from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ...iam import policies, preview_policies
from ..service_role import service_role

SAYS_ONLY_WHICH_STACK = Suppression(
    reason="The schedule holds the id of the stack that it deletes, and nothing that a key of ours would hide.",
    risk="None: the id stands in CloudFormation too.",
    checkov=("CKV_AWS_297",),
    guard=("scheduler_schedule_encrypted_check",),
)


@component("previews")
def add_expiry(template: Template, project: str, stage: str, hour: Value) -> None:
    """Delete the stack itself at an hour in UTC, such as 2026-11-25T18:00:00.

    CloudFormation goes on working in the role that the stack was made in, so the schedule hands over none.
    Sources: Amazon EventBridge Scheduler User Guide, "Using universal targets"; AWS CloudFormation API Reference,
    "DeleteStack", RoleARN.
    """
    role = preview_policies.expiry_role_arn(project, stage)
    target = scheduler.Target(
        Arn=Sub("arn:${AWS::Partition}:scheduler:::aws-sdk:cloudformation:deleteStack"),
        RoleArn=role,
        Input=Sub('{"StackName":"${AWS::StackId}"}'),
    )
    template.add(
        scheduler.Schedule(
            "Expiry",
            ScheduleExpression=Sub("at(${Hour})", Hour=hour),
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow=scheduler.FlexibleTimeWindow(Mode="OFF"),
            Target=target,
        ),
        why="Ends the preview at its hour, whatever becomes of the person who made it.",
        suppress=[SAYS_ONLY_WHICH_STACK],
    )


@component("previews")
def add_dropping(template: Template, service: ecs.Service, command: Sequence[str]) -> None:
    """Run a task of the service with a command and the id of a preview's stack once that is deleted.

    Source: AWS CloudFormation User Guide, "Managing CloudFormation events using EventBridge", stack status changes.
    """
    tags, container = template.stack_tags, service.LoadBalancers[0].ContainerName
    stacks = f"stack/{names.preview(tags['project'], tags['stage'], '*')}/*"
    ended = {
        "source": ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        "detail": {
            "stack-id": [{"wildcard": Sub(f"arn:${{AWS::Partition}}:cloudformation:*:${{AWS::AccountId}}:{stacks}")}],
            "status-details": {"status": ["DELETE_COMPLETE"]},
        },
    }
    overrides = {"containerOverrides": [{"name": container, "command": [*command, "<stack>"]}]}
    place = service.NetworkConfiguration.AwsvpcConfiguration
    template.add(
        events.Rule(
            "PreviewEnded",
            EventPattern=ended,
            Targets=[
                events.Target(
                    Id="drop",
                    Arn=cluster_arn(service.Cluster),
                    RoleArn=add_dropping_role(template, service).get_att("Arn"),
                    EcsParameters=events.EcsParameters(
                        TaskDefinitionArn=service.TaskDefinition,
                        LaunchType="FARGATE",
                        NetworkConfiguration=events.NetworkConfiguration(
                            AwsVpcConfiguration=events.AwsVpcConfiguration(
                                Subnets=place.Subnets, SecurityGroups=place.SecurityGroups
                            )
                        ),
                    ),
                    InputTransformer=events.InputTransformer(
                        InputPathsMap={"stack": "$.detail.stack-id"}, InputTemplate=json.dumps(overrides)
                    ),
                )
            ],
            Condition=service.resource["Condition"],
        ),
        why="Drops the database of a preview that has ended.",
    )


def allow_logging(template: Template, service: ecs.Service) -> None:
    """Let ECS write the logs of previews too, in the role in which it starts the service's tasks."""
    definition = template.resources[service.TaskDefinition.data["Ref"]]
    role = template.resources[definition.ExecutionRoleArn.data["Fn::GetAtt"][0]]
    tags = template.stack_tags
    writing = preview_policies.allow_writing_logs(tags["project"], tags["stage"])
    role.Policies = [*role.Policies, iam.Policy(PolicyName="previews", PolicyDocument=policies.policy(writing))]


def add_dropping_role(template: Template, service: ecs.Service) -> iam.Role:
    """Add the role in which EventBridge runs that task: it can run the service's tasks, and no others."""
    definition = template.resources[service.TaskDefinition.data["Ref"]]
    roles = [definition.TaskRoleArn, definition.ExecutionRoleArn]
    cluster = cluster_arn(service.Cluster)
    statements = preview_policies.allow_running_tasks(names.of_stack("-*"), cluster, roles)
    return template.add(
        service_role("PreviewEndedRole", "events", *statements),
        why="Lets events run the task that drops a database.",
    )


def cluster_arn(name: Value) -> Value:
    """Return the ARN of a cluster of this account and region."""
    return Sub("arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:cluster/${Name}", Name=name)
