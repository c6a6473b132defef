"""What CloudFormation's resource schemas say of a type: what replaces it, what names it, where it exists.

The facts are data in this folder, written by tools/refresh_resource_facts.py, so that deploying needs no linter.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("resource_facts.json")


@dataclasses.dataclass(frozen=True)
class ResourceFacts:
    """What is known of a type. Properties inside of others are written with dots: `Budget.BudgetName`."""

    replaces: tuple[str, ...] = ()
    """Properties whose change makes a new resource."""
    may_replace: tuple[str, ...] = ()
    """Properties whose change may make a new resource."""
    named_by: tuple[str, ...] = ()
    """Properties that together are its name, which only one resource can have; empty where AWS gives the name."""
    deleted_first: bool = False
    """Whether a replacement deletes the old one before it makes the new one."""


UNKNOWN = ResourceFacts()


@functools.cache
def facts_of(kind: str) -> ResourceFacts | None:
    """Return the facts of a type such as `AWS::EC2::VPC`, or None for one that is not in the file."""
    found = _document()["types"].get(kind)
    if found is None:
        return None
    lists = {key: tuple(found.get(key, ())) for key in ("replaces", "may_replace", "named_by")}
    return ResourceFacts(**lists, deleted_first="deleted_first" in found)


def absent_types(region: str, kinds: Iterable[str]) -> list[str] | None:
    """Return which of these types a region does not have; None for a region that is not known."""
    absent = _document()["absent"].get(region)
    return None if absent is None else sorted(set(kinds) & set(absent))


def source() -> str:
    """Return where the facts are from, with their date."""
    return str(_document()["source"])


def touches(changed: str, known: str) -> bool:
    """Tell whether a change at one path of properties concerns a property that the schema names.

    >>> touches("Budget.BudgetName", "Budget"), touches("EncryptionConfiguration", "EncryptionConfiguration.KmsKey")
    (True, True)
    """
    known = known.partition(".*")[0]
    return changed == known or changed.startswith(f"{known}.") or known.startswith(f"{changed}.")


@functools.cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document
