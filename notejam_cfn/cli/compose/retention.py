"""`retention`: simulate what the backup plan of a stage keeps, and prove that it keeps its promise."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.terminal import BOLD, RED, say, say_table, table
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...reports.retention import Day, Kept, Plan

YEARS = 5
DAYS_A_YEAR = 365
DAYS_BETWEEN_ROWS = 91
START = datetime.date(2026, 1, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_stages(parser)
    parser.add_argument(
        "--output", type=Path, default=arguments.OUTPUT, metavar="DIR", help="where the templates are (default: output)"
    )
    parser.add_argument("--years", type=int, default=YEARS, metavar="N", help=f"how long (default: {YEARS})")
    parser.add_argument("--size-gb", type=float, default=10, metavar="GB", help="size of the database (default: 10)")
    parser.add_argument("--day", type=datetime.date.fromisoformat, metavar="DATE", help="list what there is on a day")
    parser.add_argument("--details", action="store_true", help="four rows a year of every stage, not the last day only")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it as an SVG file, with one --stage")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Simulate the stages' plans and return 1 when one breaks its promise. Raises `BuildError` or `OSError`."""
    from ...build.build import BuildError
    from ...reports.timeline import drawing

    found = [_Simulation(stage, templates, options) for stage, templates in _templates(options).items()]
    if options.json:
        arguments.print_json({one.stage: one.document() for one in found})
    else:
        for one in found:
            one.show(details=options.details or bool(options.stages) or options.day is not None)
    if options.plot:
        if len(found) != 1:
            raise BuildError("--plot draws one stage: name it with --stage")
        options.plot.write_text(drawing(found[0].stage, found[0].days), encoding="utf-8")
    suggest(options, f"retention --stage {found[-1].stage}" if not options.stages else f"backups {found[-1].stage}")
    return int(any(one.broken for one in found))


def _templates(options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Return the templates that hold each stage's database and its backup plan, as they were built and are deployed."""
    from ...build import manifest
    from ...build.build import BuildError
    from ...core import render

    paths: dict[str, list[Path]] = {}
    for each in (manifest.read(options.output) or {"stacks": []})["stacks"]:
        if each["layer"] in ("database", "backups"):
            paths.setdefault(each["stage"], []).append(options.output / each["template"])
    unknown = [stage for stage in options.stages or () if stage not in paths]
    if unknown or not paths:
        wanted = ", ".join(unknown) or "any stage"
        raise BuildError(f"{options.output} has no backup plan of {wanted}; run python -m notejam_cfn build")
    return {
        stage: [render.load(path.read_text(encoding="utf-8")) for path in found]
        for stage, found in paths.items()
        if options.stages is None or stage in options.stages
    }


class _Simulation:
    """The simulation of one stage, from its template to the verdict."""

    def __init__(self, stage: str, templates: list[dict[str, Any]], options: argparse.Namespace) -> None:
        from ...reports import retention

        self.stage, self.size_gb, self.day = stage, options.size_gb, options.day
        self.plan: Plan = retention.read_plan(*templates)
        length = options.years * DAYS_A_YEAR
        self.kept: list[Kept] = retention.simulate(self.plan, START, length)
        rows = range(0, length, DAYS_BETWEEN_ROWS)
        self.days: list[Day] = [
            retention.look(self.kept, self.plan, START + datetime.timedelta(days=number))
            for number in (*rows, length - 1)
        ]
        promised = self.plan.promises_three_years
        self.broken = list(retention.broken_promises(self.plan, self.kept, START, length)) if promised else []

    def show(self, *, details: bool) -> None:
        """Print the plan, what there is in the end and whether the promise is kept; with details four rows a year."""
        say(self.stage, style=BOLD)
        say(f"  {self._plan_words()}")
        heads = ["day", "snapshots", "copies", "exports", "archived", "oldest", "$ a month"]
        days = self.days if details else self.days[-1:]
        rows = table(heads, [self._row(day) for day in days], right=(1, 2, 3, 4, 6))
        say_table(f"  {row}" for row in rows)
        if self.day is not None:
            say(f"  on {self.day}:")
            there = [one for one in self.kept if one.on(self.day)]
            say(*(f"    {one.tier(self.day)} of {one.made} ({one.schedule})" for one in there))
        say(f"  {self.verdict()}", "", style=RED if self.broken else "")

    def _row(self, day: Day) -> list[str]:
        from ...reports.retention import ARCHIVE, COPY, EXPORT, WARM, oldest

        counts = [str(day.counts[tier]) for tier in (WARM, COPY, EXPORT, ARCHIVE)]
        first = oldest(self.kept, day.date, WARM, EXPORT)
        cost = f"{day.monthly_cost * self.size_gb:,.2f}"
        return [day.date.isoformat(), *counts, first.isoformat() if first else "-", cost]

    def _plan_words(self) -> str:
        kept = ", ".join(f"{rule.name} {rule.retention_days} days" for rule in self.plan.rules)
        return f"any second of {self.plan.recovery_days} days, {kept}; a database of {self.size_gb:g} GB"

    def verdict(self) -> str:
        """Say whether the promise is kept."""
        if not self.plan.promises_three_years:
            return "Three years are not promised here: people may delete snapshots, and none is monthly."
        if self.broken:
            return f"BROKEN, {len(self.broken)} times; first: {self.broken[0]}"
        return "Kept: every day of the last three years is covered as promised, and nothing goes before its time."

    def document(self) -> dict[str, Any]:
        """Return the same for machines."""
        days = [
            {
                "date": day.date.isoformat(),
                "counts": dict(day.counts),
                "monthly_usd": round(day.monthly_cost * self.size_gb, 2),
            }
            for day in self.days
        ]
        return {"plan": self._plan_words(), "days": days, "broken": self.broken}
