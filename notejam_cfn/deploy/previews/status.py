"""Says which previews a stage has: whose, for how long, where, and what they cost."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..aws.client import Aws
from ..manifest import IMAGE, StackSpec
from ..stacks.execution import statuses
from .previews import find


def report(aws: Aws, template: StackSpec, stage: Sequence[StackSpec]) -> dict[str, Any]:
    """Return the previews as data, and what each costs: a month while nobody uses it, and an hour awake, in dollars."""
    found = [
        {
            "name": each.name,
            "owner": each.owner,
            "status": each.state.status,
            "made": each.state.created,
            "expires": each.expires,
            "image": each.state.parameters.get(IMAGE, ""),
            "url": each.url,
        }
        for each in find(aws, template)
    ]
    return {"previews": found, **usd(template, stage)}


def lines(found: Mapping[str, Any], now: datetime.datetime) -> Iterator[str]:
    """Say them in words, a line each."""
    idle, awake = found["idle_usd_a_month"], found["awake_usd_an_hour"]
    spent = f", ${idle:.2f} a month idle and {100 * awake:.1f} cents an hour awake" if idle is not None else ""
    for each in found["previews"]:
        meaning = statuses.status(each["status"]).meaning
        age = f", made {_lasting(now - each['made'])} ago" if each["made"] else ""
        end = f", ends in {_lasting(each['expires'] - now)}" if each["expires"] and each["expires"] > now else ""
        overdue = f", was to end at {each['expires']:%H:%M} UTC" if each["expires"] and each["expires"] <= now else ""
        yield f"preview {each['name']} of {each['owner']}  {meaning}{age}{end}{overdue}{spent}  {each['url']}"


def usd(template: StackSpec, stage: Sequence[StackSpec]) -> dict[str, float | None]:
    """Return what `cost` says of a preview beside the stacks of its stage, with None where a price is not known.

    An hour awake is one in which people ask as much as of a small stage, and what it costs beyond an idle one.
    """
    from ...core.render import load
    from ...reports.cost import UnknownPrice, price, read_prices, usages_of

    idle, typical, _ = usages_of("economy")
    hour = dataclasses.replace(typical, busy_hours=1, quiet_hours=idle.quiet_hours - 1)
    try:
        own, beside = {template.name: load(template.text())}, [load(each.text()) for each in stage]
        costs = [float(price(own, each, read_prices(template.region), beside).usd) for each in (idle, hour)]
    except (UnknownPrice, json.JSONDecodeError):
        return {"idle_usd_a_month": None, "awake_usd_an_hour": None}
    return {"idle_usd_a_month": costs[0], "awake_usd_an_hour": costs[1] - costs[0]}


def _lasting(time: datetime.timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60
    return f"{days} days" if days > 1 else f"{hours} hours" if hours > 1 else f"{minutes} minutes"
