"""`cost`: price every stage a month, idle, typical and at 4 times the typical load."""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.terminal import say, say_table, table
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...reports.cost import Bill, Bills, Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    arguments.add_stages(parser)
    add = parser.add_argument
    add("--region", metavar="REGION", help="price as if every stage were in this region")
    add("--requests-per-second", type=_load, metavar="N", help="the typical load (default: by the stage's size)")
    add("--details", action="store_true", help="a line for each resource")
    add("--compare", action="store_true", help="show what changes against the templates in the output directory")
    add("--output", type=Path, default=arguments.OUTPUT, metavar="DIR", help="with --compare (default: output)")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print what the stages cost. Raises `ConfigError`, `BuildError` or, with --compare, `OSError`."""
    from ...build import build
    from ...config import loader
    from ...config.loader import ConfigError
    from ...reports import cost
    from ...reports.cost import comparison

    if options.region not in (None, *cost.regions()):
        known = ", ".join(cost.regions())
        raise ConfigError(f"--region must be one there are prices of ({known}), got {options.region!r}")
    project = loader.load(options.config)
    sites = cost.sites_of(project)
    composed = [(one.stack.stage, one.path, one.body) for one in build.compose(project, options.stages)]
    bills = cost.bills_of(sites, composed, options.region, options.requests_per_second)
    if options.json and not options.compare:
        stages = {
            name: {bill.load.name: _document(bill, options.details) for bill in each} for name, each in bills.items()
        }
        arguments.print_json({"stages": stages})
        return 0
    built = _bills_built(options, sites)
    if options.json:
        changes = comparison.changes(built, bills, by_resource=options.details)
        arguments.print_json(comparison.document(changes))
        return 0
    if options.compare:
        for lines in comparison.tables(comparison.changes(built, bills, by_resource=options.details)):
            say_table(lines)
            say("")
        say(*_origins([*_all(built), *_all(bills)], options.details))
    else:
        _show(options, bills, built)
    dearest = max(bills, key=lambda name: bills[name][comparison.TYPICAL].usd)
    suggest(options, f"cost --stage {dearest}" if not options.stages else "cost --compare")
    return 0


def _load(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
    return number


def _bills_built(options: argparse.Namespace, sites: Mapping[str, Site]) -> Bills:
    """Price what the output directory holds, each stage where it was built, under the load of the size it has now."""
    from ...build import manifest
    from ...core import render
    from ...reports import cost

    built = manifest.read(options.output) or {"stages": {}, "stacks": []}
    old = {
        name: dataclasses.replace(site, size=sites[name].size if name in sites else site.size)
        for name, site in cost.sites_built(built).items()
        if options.stages is None or name in options.stages
    }
    written = [
        (each["stage"], each["template"], render.load((options.output / each["template"]).read_text(encoding="utf-8")))
        for each in built["stacks"]
    ]
    return cost.bills_of(old, written, options.region, options.requests_per_second)


def _show(options: argparse.Namespace, bills: Bills, built: Bills) -> None:
    """Print the sums and what changes; what a stage's sum is made of, where one is asked for or all details are."""
    say_table(_sums(bills))
    if built:
        say("", _change(built, bills, options.output))
    for name, each in bills.items():
        if options.stages or options.details:
            say("")
            say_table(_parts(name, each))
        if options.details:
            say("")
            say_table(_resources(each[1]))
    say("", *_remarks(bills, options.details))


def _sums(bills: Bills) -> list[str]:
    heads = ["a month", *(bill.load.name for bill in next(iter(bills.values())))]
    rows = [[f"{name} ({each[0].region})", *(_dollars(bill.usd) for bill in each)] for name, each in bills.items()]
    if len(rows) > 1:
        rows.append(["all", *(_dollars(sum(each[load].usd for each in bills.values())) for load in range(3))])
    return table(heads, rows, right=(1, 2, 3))


