"""`cost`: price every stage a month, idle, typical and at 4 times the typical load."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _options
from ._table import table

if TYPE_CHECKING:
    from ..cost import Bill
    from ..cost.stages import Stacks
    from ..settings import Project
    from ._options import Subparsers

    Bills = dict[str, list[Bill]]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser("cost", help="price the stages a month", description=__doc__)
    _options.add_config(parser)
    _options.add_stages(parser)
    add = parser.add_argument
    add("--region", metavar="REGION", help="price as if every stage were in this region")
    add("--requests-per-second", type=float, metavar="N", help="the typical load (default: by the stage's size)")
    add("--details", action="store_true", help="a line for each resource")
    add("--compare", action="store_true", help="show what changes against the templates in the output directory")
    add("--output", type=Path, default=_options.OUTPUT, metavar="DIR", help="with --compare (default: output)")
    _options.add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what the stages cost. Raises `ConfigError`, `BuildError` or, with --compare, `OSError`."""
    from .. import build, config

    project = config.load(options.config)
    composed = [(one.stack.stage, one.path, one.body) for one in build.compose(project, options.stages)]
    bills = _bills(options, project, composed)
    if options.compare:
        old = _bills(options, project, _written(options.output))
        print(_compared(old, bills, options.json))
    else:
        print(_document(bills) if options.json else "\n".join(_text(options, project, bills)))
    return 0


def _bills(options: argparse.Namespace, project: Project, stacks: Stacks) -> Bills:
    from ..cost import bills_of

    return bills_of(project, stacks, options.region, options.requests_per_second)


def _written(output: Path) -> Stacks:
    """Return the stacks that the output directory holds."""
    from .. import manifest, render

    return [
        (each["stage"], each["template"], render.load((output / each["template"]).read_text(encoding="utf-8")))
        for each in (manifest.read(output) or {"stacks": []})["stacks"]
    ]


def _text(options: argparse.Namespace, project: Project, bills: Bills) -> list[str]:
    heads = ["a month", *(f"{bill.load.name}" for bill in next(iter(bills.values())))]
    rows = [[name, *(_dollars(bill.usd) for bill in each)] for name, each in bills.items()]
    lines = table(heads, rows, right=(1, 2, 3))
    for name, each in bills.items():
        lines += ["", *_stage(name, each, options.details)]
    return [*lines, "", *_remarks(options, project, bills)]


def _stage(name: str, bills: list[Bill], details: bool) -> list[str]:
    kinds = sorted(
        {what for bill in bills for what in bill.by_what()}, key=lambda what: -bills[1].by_what().get(what, 0)
    )
    rows = [[what, *(_dollars(bill.by_what().get(what, 0)) for bill in bills)] for what in kinds]
    lines = table([name, *(bill.load.name for bill in bills)], rows, right=(1, 2, 3))
    return [*lines, *(_resources(bills[1]) if details else [])]


def _resources(bill: Bill) -> list[str]:
    rows = [
        [
            item.template,
            item.logical_id,
            item.charge.what,
            f"{item.charge.quantity:,.2f}",
            item.charge.price,
            f"{item.usd:.2f}",
        ]
        for item in bill.items
    ]
    return ["", *table(["template", "resource", "what", "quantity", "price", "typical"], rows, right=(3, 5))]


def _remarks(options: argparse.Namespace, project: Project, bills: Bills) -> list[str]:
    from ..cost import LEFT_OUT, prices_for

    lines = []
    for name, each in bills.items():
        prices, typical = prices_for(project, name, options.region), each[1].load
        where = prices.region if prices.is_exact else f"{prices.region} ({prices.asked} is not in the table)"
        load = f"{typical.requests_per_second:g} requests a second in {typical.busy_hours:g} hours"
        lines.append(f"{name}: typical is {load}; list prices of {where}, {prices.as_of}")
    unpriced = sorted({kind for each in bills.values() for kind in each[0].unpriced})
    return [
        *lines,
        f"left out: {'; '.join(LEFT_OUT)}",
        *([f"no price known: {', '.join(unpriced)}"] if unpriced else []),
    ]


def _compared(old: Bills, new: Bills, as_json: bool) -> str:
    rows: list[tuple[str, str, float, float]] = [
        (name, bill.load.name, _usd(old, name, index), bill.usd)
        for name, each in new.items()
        for index, bill in enumerate(each)
    ]
    if as_json:
        keys = ("stage", "load", "before_usd", "after_usd")
        return json.dumps({"changes": [dict(zip(keys, row, strict=True)) for row in rows]}, indent=2)
    cells = [[name, load, _dollars(was), _dollars(now), f"{now - was:+,.2f}"] for name, load, was, now in rows]
    return "\n".join(table(["stage", "a month", "before", "after", "change"], cells, right=(2, 3, 4)))


def _usd(bills: Bills, name: str, index: int) -> float:
    return bills[name][index].usd if name in bills else 0.0


def _document(bills: Bills) -> str:
    stages = {name: {bill.load.name: _bill(bill) for bill in each} for name, each in bills.items()}
    return json.dumps({"stages": stages}, indent=2)


def _bill(bill: Bill) -> dict[str, Any]:
    by_what = {what: round(usd, 2) for what, usd in bill.by_what().items()}
    return {"usd": round(bill.usd, 2), "by": by_what, "unpriced": list(bill.unpriced)}


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}"
