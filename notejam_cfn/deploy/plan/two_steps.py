"""Removing what another stack still uses: the stack is deployed twice, and what goes stays until nobody needs it.

First with everything that is new and with what is to go, then the stacks that use it, then without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..stacks.templates import Template
from .changes import IPV6, Action, Comparison, Key, ResourceChange
from .differences import at
from .effects.in_use import refuses_deletion, uses

SUBNET = "AWS::EC2::Subnet"


def removed_last(comparison: Comparison) -> frozenset[Key]:
    """Return the resources that stay as they are until the stacks that use them are updated."""
    return frozenset(
        change.key
        for change in comparison.changes
        if (change.action is Action.REMOVE or _gives_up_addresses(change)) and users(comparison, change)
    )


def users(comparison: Comparison, change: ResourceChange) -> list[Key]:
    """Return the deployed resources of other stacks that hold one that goes."""
    if not refuses_deletion(change.type):
        return []
    readers = comparison.readers.get(change.key, ())
    return sorted(key for key in readers if key[0] != change.stack and uses(change.type, comparison.old[key].type))


def first_step(old: Template, new: Template, kept: Collection[str]) -> Template:
    """Return the new template with the old definitions of what stays for now, and of what those need."""
    before: Mapping[str, Any] = old.document["Resources"]
    resources = dict(new.document["Resources"]) | {name: before[name] for name in kept}
    for name in sorted(old.with_needs(kept)):
        resources.setdefault(name, before[name])
    declared = {
        section: {**old.document.get(section, {}), **new.document.get(section, {})}
        for section in ("Parameters", "Conditions", "Mappings")
        if section in old.document or section in new.document
    }
    return Template({**new.document, **declared, "Resources": resources})


def _gives_up_addresses(change: ResourceChange) -> bool:
    """Whether a subnet loses the IPv6 addresses that load balancers and tasks in it may have."""
    if change.type != SUBNET or change.action is not Action.CHANGE or not change.old or not change.new:
        return False
    return at(change.old.properties, IPV6) is not None and at(change.new.properties, IPV6) is None
