"""State machines, made the same way everywhere: Amazon States Language with JSONata, and no function code to maintain.

They call AWS by its own name for an action (`rds:startExportTask`). A definition leaves the ARN of that open, as it
holds the partition: `calls` says what CloudFormation fills in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from awacs.aws import Statement
from troposphere import Sub, logs, stepfunctions

from ..core.template import Template
from ..iam import policies
from .service_role import service_role

State = dict[str, Any]


def call(action: str, arguments: State, **rest: Any) -> State:
    """Return a state that calls AWS, and tries again for minutes. `action` names the placeholder of what is called."""
    again = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 2, "MaxAttempts": 5}
    return {"Type": "Task", "Resource": f"${{{action}}}", "Arguments": arguments, "Retry": [again], **rest}


def choice(conditions: Mapping[str, str], default: str) -> State:
    """Return a state that goes on to the state of the first condition that holds, or to the default."""
    choices = [{"Condition": condition, "Next": following} for condition, following in conditions.items()]
    return {"Type": "Choice", "Choices": choices, "Default": default}


def calls(actions: Mapping[str, str]) -> dict[str, Any]:
    """Return what stands for the placeholders of actions, such as `{"StartExport": "rds:startExportTask"}`."""
    return {name: Sub("arn:${AWS::Partition}:states:::aws-sdk:" + action) for name, action in actions.items()}


def add_state_machine(
    template: Template,
    name: str,
    definition: State,
    filled_in: Mapping[str, Any],
    statements: Sequence[Statement],
    log: logs.LogGroup,
    may: str,
    why: str,
    condition: str = "",
) -> stepfunctions.StateMachine:
    """Add the state machine `nameMachine` with a role of its own, `nameRole`, which may do what the statements allow.

    `filled_in` are the names its definition leaves open. Every step it takes is logged. With a condition, both are
    there only when it holds.
    """
    needs = [*statements, policies.allow_state_machine_logs(), policies.allow_state_machine_traces()]
    group = stepfunctions.CloudWatchLogsLogGroup(LogGroupArn=log.get_att("Arn"))
    destination = stepfunctions.LogDestination(CloudWatchLogsLogGroup=group)
    role = service_role(f"{name}Role", "states", *needs)
    machine = stepfunctions.StateMachine(
        f"{name}Machine",
        RoleArn=role.get_att("Arn"),
        Definition=definition,
        DefinitionSubstitutions=dict(filled_in),
        LoggingConfiguration=stepfunctions.LoggingConfiguration(
            Level="ALL", IncludeExecutionData=True, Destinations=[destination]
        ),
        TracingConfiguration=stepfunctions.TracingConfiguration(Enabled=True),
    )
    if condition:
        role.Condition = machine.Condition = condition
    template.add(role, why=may)
    return template.add(machine, why=why)
