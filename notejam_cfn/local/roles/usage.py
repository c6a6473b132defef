"""Which permissions of roles something used, from what the roles were asked for; and what would be noticed without one.

A permission is one action, or one pattern of actions, in one statement that allows.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import policies
from .conditions import Context, matches


@dataclasses.dataclass(frozen=True)
class Permission:
    """An action or pattern of a statement: `number` counts the role's statements, its policies one after the other."""

    role: str
    number: int
    action: str
    statement: policies.Document

    def __str__(self) -> str:
        where = self.statement.get("Sid") or ", ".join(str(one) for one in policies.listed(self.statement["Resource"]))
        return f"{self.role}: {self.action} on {where}"


Asked = Mapping[str, Any]
"""An entry of `Emulator.asked`."""


def permissions(role: policies.Caller) -> Iterator[Permission]:
    """Yield every permission of a role."""
    for number, statement in enumerate(_statements(role)):
        if statement["Effect"] == "Allow":
            for action in policies.listed(statement.get("Action")):
                yield Permission(role.arn.rpartition("/")[2], number, str(action), statement)


@dataclasses.dataclass(frozen=True)
class Usage:
    """How many permissions a role has, those that nothing used, and those whose removal nothing would notice.

    What nothing used is not noticed either, nor is what another statement of the role allows as well.
    """

    permissions: int
    unused: tuple[Permission, ...]
    unnoticed: tuple[Permission, ...]


def judge(role: policies.Caller, asked: Iterable[Asked]) -> Usage:
    """Judge a role's permissions by what it was asked for and allowed.

    A removal is noticed when something depends on one permission alone: most need no second decision.
    """
    every = list(permissions(role))
    used, needed = set[int](), set[int]()

    @functools.cache  # a role is asked for few actions, each on many resources
    def about(action: str) -> list[int]:
        return [number for number, one in enumerate(every) if matches(one.action.lower(), action.lower())]

    for entry in asked:
        if entry["caller"] == role.arn and entry["allowed"]:
            request = policies.Request(entry["action"], entry["resource"], entry["context"])
            context = Context(request.context, role.context())
            speaks = functools.partial(policies.speaks_of, request=request, context=context)
            found = [number for number in about(request.action) if speaks(every[number].statement)]
            used.update(found)
            if len(found) == 1 and found[0] not in needed:
                without = _without(role, every[found[0]])
                if not policies.decide(without, request, entry["resource_policy"]).allowed:
                    needed.add(found[0])
    return Usage(
        len(every),
        tuple(one for number, one in enumerate(every) if number not in used),
        tuple(one for number, one in enumerate(every) if number not in needed),
    )


def _without(role: policies.Caller, permission: Permission) -> policies.Caller:
    kept = [dict(statement) for statement in _statements(role)]
    actions = policies.listed(kept[permission.number]["Action"])
    kept[permission.number]["Action"] = [action for action in actions if action != permission.action]
    return dataclasses.replace(role, policies=[{"Statement": kept}])


def _statements(role: policies.Caller) -> list[policies.Document]:
    return [statement for document in role.policies for statement in policies.statements(document)]
