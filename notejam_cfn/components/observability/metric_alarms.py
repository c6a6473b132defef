"""Alarms: a metric, what is too much of it, and where the runbook says what to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from troposphere import cloudwatch

from ...core.suppressions import Suppression
from ...core.template import Template
from ...core.values import Value
from .alarm_topic import AlarmTopic

ONE_DAY_SECONDS = 86400
SPOKEN_FOR = Suppression(
    reason="A composite alarm tells people when this one, or others that mean the same, goes off: one message for all.",
    risk="None: the composite alarm has the action.",
    guard=("cloudwatch_alarm_action_check",),
)


@dataclasses.dataclass(frozen=True)
class MetricAlarm:
    """A metric and when it is too much: in `of` periods, `in_` of them beyond the threshold.

    A statistic such as `p99` is a percentile; too few measurements for one are no alarm, and missing ones never are: an
    idle or paused stage has none. With `silence_tells` people are told when measurements end that once came; an alarm
    that never had one says nothing.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, Value]
    threshold: float = 1
    statistic: str = "Sum"
    comparison: str = "GreaterThanOrEqualToThreshold"
    period_seconds: int = 300
    in_: int = 1
    of: int = 1
    silence_tells: bool = False


def add_alarm(
    template: Template,
    title: str,
    watched: MetricAlarm,
    notifications: AlarmTopic,
    section: str,
    meaning: str,
    notify: bool = True,
) -> cloudwatch.Alarm:
    """Add an alarm and return it. `section` is where the runbook says what to do, `meaning` a sentence for people."""
    alarm = cloudwatch.Alarm(
        title,
        AlarmDescription=f"{meaning}{notifications.what_to_do(section)}",
        Namespace=watched.namespace,
        MetricName=watched.metric,
        Dimensions=[cloudwatch.MetricDimension(Name=name, Value=value) for name, value in watched.dimensions.items()],
        Period=watched.period_seconds,
        EvaluationPeriods=watched.of,
        DatapointsToAlarm=watched.in_,
        Threshold=watched.threshold,
        ComparisonOperator=watched.comparison,
        TreatMissingData="missing" if watched.silence_tells else "notBreaching",
    )
    if watched.statistic.startswith("p"):
        alarm.ExtendedStatistic = watched.statistic
        alarm.EvaluateLowSampleCountPercentile = "ignore"
    else:
        alarm.Statistic = watched.statistic
    if notify:
        alarm.AlarmActions = [notifications.topic_arn]
        alarm.OKActions = [notifications.topic_arn]
    if watched.silence_tells:
        alarm.InsufficientDataActions = [notifications.topic_arn]
    suppressions = [] if notify else [SPOKEN_FOR]
    return template.add(alarm, why=f"Notices it: {meaning[0].lower()}{meaning[1:]}", suppress=suppressions)
