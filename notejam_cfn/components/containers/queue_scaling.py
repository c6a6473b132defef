"""How many tasks work on a queue: as many as there are messages for, and none while there are none."""

from __future__ import annotations

from collections.abc import Iterator

from troposphere import Join, cloudwatch
from troposphere import applicationautoscaling as scaling

from ...config.settings import WorkerSettings
from ...core.template import Template
from ...core.values import Value
from .queue import SQS, Queue
from .scaling import DIMENSION, NAMESPACE, by_the_minute, step_policy

# A step policy takes so many steps. Source: Application Auto Scaling User Guide, "Quotas".
MOST_STEPS = 20


def add_queue_scaling(
    template: Template,
    settings: WorkerSettings,
    cluster_name: Value,
    service_name: Value,
    queue: Queue,
    condition: str,
) -> None:
    """Run a task for so many messages, between the bounds; go down to the least when the queue was empty for a while.

    Messages that are being worked on count: a task that works is not taken for one too many. CloudWatch repeats the
    action of an alarm for scaling every minute while it lasts, so the number follows the queue; it goes up at once and
    down five minutes after it last changed. Sources: Amazon CloudWatch User Guide, "Using Amazon CloudWatch alarms";
    Application Auto Scaling User Guide, "How step scaling works".

    SQS stops measuring a queue that nobody has touched for six hours, and takes up to 15 minutes to begin again: the
    first message after that may wait so long where `min_tasks` is 0. Source: Amazon SQS Developer Guide, "Creating
    CloudWatch alarms for Amazon SQS metrics".
    """
    target = template.add(
        scaling.ScalableTarget(
            f"{settings.name}ScalableTarget",
            ServiceNamespace=NAMESPACE,
            ScalableDimension=DIMENSION,
            ResourceId=Join("/", ["service", cluster_name, service_name]),
            MinCapacity=settings.min_tasks,
            MaxCapacity=settings.max_tasks,
            Condition=condition,
        ),
        why="Bounds the number of tasks, and with it the cost.",
    )
    follow = step_policy(f"{settings.name}Follow", target, "ExactCapacity", list(steps(settings)), condition)
    template.add(follow, why="Runs as many tasks as there is work for.")
    rest = step_policy(f"{settings.name}Rest", target, "ExactCapacity", 0, condition)
    template.add(rest, why="Goes down to the least when there is nothing to do.")
    add_work_alarm(template, f"{settings.name}Busy", queue, follow, condition, at_least_one=True, minutes=1)
    add_work_alarm(
        template, f"{settings.name}Idle", queue, rest, condition, at_least_one=False, minutes=settings.idle_minutes
    )


def steps(settings: WorkerSettings) -> Iterator[scaling.StepAdjustment]:
    """Yield the steps: from how many messages on how many tasks run. Bounds count from the alarm's threshold, 1."""
    count = min(settings.max_tasks, MOST_STEPS)
    numbers = [-(-settings.max_tasks * step // count) for step in range(1, count + 1)]
    for before, tasks in zip([0, *numbers], numbers, strict=False):
        step = scaling.StepAdjustment(
            MetricIntervalLowerBound=before * settings.messages_per_task, ScalingAdjustment=tasks
        )
        if tasks < settings.max_tasks:
            step.MetricIntervalUpperBound = tasks * settings.messages_per_task
        yield step


def add_work_alarm(
    template: Template,
    title: str,
    queue: Queue,
    policy: scaling.ScalingPolicy,
    condition: str,
    at_least_one: bool,
    minutes: int,
) -> None:
    """Notice that there is work, or that there has been none for some minutes; one that is not measured is empty."""
    dimensions = [cloudwatch.MetricDimension(Name="QueueName", Value=queue.queue_name)]
    hidden = [
        by_the_minute("waiting", SQS, "ApproximateNumberOfMessagesVisible", dimensions, "Maximum"),
        by_the_minute("worked", SQS, "ApproximateNumberOfMessagesNotVisible", dimensions, "Maximum"),
    ]
    work = cloudwatch.MetricDataQuery(Id="work", Label="Messages", Expression="waiting + worked", ReturnData=True)
    says = "There is work" if at_least_one else "The queue is empty"
    template.add(
        cloudwatch.Alarm(
            title,
            AlarmDescription=f"{says}: the number of tasks follows. Nothing to do.",
            Metrics=[*hidden, work],
            EvaluationPeriods=minutes,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold" if at_least_one else "LessThanThreshold",
            TreatMissingData="notBreaching" if at_least_one else "breaching",
            AlarmActions=[policy.ref()],
            Condition=condition,
        ),
        why=f"Notices that {says[0].lower()}{says[1:]}.",
    )
