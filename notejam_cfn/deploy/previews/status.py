"""Says which previews a stage has: whose, for how long, where, and what they cost."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..aws.client import Aws
from ..manifest import StackSpec
from ..stacks.execution import statuses
from .previews import find


def report(aws: Aws, template: StackSpec) -> dict[str, Any]:
    """Return the previews as data, and what each costs a month while nobody uses it, in dollars."""
    return {"previews": [_facts(each) for each in find(aws, template)], "idle_usd_a_month": idle_usd(template)}


def lines(found: Mapping[str, Any], now: datetime.datetime) -> Iterator[str]:
    """Say them in words, a line each."""
    cost = found["idle_usd_a_month"]
    spent = f", ${cost:.2f} a month idle" if cost is not None else ""
    for each in found["previews"]:
        meaning = statuses.status(each["status"]).meaning
        age = f", made {_lasting(now - each['made'])} ago" if each["made"] else ""
        end = f", ends in {_lasting(each['expires'] - now)}" if each["expires"] and each["expires"] > now else ""
        overdue = f", was to end at {each['expires']:%H:%M} UTC" if each["expires"] and each["expires"] <= now else ""
        yield f"preview {each['name']} of {each['owner']}  {meaning}{age}{end}{overdue}{spent}  {each['url']}"


def idle_usd(template: StackSpec) -> float | None:
    """Return what a preview costs a month while nobody uses it, or None where a price is not known."""
    from ...core.render import load
    from ...reports.cost import UnknownPrice, price, read_prices, usages_of

    try:
        body = load(template.text())
        return float(price({template.name: body}, usages_of("economy")[0], read_prices(template.region)).usd)
    except (UnknownPrice, json.JSONDecodeError):
        return None


def _facts(each: Any) -> dict[str, Any]:
    return {
        "name": each.name,
        "owner": each.owner,
        "status": each.state.status,
        "made": each.state.created,
        "expires": each.expires,
        "image": each.state.parameters.get("ImageUri", ""),
        "url": each.url,
    }


def _lasting(time: datetime.timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60
    return f"{days} days" if days > 1 else f"{hours} hours" if hours > 1 else f"{minutes} minutes"
