"""What a rehearsal starts in place of EventBridge and its Scheduler, in the roles that templates give them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from notejam_cfn.local import events
from notejam_cfn.local.emulator import Emulator

HOUR = datetime.datetime(2026, 11, 26, 10, 0, 0)
EMPTY = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}


def role(aws: Emulator, name: str, allowed: str) -> str:
    """Make a role that Scheduler takes on, and that may delete stacks of a name."""
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = aws.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    arn = f"arn:aws:cloudformation:*:*:stack/{allowed}/*"
    statement = {"Effect": "Allow", "Action": "cloudformation:DeleteStack", "Resource": arn}
    iam.put_role_policy(RoleName=name, PolicyName="needs", PolicyDocument=json.dumps({"Statement": [statement]}))
    return str(made)


def schedule(aws: Emulator, stack: str, role_arn: str) -> None:
    """Have a stack deleted at the hour."""
    (aws_stack,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    aws.client("scheduler").create_schedule(
        Name=stack,
        ScheduleExpression=f"at({HOUR.isoformat()})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:cloudformation:deleteStack",
            "RoleArn": role_arn,
            "Input": json.dumps({"StackName": aws_stack["StackId"]}),
        },
    )


def is_there(aws: Emulator, stack: str) -> bool:
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    return any(each["StackName"] == stack and "DELETE" not in each["StackStatus"] for each in stacks)


def test_a_stack_is_deleted_at_its_hour_and_not_before(aws: Emulator) -> None:
    for name in ("mine", "later"):
        aws.deploy(name, EMPTY)
    schedule(aws, "mine", role(aws, "ends", "mine"))
    assert events.fire_due(aws, HOUR - datetime.timedelta(seconds=1)) == []
    assert is_there(aws, "mine")
    assert events.fire_due(aws, HOUR) == ["mine"]
    assert not is_there(aws, "mine")
    assert is_there(aws, "later")


def test_a_schedule_can_do_no_more_than_its_role(aws: Emulator) -> None:
    aws.deploy("mine", EMPTY)
    schedule(aws, "mine", role(aws, "ends-others", "others"))
    with pytest.raises(events.EventError, match=r"mine cannot call cloudformation:deleteStack as .*ends-others"):
        events.fire_due(aws, HOUR)
    assert is_there(aws, "mine")


def test_a_template_is_filled_in_with_what_its_paths_find() -> None:
    event = events.stack_status(
        "arn:aws:cloudformation:eu-central-1:123456789012:stack/a-preview-b/1", "DELETE_COMPLETE"
    )
    paths = {"stack": "$.detail.stack-id", "where": "$.region"}
    text = events.transformed({"InputTemplate": '{"a": ["<stack>", "<where>"]}', "InputPathsMap": paths}, event)
    assert json.loads(text) == {"a": [event["resources"][0], "eu-central-1"]}


@pytest.mark.parametrize(
    ("stack", "status", "hears"),
    [
        ("a-preview-b", "DELETE_COMPLETE", True),
        ("a-preview-b", "DELETE_FAILED", False),
        ("a-b", "DELETE_COMPLETE", False),
    ],
)
def test_a_rule_hears_what_its_pattern_says(aws: Emulator, stack: str, status: str, hears: bool) -> None:
    pattern: dict[str, Any] = {
        "source": ["aws.cloudformation"],
        "detail": {
            "stack-id": [{"wildcard": "arn:aws:cloudformation:*:123456789012:stack/a-preview-*/*"}],
            "status-details": {"status": ["DELETE_COMPLETE"]},
        },
    }
    client = aws.client("events")
    client.put_rule(Name="ended", EventPattern=json.dumps(pattern))
    event = events.stack_status(f"arn:aws:cloudformation:eu-central-1:123456789012:stack/{stack}/1", status)
    assert client.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"] is hears
    assert events.deliver(aws, event) == [], "the rule has no targets"


def task_rule(aws: Emulator, cluster_allowed: str) -> None:
    """Have a task run in the cluster `dev` on any event of CloudFormation, in a role that may run it in one cluster."""
    ecs = aws.client("ecs")
    cluster = ecs.create_cluster(clusterName="dev")["cluster"]["clusterArn"]
    family = [{"name": "web", "image": "i", "memory": 128, "command": ["serve"]}]
    task = ecs.register_task_definition(family="web", containerDefinitions=family, networkMode="awsvpc")[
        "taskDefinition"
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statement = {
        "Effect": "Allow",
        "Action": "ecs:RunTask",
        "Resource": "*",
        "Condition": {"ArnEquals": {"ecs:cluster": cluster.replace("cluster/dev", f"cluster/{cluster_allowed}")}},
    }
    iam, client = aws.client("iam"), aws.client("events")
    made = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="runs", PolicyName="needs", PolicyDocument=json.dumps({"Statement": [statement]}))
    client.put_rule(Name="ended", EventPattern=json.dumps({"source": ["aws.cloudformation"]}))
    place = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}}
    overrides = '{"containerOverrides": [{"name": "web", "command": ["drop", "<stack>"]}]}'
    target = {
        "Id": "drop",
        "Arn": cluster,
        "RoleArn": made,
        "EcsParameters": {
            "TaskDefinitionArn": task["taskDefinitionArn"],
            "LaunchType": "FARGATE",
            "NetworkConfiguration": place,
        },
        "InputTransformer": {"InputPathsMap": {"stack": "$.detail.stack-id"}, "InputTemplate": overrides},
    }
    client.put_targets(Rule="ended", Targets=[target])


ENDED = events.stack_status("arn:aws:cloudformation:eu-central-1:123456789012:stack/a-preview-b/1", "DELETE_COMPLETE")


def test_a_rules_task_gets_the_command_that_its_target_makes_of_the_event(aws: Emulator) -> None:
    task_rule(aws, "dev")
    [started] = events.deliver(aws, ENDED)
    assert list(events.commands_of(started)) == [("web", ["drop", ENDED["resources"][0]])]


def test_a_rule_can_run_its_task_only_where_its_role_may(aws: Emulator) -> None:
    task_rule(aws, "prod")
    with pytest.raises(events.EventError, match=r"ended cannot run its task as .*runs"):
        events.deliver(aws, ENDED)
