"""The scaling of a stage, as its templates state it: bounds, targets, cooldowns, schedules, sleep, wake, capacity."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...core.evaluated import EvaluatedTemplate

CPU = "ECSServiceAverageCPUUtilization"
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclasses.dataclass(frozen=True)
class Tracking:
    """A target-tracking policy: percent of CPU, or requests a minute for each task."""

    metric: str
    target: float
    out_seconds: float
    in_seconds: float
    scales_in: bool


@dataclasses.dataclass(frozen=True)
class Scheduled:
    """A scheduled action: sets the minimum at the minutes, hours and days of a cron expression."""

    cron: str
    minimum: int

    def due(self, day: int, minute: int) -> bool:
        """Say whether it runs in a minute of a day; days count from Sunday, 0."""
        minutes, hours, _, _, days, *_ = self.cron.removeprefix("cron(").removesuffix(")").split()
        days = re.sub("|".join(DAYS), lambda found: str(DAYS.index(found[0])), days)
        return _fits(minutes, minute % 60) and _fits(hours, minute // 60) and (days == "?" or _fits(days, day))


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What decides how many tasks run and how much capacity the database has. `vcpus` is a task's."""

    minimum: int
    maximum: int
    vcpus: float
    gigabytes: float
    arm: bool
    tracking: tuple[Tracking, ...]
    schedules: tuple[Scheduled, ...]
    quiet_minutes: int | None
    wakes: bool
    least_acu: float
    most_acu: float
    pause_seconds: int | None


def read(templates: Iterable[EvaluatedTemplate]) -> Configuration:
    """Read the configuration from the templates of a stage. Raises `LookupError` when nothing scales in them."""
    found = [(template, body) for template in templates for _, body in template.resources()]

    def all_of(kind: str) -> list[tuple[EvaluatedTemplate, Mapping[str, Any]]]:
        return [(template, body["Properties"]) for template, body in found if body["Type"] == kind]

    template, target = _only(all_of("AWS::ApplicationAutoScaling::ScalableTarget"))
    policies = all_of("AWS::ApplicationAutoScaling::ScalingPolicy")
    steps = [one["StepScalingPolicyConfiguration"] for _, one in policies if one["PolicyType"] == "StepScaling"]
    quiet = [int(one["EvaluationPeriods"]) for _, one in all_of("AWS::CloudWatch::Alarm") if _starts(one, "Sleep")]
    # A load balancer asks it for the page of what sleeps, and it starts a task.
    groups = all_of("AWS::ElasticLoadBalancingV2::TargetGroup")
    waking_function = any(group.get("TargetType") == "lambda" for _, group in groups)
    _, task = _only(all_of("AWS::ECS::TaskDefinition"))
    database, cluster = _only(all_of("AWS::RDS::DBCluster"))
    capacity = cluster["ServerlessV2ScalingConfiguration"]
    pause = database.value(capacity.get("SecondsUntilAutoPause"))
    return Configuration(
        minimum=int(template.value(target["MinCapacity"])),
        maximum=int(template.value(target["MaxCapacity"])),
        vcpus=float(task["Cpu"]) / 1024,
        gigabytes=float(task["Memory"]) / 1024,
        arm=task.get("RuntimePlatform", {}).get("CpuArchitecture") == "ARM64",
        tracking=tuple(
            _tracking(one["TargetTrackingScalingPolicyConfiguration"])
            for _, one in policies
            if one["PolicyType"] == "TargetTrackingScaling"
        ),
        schedules=tuple(
            Scheduled(one["Schedule"], int(template.value(one["ScalableTargetAction"]["MinCapacity"])))
            for one in target.get("ScheduledActions", ())
        ),
        quiet_minutes=quiet[0] if quiet else None,
        wakes=any(one["AdjustmentType"] == "ChangeInCapacity" for one in steps) or waking_function,
        least_acu=float(database.value(capacity["MinCapacity"])),
        most_acu=float(database.value(capacity["MaxCapacity"])),
        pause_seconds=int(pause) if isinstance(pause, (int, str)) and str(pause).isdigit() else None,
    )


def _tracking(given: Mapping[str, Any]) -> Tracking:
    return Tracking(
        metric=given["PredefinedMetricSpecification"]["PredefinedMetricType"],
        target=float(given["TargetValue"]),
        out_seconds=float(given["ScaleOutCooldown"]),
        in_seconds=float(given["ScaleInCooldown"]),
        scales_in=not given["DisableScaleIn"],
    )


def _only(found: list[tuple[EvaluatedTemplate, Mapping[str, Any]]]) -> tuple[EvaluatedTemplate, Mapping[str, Any]]:
    if not found:
        raise LookupError("the stage's templates have no service that scales, or no database")
    return found[0]


def _starts(alarm: Mapping[str, Any], what: str) -> bool:
    return any(
        isinstance(one, Mapping) and str(one.get("Ref", "")).endswith(what) for one in alarm.get("AlarmActions", ())
    )


def _fits(field: str, number: int) -> bool:
    """Compare a number with a field of a cron expression: `*`, `7-18`, `0/5`, `1,3`."""
    for part in field.split(","):
        range_, _, step = part.partition("/")
        first, _, last = range_.partition("-")
        low = 0 if first == "*" else int(first)
        high = int(last) if last else (10**6 if step or first == "*" else low)
        if low <= number <= high and (number - low) % int(step or 1) == 0:
            return True
    return False
