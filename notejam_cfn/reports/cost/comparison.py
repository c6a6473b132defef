"""What two pricings of the same stages differ in, for whoever reviews a change."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...core.terminal import table
from .bill import NOTHING

if TYPE_CHECKING:
    from . import Bill, Bills

TYPICAL = 1


@dataclasses.dataclass(frozen=True)
class Line:
    """Dollars a month for one thing, before and after."""

    what: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """Dollars more, or less."""
        return self.after - self.before


@dataclasses.dataclass(frozen=True)
class Change:
    """What changes for one stage: the sum under each load, and what makes it up in a typical month.

    `regions` are the one it was in and the one it will be in; either is None for a stage that comes or goes.
    """

    stage: str
    regions: tuple[str | None, str | None]
    sums: list[Line]
    parts: list[Line]

    @property
    def differs(self) -> bool:
        """Whether a sum changes under any load."""
        return any(abs(line.change) > NOTHING for line in self.sums)


def changes(old: Bills, new: Bills, by_resource: bool = False) -> list[Change]:
    """Compare the bills of every stage that was or will be."""
    return [_change(name, old.get(name, []), new.get(name, []), by_resource) for name in [*new, *(set(old) - set(new))]]


def tables(found: Sequence[Change]) -> Iterator[list[str]]:
    """Yield what people read: tables of the stages that change, each with its causes, and the names of the others."""
    changed = [each for each in found if each.differs]
    for each in changed:
        heads = [f"{each.stage} ({_place(each.regions)}), a month", "before", "after", "change"]
        yield table(heads, [_cells(line) for line in each.sums], right=(1, 2, 3))
        yield table(["in a typical month", *heads[1:]], [_cells(line) for line in each.parts], right=(1, 2, 3))
    if len(changed) > 1:
        sums = [each.sums[TYPICAL] for each in changed]
        altogether = Line("", sum(line.before for line in sums), sum(line.after for line in sums))
        _, before, after, change = _cells(altogether)
        yield [f"in a typical month all of these cost {before} before, {after} after: {change}"]
    same = [each.stage for each in found if each not in changed]
    if same:
        yield [f"no change in cost: {', '.join(same)}"]


def document(found: Sequence[Change]) -> dict[str, Any]:
    """Return the same for machines: an entry for each stage and load, and what a typical month is made of."""
    rows = [_entry(each.stage, "load", line) for each in found for line in each.sums]
    parts = [_entry(each.stage, "what", line) for each in found for line in each.parts]
    return {"changes": rows, "typical": parts}


def _change(stage: str, old: Sequence[Bill], new: Sequence[Bill], by_resource: bool) -> Change:
    names = [bill.load.name for bill in new or old]
    sums = [
        Line(name, old[index].usd if old else 0.0, new[index].usd if new else 0.0) for index, name in enumerate(names)
    ]
    before, after = (bills[TYPICAL].by_what(by_resource) if bills else {} for bills in (old, new))
    parts = [Line(what, before.get(what, 0.0), after.get(what, 0.0)) for what in {**after, **before}]
    changed = [line for line in parts if abs(line.change) > NOTHING]
    regions = (old[0].region if old else None, new[0].region if new else None)
    return Change(stage, regions, sums, sorted(changed, key=lambda line: (-abs(line.change), line.what)))


def _place(regions: tuple[str | None, str | None]) -> str:
    before, after = regions
    if before is None or after is None:
        return f"{after}, new" if after else f"{before}, no longer there"
    return after if before == after else f"from {before} to {after}"


def _cells(line: Line) -> list[str]:
    return [line.what, f"${line.before:,.2f}", f"${line.after:,.2f}", dollars_more(line.change)]


def dollars_more(change: float) -> str:
    """Say a change in dollars: `+$2.00`, `-$0.10`, or `-` for none."""
    return f"{'-' if change < 0 else '+'}${abs(change):,.2f}" if abs(change) > NOTHING else "-"


def _entry(stage: str, key: str, line: Line) -> dict[str, Any]:
    figures = {"before_usd": line.before, "after_usd": line.after, "change_usd": line.change}
    return {"stage": stage, key: line.what, **{name: round(usd, 2) for name, usd in figures.items()}}
