"""The part of a rehearsal that looks at roles: what they were refused, and which permissions nothing has used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .commands import RehearsalError
from .emulator import Emulator

Usage = dict[str, dict[str, Any]]
"""What roles need of their permissions, as `Emulator.usage` returns it."""


class PermissionsError(RehearsalError):
    """A role or a service lacks permissions. The message names each as the line to add."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__("permissions are missing:\n" + "\n".join(f"  {line}" for line in sorted(lines)))


def let_services_work(aws: Emulator) -> None:
    """Let services do what they may come to do for what is deployed, in its roles, and CloudFormation too."""
    refused = aws.let_services_work()
    if refused:
        raise PermissionsError(refused)


def look(aws: Emulator, tell: Callable[[str], None]) -> Usage:
    """Make sure that no role was refused anything, also where a program goes on without, and return what they need."""
    asked = aws.asked()
    refused = {(one["caller"], one["action"], one["resource"]) for one in asked if not one["allowed"]}
    if refused:
        raise PermissionsError(f"{who.rpartition('/')[2]} lacks {action} on {what}" for who, action, what in refused)
    usage = aws.usage()
    there = sum(role["permissions"] for role in usage.values())
    tell(f"{len({one['caller'] for one in asked})} roles and services got everything that they asked for")
    tell(f"{len(unused(usage))} of the roles' {there} permissions were used by nothing")
    return usage


def unused(usage: Usage) -> list[str]:
    """Return the permissions that nothing has used, by role."""
    return sorted(one for role in usage.values() for one in role["unused"])
