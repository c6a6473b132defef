"""What flows between stacks, read from their templates."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ..core.references import stack_outputs


@dataclasses.dataclass(frozen=True)
class Flow:
    """Outputs of one stack that a template reads. `source` is the stack's name."""

    source: str
    outputs: tuple[str, ...]


def flows_into(template: Mapping[str, Any]) -> list[Flow]:
    """Return what a template reads from other stacks, a flow per stack, sorted."""
    read = collections.defaultdict(set)
    for call in stack_outputs(template):
        read[call["StackName"]].add(call["OutputName"])
    return [Flow(source, tuple(sorted(outputs))) for source, outputs in sorted(read.items())]


def shortened(outputs: Iterable[str]) -> list[str]:
    """Say a row of numbered outputs in one: `SubnetId1-3` for three of them."""
    rows: dict[str, list[str]] = {}
    for output in outputs:
        rows.setdefault(output.rstrip("0123456789"), []).append(output)
    return [f"{row[0]}-{row[-1].removeprefix(name)}" if len(row) > 1 else row[0] for name, row in rows.items()]
