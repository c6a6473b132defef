"""What a rendered template holds, however deep: references by DependsOn, Ref, Fn::GetAtt, Fn::Sub and stack outputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# What can hold a reference; most values are texts, and a call for each of them would cost more than all the rest.
INSIDE = (dict, list)
READ = "Fn::GetStackOutput"
Path = tuple[str | int, ...]


def needs(resource: Mapping[str, Any]) -> list[str]:
    """Return what a resource names in DependsOn, and what its properties refer to: logical IDs and parameters."""
    return [*depends_on(resource), *references(resource.get("Properties"))]


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """Return what a resource names in DependsOn, which may be a text or a list."""
    explicit = resource.get("DependsOn", [])
    return [explicit] if isinstance(explicit, str) else list(explicit)


def references(value: Any) -> list[str]:
    """Return the names that a value of a rendered template refers to, however deep, in their order there."""
    found: list[str] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                if isinstance(item, str):
                    found.append(item)
            elif key == "Fn::GetAtt":
                found.append(item[0] if isinstance(item, list) else str(item).partition(".")[0])
            elif key == "Fn::Sub":
                found += _substituted(item)
            if isinstance(item, INSIDE):
                _collect(item, found)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, INSIDE):
                _collect(item, found)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield a value and, behind it, every value within it, each with its path: the keys and indices that lead to it."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, INSIDE):
            yield from walk(item, (*path, key))
        else:
            yield (*path, key), item


def references_under(endings: tuple[str, ...], value: Any) -> set[str]:
    """Return the names that a value refers to under the keys with one of these endings, such as `RoleArn`."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, INSIDE):
                found.update(references(item) if key.endswith(endings) else references_under(endings, item))
    elif isinstance(value, list):
        found.update(*(references_under(endings, item) for item in value if isinstance(item, INSIDE)))
    return found


def stack_outputs(value: Any) -> Iterator[Mapping[str, str]]:
    """Yield the arguments of every Fn::GetStackOutput in a value: `StackName`, `OutputName` and, at times, `Region`."""
    if isinstance(value, dict) and READ in value:
        yield value[READ]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, INSIDE):
            yield from stack_outputs(item)


def unknown_references(template: Mapping[str, Any], needed: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    """Yield each resource and output of a rendered template with a name it refers to that is not in the template.

    `needed` are the needs of its resources.
    """
    known = needed.keys() | template.get("Parameters", {}).keys()
    outputs = {name: references(body.get("Value")) for name, body in template.get("Outputs", {}).items()}
    for name, found in (*needed.items(), *outputs.items()):
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


def _substituted(argument: Any) -> Iterator[str]:
    text, own = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})
    named = re.findall(r"\$\{([^!}][^}]*)\}", str(text))
    return (name.partition(".")[0] for name in named if name not in own)
