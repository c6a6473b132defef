"""A job: a task that runs by the clock, is tried again when it fails, and whose failure people are told of."""

from __future__ import annotations

import json
from typing import Any

from troposphere import Select, Split, Sub, scheduler, sqs, stepfunctions

from ...config.settings import JobSettings
from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ...iam import workload_policies
from ..data.encryption import Encryption
from ..network.vpc import Network
from ..observability.alarm_topic import AlarmTopic
from ..observability.log_groups import add_log_group
from ..observability.metric_alarms import MetricAlarm, add_alarm
from ..service_role import service_role
from ..state_machines import State, add_state_machine, call, calls, choice
from .cluster import Cluster
from .options import TaskOptions
from .outputs import Job
from .queue import add_dead_letters, add_dead_letters_alarm
from .task import Task, add_task, add_task_security_group, capacity_strategy, groups_of

START_RETRIES, START_HOURS = 10, 6
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60, 1800


@component("job")
def add_job(
    template: Template,
    settings: JobSettings,
    network: Network,
    encryption: Encryption,
    cluster: Cluster,
    application: TaskOptions,
    notifications: AlarmTopic | None = None,
) -> Job:
    """Add a task that EventBridge Scheduler starts and Step Functions follows to its end.

    A run has failed when its container ends with another status than 0; it is tried again a minute later, then after
    twice as long, and so on. One that does not end in time has failed too, and is not tried again: its task may still
    run. What could not even be started is put aside. Given a topic, people are told of both. The scheduler starts a
    run at least once: a job must bear to run twice. Without an image there is no schedule: it is made by the first
    deployment that names one.
    """
    task = add_task(template, settings, network, encryption, cluster, application)
    group_id = add_task_security_group(template, settings, network).get_att("GroupId")
    where = {"Subnets": list(network.private_subnet_ids), "SecurityGroups": groups_of(group_id, application)}
    machine = add_machine(template, settings, encryption, cluster, task, where)
    unstarted = add_dead_letters(template, settings.name, encryption, "Keeps runs that could not be started.")
    add_schedule(template, settings, encryption, machine, unstarted, task.released)
    if notifications is not None:
        add_dead_letters_alarm(template, settings.name, unstarted, notifications, "A job could not be started.")
        failed = MetricAlarm("AWS/States", "ExecutionsFailed", {"StateMachineArn": machine.ref()})
        meaning = "A run of the job has failed."  # its retries included
        alarm = add_alarm(template, f"{settings.name}RunFailed", failed, notifications, "job-failed", meaning)
        alarm.Condition = task.released
    return Job(
        cluster_name=cluster.name,
        log_group_name=task.log_group_name,
        task_security_group_id=group_id,
        task_role_arn=task.task_role_arn,
        execution_role_arn=task.execution_role_arn,
        dead_letters_url=unstarted.ref(),
        name=settings.name,
    )


def add_machine(
    template: Template,
    settings: JobSettings,
    encryption: Encryption,
    cluster: Cluster,
    task: Task,
    where: dict[str, list[Value]],
) -> stepfunctions.StateMachine:
    """Add the state machine that runs the task, waits for its end and tries again."""
    log = add_log_group(
        template,
        f"{settings.name}RunsLogGroup",
        settings.log_retention_days,
        encryption,
        "Keeps how each run of the job went.",
        names.state_machine_log_group(settings.name),
    )
    roles = [task.execution_role_arn, task.task_role_arn]
    filled: dict[str, Any] = {}
    named: dict[str, list[str]] = {}
    for kind, values in where.items():
        keys = [f"{kind}{number}" for number in range(1, len(values) + 1)]
        filled |= zip(keys, values, strict=True)
        named[kind] = [f"${{{key}}}" for key in keys]
    return add_state_machine(
        template,
        settings.name,
        definition(settings, named),
        filled
        | calls({"ListTasks": "ecs:listTasks"})
        | {
            "RunTask": Sub("arn:${AWS::Partition}:states:::ecs:runTask.sync"),
            "Cluster": cluster.name,
            "Definition": task.definition_arn,
            "Family": Select(0, Split(":", Select(1, Split("/", task.definition_arn)))),
        },
        workload_policies.allow_running_job(cluster.name, task.definition_arn, roles),
        log,
        "Lets the job's state machine run its task, and see how it ends.",
        "Runs the job's task to its end, and again when it fails.",
        task.released,
    )


def definition(settings: JobSettings, where: dict[str, list[str]]) -> State:
    """Describe a run: not beside another one, where that is asked for; and again with more and more time between."""
    run: State = {
        "Type": "Task",
        "Resource": "${RunTask}",
        "Arguments": {
            "Cluster": "${Cluster}",
            "TaskDefinition": "${Definition}",
            "CapacityProviderStrategy": [item.to_dict() for item in capacity_strategy(settings)],
            "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED", **where}},
            "EnableExecuteCommand": settings.exec_access,
            "EnableECSManagedTags": True,
            "PropagateTags": "TASK_DEFINITION",
        },
        "TimeoutSeconds": settings.timeout_minutes * 60,
        "End": True,
    }
    if settings.retries:
        run["Retry"] = [
            # Its task may still run: another one beside it is what nobody asked for.
            {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0},
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": FIRST_RETRY_SECONDS,
                "BackoffRate": 2,
                "MaxDelaySeconds": LONGEST_RETRY_SECONDS,
                "MaxAttempts": settings.retries,
            },
        ]
    states = {"Run": run} | (looking_first() if settings.one_at_a_time else {})
    return {"QueryLanguage": "JSONata", "StartAt": "Look" if settings.one_at_a_time else "Run", "States": states}


def looking_first() -> State:
    """Describe the states that leave a run out while a task of the job runs."""
    arguments = {"Cluster": "${Cluster}", "Family": "${Family}", "DesiredStatus": "RUNNING"}
    return {
        "Look": call("ListTasks", arguments, Next="Alone"),
        "Alone": choice({"{% $count($states.input.TaskArns) > 0 %}": "LeftOut"}, "Run"),
        "LeftOut": {"Type": "Succeed"},
    }


def add_schedule(
    template: Template,
    settings: JobSettings,
    encryption: Encryption,
    machine: stepfunctions.StateMachine,
    unstarted: sqs.Queue,
    condition: str,
) -> None:
    """Add the schedule, with the role it starts runs in. What cannot be started is tried for hours, then put aside."""
    allowed = workload_policies.allow_starting_job(machine.ref(), unstarted.get_att("Arn"), encryption.key_arn)
    role = template.add(
        service_role(f"{settings.name}ScheduleRole", "scheduler", *allowed, Condition=condition),
        why="Lets the schedule start the job, and put aside what it could not start.",
    )
    target: dict[str, Any] = {"Input": json.dumps({}), "Arn": machine.ref(), "RoleArn": role.get_att("Arn")}
    template.add(
        scheduler.Schedule(
            f"{settings.name}Schedule",
            ScheduleExpression=settings.schedule,
            ScheduleExpressionTimezone=settings.time_zone,
            FlexibleTimeWindow=scheduler.FlexibleTimeWindow(Mode="OFF"),
            KmsKeyArn=encryption.key_arn,
            Target=scheduler.Target(
                **target,
                DeadLetterConfig=scheduler.DeadLetterConfig(Arn=unstarted.get_att("Arn")),
                RetryPolicy=scheduler.RetryPolicy(
                    MaximumRetryAttempts=START_RETRIES, MaximumEventAgeInSeconds=START_HOURS * 3600
                ),
            ),
            Condition=condition,
        ),
        why="Starts the job by the clock.",
    )
