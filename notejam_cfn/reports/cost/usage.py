"""How much a stage is used: three loads, the same for every build, and what a stage needs under each."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

from ...core.evaluated import EvaluatedTemplate

Properties = Mapping[str, Any]

HOURS_A_MONTH = 730.0
# Business: 12 hours on 22 days. The rest of the month nobody asks.
BUSINESS_HOURS = 12 * 22.0
TYPICAL_REQUESTS_PER_SECOND: Mapping[str, float] = {"economy": 0.5, "standard": 5, "resilient": 50}
# Whose typical load is taken for what has no size of a stage: the delivery, and templates of others.
TYPICAL_SIZE = "standard"
LOADS = ("idle", "typical", "4 times")
STORED_GB_ASLEEP, STORED_GB_IN_USE = 0.5, 10.0


@dataclasses.dataclass(frozen=True)
class Usage:
    """Requests per second in the busy hours of a month; outside them there are none."""

    name: str
    requests_per_second: float
    busy_hours: float = BUSINESS_HOURS
    quiet_hours: float = HOURS_A_MONTH - BUSINESS_HOURS

    @property
    def requests(self) -> float:
        """Requests in a month."""
        return self.requests_per_second * self.busy_hours * 3600

    @property
    def millions(self) -> float:
        """Requests in a month, in millions."""
        return self.requests / 1e6

    def gigabytes(self, kilobytes_per_request: float) -> float:
        """Return the GB a month of something that each request makes so many KB of."""
        return self.requests * kilobytes_per_request / 1e6


def usages_of(size: str, requests_per_second: float | None = None) -> list[Usage]:
    """Return the three loads of a stage: nobody all month, the typical load of its size, and four times that."""
    typical = TYPICAL_REQUESTS_PER_SECOND[size] if requests_per_second is None else requests_per_second
    idle = Usage("idle", 0, busy_hours=0, quiet_hours=HOURS_A_MONTH)
    return [idle, Usage("typical", typical), Usage("4 times", 4 * typical)]


@dataclasses.dataclass(frozen=True)
class Stage:
    """What pricing one resource must know of the others of its stage.

    `beside` are the templates of what it stands in, as a preview in a stage: they are on another bill.
    """

    load: Usage
    templates: tuple[EvaluatedTemplate, ...]
    beside: tuple[EvaluatedTemplate, ...] = ()

    def of_type(self, kind: str) -> list[tuple[EvaluatedTemplate, Properties]]:
        """Return the properties of the stage's resources of one type, each with its template."""
        return [(template, each) for template in self.templates for each in template.of_type(kind).values()]

    @property
    def clusters(self) -> list[tuple[EvaluatedTemplate, Properties]]:
        """The database clusters that exist."""
        return self.of_type("AWS::RDS::DBCluster")

    @functools.cached_property
    def tasks(self) -> Tasks:
        """The tasks of the stage's service; none where there is no service."""
        services = self.of_type("AWS::ECS::Service")
        return _tasks(self, services[0][1]) if services else Tasks(0, 0, 0, 0)

    @property
    def awake_hours(self) -> float:
        """Hours a month in which a database that may pause is awake."""
        return self.load.busy_hours if self.load.requests_per_second else 0.0

    @property
    def stored_gb(self) -> float:
        """GB in the database."""
        return STORED_GB_IN_USE if self.load.requests_per_second > 1 else STORED_GB_ASLEEP


@dataclasses.dataclass(frozen=True)
class Tasks:
    """Task hours a month on demand and on Spot, how many run on average, and the hours in which any does."""

    on_demand_hours: float
    spot_hours: float
    average: float
    running_hours: float


def _tasks(stage: Stage, service: Properties) -> Tasks:
    """Count the tasks: the scheduled or lowest number, or as many as the load needs, in busy and quiet hours."""
    template, target = stage.of_type("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    least = template.number(target["MinCapacity"])
    scheduled = [action["ScalableTargetAction"].get("MinCapacity", 0) for action in target.get("ScheduledActions", [])]
    in_business = max([least, *map(template.number, scheduled)])
    wanted = math.ceil(stage.load.requests_per_second * 60 / _requests_per_task(stage))
    busy = min(max(in_business, wanted), template.number(target["MaxCapacity"]))
    if not stage.load.busy_hours:
        scheduled_share = 264 / HOURS_A_MONTH if scheduled else 0.0
        average = least + (in_business - least) * scheduled_share
        return _split(service, average, HOURS_A_MONTH, HOURS_A_MONTH if average else 0.0)
    hours = stage.load.busy_hours * busy + stage.load.quiet_hours * least
    running = stage.load.busy_hours + (stage.load.quiet_hours if least else 0.0)
    return _split(service, hours / HOURS_A_MONTH, HOURS_A_MONTH, running)


def _split(service: Properties, average: float, hours: float, running: float) -> Tasks:
    """Split tasks between on demand and Spot, as the service's capacity providers say."""
    providers = {each["CapacityProvider"]: each for each in service.get("CapacityProviderStrategy", [])}
    base = min(average, float(providers.get("FARGATE", {}).get("Base", 0)))
    weights = {name: float(each.get("Weight", 0)) for name, each in providers.items()}
    spot = (average - base) * weights.get("FARGATE_SPOT", 0.0) / (sum(weights.values()) or 1.0)
    return Tasks((average - spot) * hours, spot * hours, average, running)


def _requests_per_task(stage: Stage) -> float:
    """Return the requests a minute that scaling aims at for each task."""
    for template, policy in stage.of_type("AWS::ApplicationAutoScaling::ScalingPolicy"):
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
        metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if metric == "ALBRequestCountPerTarget":
            return template.number(tracking["TargetValue"])
    return 3000.0
