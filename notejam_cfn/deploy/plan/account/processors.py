"""Whether a new service's tasks fit the processors that an account may use of Fargate, on demand and on Spot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ...aws.client import Aws
from ...aws.models import TASK_DEFINITION
from ...exit_codes import AwsTrouble
from ..changes import Comparison, Key, ResourceChange
from ..effects.findings import Finding, Verdict
from ..model import StackPlan
from ..resolve import references

CPU_UNITS = 1024  # of one vCPU
SCALED = "AWS::ApplicationAutoScaling::ScalableTarget"
ON_DEMAND, SPOT = "FARGATE", "FARGATE_SPOT"
# The quotas "Fargate On-Demand vCPU resource count" and "Fargate Spot vCPU resource count".
CODES = {ON_DEMAND: "L-3032A538", SPOT: "L-36FBB829"}
CALLED = {ON_DEMAND: "Fargate", SPOT: "Fargate Spot"}
SOURCE = "Service Quotas"


def findings(
    aws: Aws, change: ResourceChange, comparison: Comparison, plan: StackPlan
) -> Iterator[tuple[Key, Finding]]:
    """Yield where a service's first task would not start, and where a release at its most would be short of room.

    While a release rolls out, a service at its most runs twice as many tasks.
    """
    size, most = _size(change, comparison), _most(change, comparison)
    if not size or not most or not change.new:
        return
    region, used = plan.stack.region, None
    for provider, tasks in split(change.new.properties, 2 * most).items():
        allowed = aws.quota(region, "fargate", CODES[provider])
        used = used if used is not None else running(aws, region)
        taken, kind = used.get(provider, 0.0), CALLED[provider]
        if taken + size > allowed:
            reason = (
                f"does not fit: {taken:g} of {allowed:g} vCPU of {kind} are used in {region}, and a task needs {size:g}"
            )
            yield change.key, Finding(Verdict.WILL_FAIL, reason, SOURCE)
        elif taken + tasks * size > allowed:
            free = "" if not taken else f", of which {taken:g} are used"
            reason = (
                f"at its most it needs {tasks * size:g} vCPU of {kind} during a release; "
                f"the account may use {allowed:g}{free}"
            )
            yield change.key, Finding(Verdict.NOTHING, reason, SOURCE)


def split(service: Mapping[str, Any], tasks: int) -> dict[str, float]:
    """Return how many of a service's tasks each provider runs: first the base of one, the rest by weight."""
    strategy = {each["CapacityProvider"]: each for each in service.get("CapacityProviderStrategy", ())}
    if not strategy:
        return {ON_DEMAND: tasks}
    base = {name: min(tasks, int(each.get("Base", 0))) for name, each in strategy.items()}
    weight = {name: float(each.get("Weight", 0)) for name, each in strategy.items()}
    rest, whole = max(0, tasks - sum(base.values())), sum(weight.values()) or 1.0
    found = {name: base[name] + rest * weight[name] / whole for name in strategy if name in CODES}
    return {name: number for name, number in found.items() if number}


def running(aws: Aws, region: str) -> dict[str, float]:
    """Return the vCPU that run now, by provider. Clusters whose tasks may not be looked at are left out."""
    used: dict[str, float] = {}
    for cluster in aws.items("ecs", region, "list_clusters", "clusterArns"):
        with contextlib.suppress(AwsTrouble):
            for task in aws.tasks(region, cluster):
                provider = task.get("capacityProviderName") or task.get("launchType", "")
                used[provider] = used.get(provider, 0.0) + float(task.get("cpu") or 0) / CPU_UNITS
    return used


def _size(change: ResourceChange, comparison: Comparison) -> float:
    """Return the vCPU of the service's task, or 0 where the template does not say."""
    wanted = change.new.properties.get("TaskDefinition") if change.new else None
    for reference in references(wanted):
        found = comparison.new.get((change.stack, reference.name))
        cpu = str(found.properties.get("Cpu")) if found and found.type == TASK_DEFINITION else ""
        if cpu.isdigit():
            return int(cpu) / CPU_UNITS
    return 0.0


def _most(change: ResourceChange, comparison: Comparison) -> int:
    """Return how many tasks scaling lets the service have, or 0 where the template does not say."""
    for (stack, _), each in comparison.new.items():
        scaled = [one.name for one in references(each.properties.get("ResourceId"))] if each.type == SCALED else []
        if stack == change.stack and change.logical_id in scaled:
            most = str(each.properties.get("MaxCapacity"))
            return int(most) if most.isdigit() else 0
    return 0
