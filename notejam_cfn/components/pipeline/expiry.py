"""The end of a personal stage: schedules that delete its stacks from the hour it expires."""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import Parameter, Sub, iam, scheduler

from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies

GROUP = "Expiry"
TIME_PATTERN = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"
DELETE_STACK = "arn:${AWS::Partition}:scheduler:::aws-sdk:cloudformation:deleteStack"
# A stack that others still use cannot be deleted; it is tried again until they are gone.
AGAIN = "rate(20 minutes)"


@component("expiry")
def add_expiry(template: Template, stacks: Mapping[str, str], own_name: str) -> None:
    """Delete stacks (layer to name) from one time on until they are gone, and the stack of the schedules later.

    Both times are parameters, since composing knows no clock. Deleting takes the role each stack was created with.
    """
    expires = add_time(template, "ExpiresAt", "Expires at", "From then on the stage is deleted.")
    gone = add_time(template, "GoneBy", "Gone by", "Then the schedules go too; some hours later.")
    role = add_deleting_role(template, [*stacks.values(), own_name])
    for layer, name in stacks.items():
        schedule = deleting(f"Delete{layer.capitalize()}", name, role)
        schedule.ScheduleExpression = AGAIN
        schedule.StartDate = Sub("${ExpiresAt}.000Z", ExpiresAt=expires.ref())
        template.add(schedule, why=f"Deletes the {layer} stack once the stage has expired.")
    own = deleting("DeleteExpiry", own_name, role)
    own.ScheduleExpression = Sub("at(${GoneBy})", GoneBy=gone.ref())
    template.add(own, why="Deletes the schedules themselves when the rest is gone.")


def add_time(template: Template, name: str, label: str, description: str) -> Parameter:
    """Add a parameter that takes a time in UTC."""
    return template.add_parameter_in(
        GROUP,
        label,
        name,
        Type="String",
        AllowedPattern=TIME_PATTERN,
        ConstraintDescription="a time in UTC such as 2030-01-31T18:00:00",
        Description=f"{description} A time in UTC such as 2030-01-31T18:00:00.",
    )


def add_deleting_role(template: Template, stack_names: list[str]) -> iam.Role:
    """Let schedules delete these stacks and no others."""
    stacks: list[Value] = [
        pipeline_policies.in_account(f"cloudformation:${{AWS::Region}}:${{AWS::AccountId}}:stack/{name}/*")
        for name in stack_names
    ]
    delete = policies.allow(pipeline_policies.on("cloudformation", "DeleteStack"), stacks)
    return template.add(
        iam.Role(
            "ExpiryRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("scheduler"),
            Policies=[iam.Policy(PolicyName="delete", PolicyDocument=policies.policy(delete))],
        ),
        why="Lets the schedules delete the stage's stacks, and nothing else.",
    )


def deleting(title: str, stack_name: str, role: iam.Role) -> scheduler.Schedule:
    """Describe a schedule that deletes a stack; deleting one that is gone does nothing."""
    return scheduler.Schedule(
        title,
        Description=f"Deletes {stack_name}",
        FlexibleTimeWindow=scheduler.FlexibleTimeWindow(Mode="OFF"),
        ScheduleExpressionTimezone="UTC",
        Target=scheduler.Target(
            Arn=Sub(DELETE_STACK),
            RoleArn=role.get_att("Arn"),
            Input=f'{{"StackName":"{stack_name}"}}',
        ),
    )
