"""How many tasks run: with the traffic, by the clock, and none while nobody asks."""

from __future__ import annotations

from typing import Any

from troposphere import Join, Parameter, cloudwatch
from troposphere import applicationautoscaling as scaling

from ...config.settings import ServiceSettings
from ...core.template import Template
from ...core.values import Value
from ..load_balancing.targets import Targets

GROUP = "Scaling"
NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"
QUIET_PERIOD_SECONDS = 300
MOST_TASKS = 1000
ASSERTED_EVERY_MINUTES = 5
LOAD_BALANCER_METRICS = "AWS/ApplicationELB"
REFUSED = "HTTPCode_ELB_503_Count"


def add_scaling(
    template: Template,
    settings: ServiceSettings,
    cluster_name: Value,
    service_name: Value,
    targets: Targets | None,
    condition: str,
) -> None:
    """Scale a service between its bounds by CPU and requests; raise the minimum in business hours; let it sleep.

    Registering the bounds also brings the number of tasks inside them, so the service needs no desired count, which
    every deployment would reset. Source: Application Auto Scaling API Reference, "RegisterScalableTarget".
    """
    least, most = add_bounds(template, settings)
    target = scaling.ScalableTarget(
        f"{settings.name}ScalableTarget",
        ServiceNamespace=NAMESPACE,
        ScalableDimension=DIMENSION,
        ResourceId=Join("/", ["service", cluster_name, service_name]),
        MinCapacity=least.ref(),
        MaxCapacity=most.ref(),
        # Written out when there are none, so that those of before go.
        ScheduledActions=business_hours(settings, least) if settings.busy_min_tasks else [],
        Condition=condition,
    )
    template.add(target, why="Bounds the number of tasks, and with it the cost.")
    add_tracking(template, settings, target, targets, condition)
    if settings.sleep_after_minutes and targets:
        add_sleep(template, settings, target, targets, condition)


