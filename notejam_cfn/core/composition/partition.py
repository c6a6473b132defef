"""Which stacks a template could become: its components, in their order, as few together as fit into a request.

A component is known by the tag that every resource it adds carries; what takes no tags goes with what it refers to, or
with what stands before it. What refers to each other cannot be parted.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..references import needs, reachable

# What CloudFormation takes in a request; a larger template goes to a bucket first.
# Source: AWS CloudFormation User Guide, "CloudFormation quotas", template body size in a request.
REQUEST_BYTES = 51_200
# Each stack has a head of its own, outputs, and words for what it reads from the others.
ROOM_BYTES = 6_000

Body = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Part:
    """Components that could be a stack of their own, and how many bytes their resources take."""

    components: tuple[str, ...]
    bytes: int

    def __str__(self) -> str:
        return f"{' + '.join(self.components)} ({self.bytes:,} bytes)"


def size_of(body: Body) -> int:
    """Return the bytes of a rendered template as JSON without white space, which CloudFormation's limit is held to."""
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


def parts_of(body: Body, limit: int = REQUEST_BYTES) -> list[Part]:
    """Return the stacks that a rendered template could become, in the order to deploy them.

    One part only is a template that its references hold together.
    """
    resources = body.get("Resources", {})
    owners = _owners(resources)
    sizes: dict[str, int] = {}
    for name, owner in owners.items():
        sizes[owner] = sizes.get(owner, 0) + size_of({name: resources[name]})
    graph: dict[str, set[str]] = {owner: set() for owner in sizes}
    for name, owner in owners.items():
        graph[owner] |= {owners[one] for one in needs(resources[name]) if one in owners} - {owner}
    parts: list[Part] = []
    for group in _in_order(graph):
        added = Part(group, sum(sizes[one] for one in group))
        last = parts[-1] if parts else None
        if last and last.bytes + added.bytes <= limit - ROOM_BYTES:
            parts[-1] = Part(last.components + added.components, last.bytes + added.bytes)
        else:
            parts.append(added)
    return parts


def way_out(parts: Sequence[Part]) -> str:
    """Say in words what to do about a template that is too large."""
    if len(parts) < 2:
        return "its references hold it together: leave something out, or take fewer services into it"
    listed = ", then ".join(map(str, parts))
    return f"it could become {len(parts)} stacks, {listed}; publish(…) hands what one makes to the next"


def _owners(resources: Mapping[str, Body]) -> dict[str, str]:
    """Return the component of each resource."""
    tagged = {name: found for name, body in resources.items() if (found := _tag(body))}
    owners: dict[str, str] = {}
    before = next(iter(tagged.values()), "all")
    for name, body in resources.items():
        near = [tagged[one] for one in needs(body) if one in tagged]
        before = owners[name] = tagged.get(name) or (near[-1] if near else before)
    return owners


def _tag(body: Body) -> str | None:
    tags = body.get("Properties", {}).get("Tags")
    if isinstance(tags, Mapping):
        found = tags.get("component")
        return found if isinstance(found, str) else None
    return next((str(one.get("Value")) for one in tags or [] if one.get("Key") == "component"), None)


def _in_order(graph: Mapping[str, set[str]]) -> Iterable[tuple[str, ...]]:
    """Yield components after those they need; those that need each other come together."""
    reached = {name: reachable(graph, name) for name in graph}
    done: set[str] = set()
    while len(done) < len(graph):
        waiting = [name for name in graph if name not in done]
        ready = next(one for one in waiting if all(each in done or one in reached[each] for each in reached[one]))
        group = tuple(one for one in graph if one == ready or (one in reached[ready] and ready in reached[one]))
        done |= set(group)
        yield group
