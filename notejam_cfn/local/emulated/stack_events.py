"""Makes the emulated CloudFormation tell of a stack's events what AWS tells of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import leftovers
from .ministack import Properties, Provisioned, stack

STACK = "AWS::CloudFormation::Stack"


def of_stack(add_event: Callable[..., Any]) -> Callable[..., Any]:
    """Do what comes with a stack's own event: what it leaves, and its new description, as ministack keeps the first."""

    def add(stack_id: str, name: str, logical_id: str, kind: str, status: str, *more: Any, **rest: Any) -> Any:
        if kind == STACK and logical_id == name:
            leftovers.come_to(name, status)
            if status == "UPDATE_COMPLETE":
                stack(name)["Description"] = stack(name).get("_template", {}).get("Description", "")
        return add_event(stack_id, name, logical_id, kind, status, *more, **rest)

    return add


class Told:
    """Makes an update tell what AWS tells of it: nothing of resources that stay, CREATE of those that are new."""

    def __init__(self, real: Callable[..., None]) -> None:
        self.real = real
        self.held: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.new: set[tuple[str, str]] = set()

    def add(
        self, stack_id: str, stack_name: str, logical_id: str, kind: str, status: str, *rest: Any, **more: Any
    ) -> None:
        """Record an event, unless it is to be held back until it is known whether anything happens."""
        key = (stack_name, logical_id)
        event = (stack_id, stack_name, logical_id, kind, status, *rest)
        if status == "UPDATE_IN_PROGRESS" and kind != STACK and not rest and not more:
            self.held[key] = event
        elif status == "UPDATE_COMPLETE" and key in self.held:
            del self.held[key]
        else:
            self._tell_held(key)
            self.real(*event[:4], self._word(key, status), *rest, **more)

    def before_creation(self, real: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
        """Tell of a resource that an update creates as of a creation."""

        def create(name: str, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
            if (stack_name, logical_id) in self.held:
                self.new.add((stack_name, logical_id))
            self._tell_held((stack_name, logical_id))
            return real(name, logical_id, properties, stack_name)

        return create

    def before_update(self, real: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
        """Tell of a resource only when something of it changes."""

        def update(
            name: str,
            physical_id: str,
            old: Properties,
            new: Properties,
            stack_name: str,
            logical_id: Any = None,
            *rest: Any,
        ) -> Provisioned:
            if old != new:
                self._tell_held((stack_name, logical_id or physical_id))
            return real(name, physical_id, old, new, stack_name, logical_id, *rest)

        return update

    def _tell_held(self, key: tuple[str, str]) -> None:
        event = self.held.pop(key, None)
        if event:
            self.real(*event[:4], self._word(key, event[4]), *event[5:])

    def _word(self, key: tuple[str, str], status: str) -> str:
        if key not in self.new:
            return status
        if not status.endswith("_IN_PROGRESS"):
            self.new.discard(key)
        return status.replace("UPDATE_", "CREATE_")