def add_bounds(template: Template, settings: ServiceSettings) -> tuple[Parameter, Parameter]:
    """Let the person who deploys choose the bounds. Services beside the first have bounds of their own.

    Application Auto Scaling refuses a minimum above the maximum, the business hours' too. No template can compare two
    parameters, so the minimum ends where the maximum begins, between the configured ones.
    """
    between = max(1, settings.min_tasks, settings.busy_min_tasks, settings.max_tasks // 2)
    least = 0 if settings.sleep_after_minutes else 1
    idle = "0 lets them sleep" if settings.sleep_after_minutes else "they run also"
    return (
        add_bound(template, settings, "Minimum", (least, between), f"at the least; {idle} while nobody asks"),
        add_bound(template, settings, "Maximum", (between, MOST_TASKS), "at the most; it bounds the cost"),
    )


def add_bound(
    template: Template, settings: ServiceSettings, which: str, limits: tuple[int, int], meaning: str
) -> Parameter:
    """Add the parameter of one bound, which lies within limits."""
    prefix = "" if settings.name == "Web" else settings.name
    low, high = limits
    return template.add_parameter_in(
        GROUP,
        f"{which} number of tasks{' of ' + prefix if prefix else ''}",
        f"{prefix}{which[:3]}Tasks",
        Type="Number",
        Default=str(settings.min_tasks if which == "Minimum" else settings.max_tasks),
        MinValue=low,
        MaxValue=high,
        ConstraintDescription=f"a whole number from {low} to {high}",
        Description=f"Tasks that run {meaning}. The configuration's own number moves the limits, {low} and {high}.",
    )


def business_hours(settings: ServiceSettings, least: Parameter) -> list[scaling.ScheduledAction]:
    """Raise the minimum in business hours and lower it when they end, in the stage's time zone.

    An update of the target sets its minimum back, and a new stage begins with it. So the raised one is asserted every
    few minutes while business lasts, not only when it begins: that changes nothing where it holds already.
    """
    first, last = settings.busy_from_hour, settings.busy_to_hour - 1
    hours = f"{first}-{last}" if last > first else f"{first}"
    moments = {
        "begin": (f"0/{ASSERTED_EVERY_MINUTES} {hours}", settings.busy_min_tasks),
        "end": (f"0 {settings.busy_to_hour}", least.ref()),
    }
    return [
        scaling.ScheduledAction(
            ScheduledActionName=f"business-hours-{moment}",
            Schedule=f"cron({times} ? * {settings.busy_days} *)",
            Timezone=settings.time_zone,
            ScalableTargetAction=scaling.ScalableTargetAction(MinCapacity=tasks),
        )
        for moment, (times, tasks) in moments.items()
    ]


def add_tracking(
    template: Template,
    settings: ServiceSettings,
    target: scaling.ScalableTarget,
    targets: Targets | None,
    condition: str,
) -> None:
    """Aim at a CPU use and a number of requests for each task; the metric that wants more tasks wins.

    A service that sleeps only grows by CPU use: otherwise a quiet minute would stop its last task, and each metric has
    an alarm that costs as much as three hours of a task.
    """
    metrics: dict[str, tuple[float, dict[str, Any]]] = {
        "Cpu": (settings.target_cpu_percent, {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"})
    }
    if targets and not settings.sleep_after_minutes:
        label = Join("/", [targets.balancer_full_name, targets.group_full_name])
        requests = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
        metrics["Requests"] = (settings.target_requests_per_minute, requests)
    for name, (aim, metric) in metrics.items():
        template.add(
            scaling.ScalingPolicy(
                f"{settings.name}{name}Scaling",
                PolicyName=f"{settings.name}-{name}".lower(),
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=target.ref(),
                TargetTrackingScalingPolicyConfiguration=scaling.TargetTrackingScalingPolicyConfiguration(
                    TargetValue=aim,
                    ScaleOutCooldown=30,
                    ScaleInCooldown=QUIET_PERIOD_SECONDS,
                    DisableScaleIn=bool(settings.sleep_after_minutes),
                    PredefinedMetricSpecification=scaling.PredefinedMetricSpecification(**metric),
                ),
                Condition=condition,
            ),
            why=f"Adds and removes tasks to keep {'CPU use' if name == 'Cpu' else 'requests a task'} at its aim.",
        )


def add_sleep(
    template: Template, settings: ServiceSettings, target: scaling.ScalableTarget, targets: Targets, condition: str
) -> None:
    """Stop the last tasks after a time without requests, and start one when somebody asks.

    With no task the load balancer answers 503, and counts it: that count wakes the service within about two minutes. It
    counts for all that stands behind it, so where others sleep there too something else has to wake each.
    Source: Elastic Load Balancing, "CloudWatch metrics for your Application Load Balancer", HTTPCode_ELB_503_Count.
    """
    sleep = template.add(
        step_policy(f"{settings.name}Sleep", target, "ExactCapacity", 0, condition),
        why="Stops every task when nobody has asked for a while.",
    )
    told = "Nobody has asked for a while: the tasks stop. Nothing to do."
    minutes = settings.sleep_after_minutes
    add_quiet_alarm(template, f"{settings.name}Quiet", told, targets.dimensions, minutes, sleep, condition)
    if not targets.shared:
        add_wake(template, settings, target, targets, condition)


def add_wake(
    template: Template, settings: ServiceSettings, target: scaling.ScalableTarget, targets: Targets, condition: str
) -> None:
    """Start a task when the load balancer had to refuse a request."""
    wake = template.add(
        step_policy(f"{settings.name}Wake", target, "ChangeInCapacity", 1, condition),
        why="Starts a task when somebody asks and none runs.",
    )
    asked = cloudwatch.Alarm(
        f"{settings.name}Asked",
        AlarmDescription="Somebody asked while no task ran: one starts. Nothing to do.",
        Namespace=LOAD_BALANCER_METRICS,
        MetricName=REFUSED,
        Dimensions=targets.dimensions[:1],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[wake.ref()],
        Condition=condition,
    )
    template.add(asked, why="Notices that somebody asked while no task ran.")


def add_quiet_alarm(
    template: Template,
    title: str,
    description: str,
    dimensions: list[cloudwatch.MetricDimension],
    minutes: int,
    sleep: scaling.ScalingPolicy,
    condition: str = "",
) -> None:
    """Add the alarm that stops tasks which have been there for minutes and which nobody asked.

    The minutes that count are those in which a task stood behind the load balancer: it reports healthy tasks then, and
    only then. Minutes without one, before the first release, after a wake or in an outage, have no value and are not
    quiet, so a release stays awake for its whole time. An alarm that is still on when a task has just been woken does
    not stop it: the policy waits for its cooldown, and the alarm is over by then.
    Sources: Elastic Load Balancing, "CloudWatch metrics for your Application Load Balancer", reporting criteria; Amazon
    CloudWatch User Guide, "Using math expressions": in a sum, a value that is missing is 0 where another is not;
    Application Auto Scaling User Guide, "How step scaling for Application Auto Scaling works", cooldown period.
    """
    alarm = cloudwatch.Alarm(
        title,
        AlarmDescription=description,
        Metrics=[
            by_the_minute("healthy", LOAD_BALANCER_METRICS, "HealthyHostCount", dimensions, "Maximum"),
            by_the_minute("requests", LOAD_BALANCER_METRICS, "RequestCount", dimensions, "Sum"),
            cloudwatch.MetricDataQuery(
                Id="asked", Label="Requests", Expression="0 * healthy + requests", ReturnData=True
            ),
        ],
        EvaluationPeriods=minutes,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[sleep.ref()],
        **under(condition),
    )
    template.add(alarm, why="Notices that nobody has asked for a while.")


def under(condition: str) -> dict[str, Any]:
    """Return the attribute of a resource that exists under a condition, or none."""
    return {"Condition": condition} if condition else {}


def step_policy(
    title: str,
    target: scaling.ScalableTarget,
    adjustment: str,
    tasks: int | list[scaling.StepAdjustment],
    condition: str = "",
) -> scaling.ScalingPolicy:
    """Make a policy that an alarm triggers: set the number of tasks (`ExactCapacity`) or change it by some.

    `tasks` is that number, of which some are for beyond the alarm's threshold and none is for below it; or steps of it,
    by how far the metric is beyond.
    """
    if isinstance(tasks, int):
        beyond: dict[str, Any] = {"MetricIntervalLowerBound" if tasks else "MetricIntervalUpperBound": 0}
        tasks = [scaling.StepAdjustment(ScalingAdjustment=tasks, **beyond)]
    return scaling.ScalingPolicy(
        title,
        PolicyName=title.lower(),
        PolicyType="StepScaling",
        ScalingTargetId=target.ref(),
        StepScalingPolicyConfiguration=scaling.StepScalingPolicyConfiguration(
            AdjustmentType=adjustment,
            MetricAggregationType="Maximum",
            StepAdjustments=tasks,
            Cooldown=QUIET_PERIOD_SECONDS,
        ),
        **under(condition),
    )


def by_the_minute(
    name: str, namespace: str, metric: str, dimensions: list[cloudwatch.MetricDimension], statistic: str
) -> cloudwatch.MetricDataQuery:
    """Return a metric by the minute, for an expression to take by its name."""
    return cloudwatch.MetricDataQuery(
        Id=name,
        MetricStat=cloudwatch.MetricStat(
            Metric=cloudwatch.Metric(Namespace=namespace, MetricName=metric, Dimensions=dimensions),
            Period=60,
            Stat=statistic,
        ),
        ReturnData=False,
    )
