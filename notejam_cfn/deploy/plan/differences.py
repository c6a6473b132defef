"""Which properties of a resource differ between two templates, written as paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def changed_paths(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths at which two sets of properties differ. Lists are compared as a whole.

    >>> list(changed_paths({"A": {"B": 1, "C": 2}}, {"A": {"B": 1, "C": 3}, "D": 4}))
    ['A.C', 'D']
    """
    for key in (*old, *(key for key in new if key not in old)):
        path = f"{prefix}{key}"
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if _is_part(before) and _is_part(after):
            yield from changed_paths(before, after, f"{path}.")  # type: ignore[arg-type]
        else:
            yield path


def at(properties: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, or None where there is none."""
    found: Any = properties
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _is_part(value: Any) -> bool:
    """Whether a value is a group of properties, and not a reference."""
    return isinstance(value, Mapping) and not any(key.startswith(("Fn::", "Ref", "Output")) for key in value)
