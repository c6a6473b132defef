"""What a person should know that is no change: parameters that somebody set, which the file contradicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...stacks.templates import Template
from ..model import StackPlan

# Set by restores and releases; the file never says them.
NOT_IN_THE_FILE = frozenset({"ClusterGeneration", "ImageUri", "SnapshotIdentifier"})


def of_parameters(plans: Sequence[StackPlan], deployed: Mapping[str, Template]) -> list[str]:
    """Say which parameters stay what a person has set although the file says something else."""
    told: list[str] = []
    for plan in plans:
        changing = {change.name for change in plan.parameters}
        for name, default in plan.stack.defaults.items():
            value = plan.state.parameters.get(name) if plan.state and plan.stack.name in deployed else None
            if value is None or default is None or name in NOT_IN_THE_FILE or name in changing:
                continue
            if value != default and plan.stack.values.get(name) != value:
                told.append(
                    f"{name} stays {value or '(empty)'}, which a person set; the file says {default or '(empty)'}: "
                    f"--parameter {name}={default} follows it"
                )
    return list(dict.fromkeys(told))
