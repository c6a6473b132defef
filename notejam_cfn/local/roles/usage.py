"""Which permissions of roles something used, from what the roles were asked for; and what would be noticed without one.

A permission is one action, or one pattern of actions, in one statement that allows.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import policies
from .conditions import matches


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


def unnoticed(role: policies.Caller, asked: Iterable[Asked]) -> list[Permission]:
    """Return the permissions without which the role could do everything that it was asked for and allowed."""
    done = [entry for entry in asked if entry["caller"] == role.arn and entry["allowed"]]
    return [
        one
        for one in permissions(role)
        if _can_all(_without(role, one), [entry for entry in done if _about(one, entry)])
    ]


def _about(permission: Permission, entry: Asked) -> bool:
    return matches(permission.action.lower(), entry["action"].lower())


def _without(role: policies.Caller, permission: Permission) -> policies.Caller:
    kept = [copy.deepcopy(dict(statement)) for statement in _statements(role)]
    actions = policies.listed(kept[permission.number]["Action"])
    kept[permission.number]["Action"] = [action for action in actions if action != permission.action]
    return dataclasses.replace(role, policies=[{"Statement": kept}])


def _can_all(role: policies.Caller, done: Sequence[Asked]) -> bool:
    return all(
        policies.decide(
            role, policies.Request(entry["action"], entry["resource"], entry["context"]), entry["resource_policy"]
        ).allowed
        for entry in done
    )


def _statements(role: policies.Caller) -> list[policies.Document]:
    return [statement for document in role.policies for statement in policies.statements(document)]
