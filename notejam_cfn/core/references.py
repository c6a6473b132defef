"""What a rendered template holds, however deep: references by DependsOn, Ref, Fn::GetAtt, Fn::Sub and stack outputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

NAMING = ("Ref", "Fn::GetAtt", "Fn::Sub")
# What can hold a reference; most values are texts, and a call for each of them would cost more than all the rest.
INSIDE = (dict, list)
READ = "Fn::GetStackOutput"
Path = tuple[str | int, ...]


def needs(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a resource names in DependsOn, and what its properties refer to: logical IDs and parameters."""
    yield from depends_on(resource)
    yield from references(resource.get("Properties", {}))


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """Return what a resource names in DependsOn, which may be a text or a list."""
    explicit = resource.get("DependsOn", [])
    return [explicit] if isinstance(explicit, str) else list(explicit)


def references(value: Any) -> Iterator[str]:
    """Yield the names that a value of a rendered template refers to, however deep."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, INSIDE):
                yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in NAMING:
                yield from _named(key, item)
            if isinstance(item, INSIDE):
                yield from references(item)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield a value and, behind it, every value within it, each with its path: the keys and indices that lead to it."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from walk(item, (*path, key))


def references_under(endings: tuple[str, ...], value: Any) -> set[str]:
    """Return the names that a value refers to under the keys with one of these endings, such as `RoleArn`."""
    return {
        name
        for path, item in walk(value)
        if path and isinstance(path[-1], str) and path[-1].endswith(endings)
        for name in references(item)
    }


def stack_outputs(value: Any) -> Iterator[Mapping[str, str]]:
    """Yield the arguments of every Fn::GetStackOutput in a value: `StackName`, `OutputName` and, at times, `Region`."""
    return (item[READ] for _, item in walk(value) if isinstance(item, dict) and READ in item)


def unknown_references(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each resource and output of a rendered template with a name it refers to that is not in the template."""
    known = template.get("Resources", {}).keys() | template.get("Parameters", {}).keys()
    for section in ("Resources", "Outputs"):
        for name, body in template.get(section, {}).items():
            found = [*depends_on(body), *references(body.get("Properties", {})), *references(body.get("Value"))]
            yield from ((name, one) for one in found if one not in known and "::" not in one)


def reachable(graph: Mapping[str, Collection[str]], *starts: str) -> set[str]:
    """Return everything that nodes of a graph need, directly or not."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        new = set(graph[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


def _named(key: str, item: Any) -> Iterator[str]:
    if key == "Ref":
        yield from (item,) if isinstance(item, str) else ()
    elif key == "Fn::GetAtt":
        yield item[0] if isinstance(item, list) else str(item).partition(".")[0]
    else:
        text, own = (item[0], item[1]) if isinstance(item, list) else (item, {})
        named = re.findall(r"\$\{([^!}][^}]*)\}", str(text))
        yield from (name.partition(".")[0] for name in named if name not in own)