def _change(built: Bills, bills: Bills, output: Path) -> str:
    """Say what a typical month costs more, or less, than what was built; `--compare` says why."""
    from ...reports.cost import comparison

    changed = [
        f"{each.stage} {comparison.dollars_more(each.sums[comparison.TYPICAL].change)}"
        for each in comparison.changes(built, bills)
        if each.differs
    ]
    if not changed:
        return f"the same as in {output}"
    return f"a typical month against {output}: {', '.join(changed)}; --compare says why"


def _parts(name: str, bills: list[Bill]) -> list[str]:
    """Return what each kind of charge costs a month; what rounds to nothing is in the sum only."""
    from ...reports.cost import NOTHING

    sums = [bill.by_what() for bill in bills]
    kinds = {what for each in sums for what, usd in each.items() if usd >= NOTHING}
    rows = [
        [what, *(_dollars(each.get(what, 0)) for each in sums)]
        for what in sorted(kinds, key=lambda what: (-sums[1].get(what, 0), what))
    ]
    return table([name, *(bill.load.name for bill in bills)], rows, right=(1, 2, 3))


def _resources(bill: Bill) -> list[str]:
    """Return a line for each resource: its id, what it is charged for, and how much at which price."""
    rows = [
        [f"{item.usd:,.2f}", item.logical_id, f"{item.charge.quantity:,.2f} {' x '.join(item.charge.names)}"]
        for item in sorted(bill.items, key=lambda item: -item.usd)
    ]
    return table(["typical", "resource", "quantity and price"], rows, right=(0,))


def _remarks(bills: Bills, details: bool) -> Iterator[str]:
    from ...reports.cost import LEFT_OUT

    yield f"typical: {'; '.join(_typical(name, each[1]) for name, each in bills.items())}"
    yield from _origins(_all(bills), details)
    first, *others = LEFT_OUT
    yield f"left out: {'; '.join(LEFT_OUT) if details else f'{first} and {len(others)} more; --details says which'}"
    unpriced = sorted({kind for each in bills.values() for kind in each[0].unpriced})
    if unpriced:
        yield f"no price known: {', '.join(unpriced)}"


def _typical(name: str, bill: Bill) -> str:
    from ...reports.cost import DELIVERY, RUNS_A_MONTH

    if name == DELIVERY:
        return f"{name} {RUNS_A_MONTH} runs of the pipeline"
    return f"{name} {bill.load.requests_per_second:g} requests a second, {bill.load.busy_hours:g} hours a month"


def _all(bills: Bills) -> list[Bill]:
    return [bill for each in bills.values() for bill in each]


def _origins(bills: list[Bill], details: bool) -> Iterator[str]:
    """Say for each region how many of the prices that bills take are its own, and with details which are not."""
    from ...reports.cost import REFERENCE_REGION, read_prices

    for region in sorted({bill.region for bill in bills}):
        here = [bill for bill in bills if bill.region == region]
        taken = {name for bill in here for name in bill.prices}
        borrowed = sorted({name for bill in here for name in bill.borrowed})
        own, as_of = len(taken) - len(borrowed), read_prices(region).as_of
        said = f"prices: {own} of {len(taken)} are list prices of {region}, {as_of}"
        names = f": {', '.join(borrowed)}" if details else ""
        yield f"{said}; the others are {REFERENCE_REGION}'s{names}" if borrowed else said


def _document(bill: Bill, details: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "usd": round(bill.usd, 2),
        "region": bill.region,
        "by": {what: round(usd, 2) for what, usd in bill.by_what().items()},
        "prices_of_another_region": list(bill.borrowed),
        "unpriced": list(bill.unpriced),
    }
    if details:
        document["resources"] = [
            {
                "template": item.template,
                "resource": item.logical_id,
                "what": item.charge.what,
                "quantity": round(item.charge.quantity, 4),
                "prices": list(item.charge.names),
                "usd": round(item.usd, 4),
            }
            for item in bill.items
        ]
    return document


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}"
