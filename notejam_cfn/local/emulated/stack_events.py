"""Makes the emulated CloudFormation tell of a stack's events what AWS tells of them."""

from __future__ import annotations

from typing import Any

from . import leftovers
from .ministack import Properties, Provisioned, Real, stack

STACK = "AWS::CloudFormation::Stack"


class Told:
    """Makes an update tell what AWS tells of it: nothing of resources that stay, CREATE of those that are new."""

    def __init__(self, add_event: Real) -> None:
        self.add_event = add_event
        self.held: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.new: set[tuple[str, str]] = set()

    def add(
        self, stack_id: str, stack_name: str, logical_id: str, kind: str, status: str, *rest: Any, **more: Any
    ) -> None:
        """Record an event, unless it is to be held back until it is known whether anything happens."""
        if kind == STACK and logical_id == stack_name:
            leftovers.come_to(stack_name, status)
            if status == "UPDATE_COMPLETE":  # ministack would keep the first description
                stack(stack_name)["Description"] = stack(stack_name).get("_template", {}).get("Description", "")
        key = (stack_name, logical_id)
        event = (stack_id, stack_name, logical_id, kind, status, *rest)
        if status == "UPDATE_IN_PROGRESS" and kind != STACK and not rest and not more:
            self.held[key] = event
        elif status == "UPDATE_COMPLETE" and key in self.held:
            del self.held[key]
        else:
            self._tell_held(key)
            self.add_event(*event[:4], self._word(key, status), *rest, **more)

    def create(self, real: Real, kind: str, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        """Tell of a resource that an update creates as of a creation."""
        if (stack_name, logical_id) in self.held:
            self.new.add((stack_name, logical_id))
        self._tell_held((stack_name, logical_id))
        made: Provisioned = real(kind, logical_id, properties, stack_name)
        return made

    def update(
        self,
        real: Real,
        kind: str,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,
        logical_id: str,
        *rest: Any,
    ) -> Provisioned:
        """Tell of a resource only when something of it changes."""
        if old != new:
            self._tell_held((stack_name, logical_id))
        made: Provisioned = real(kind, physical_id, old, new, stack_name, logical_id, *rest)
        return made

    def _tell_held(self, key: tuple[str, str]) -> None:
        event = self.held.pop(key, None)
        if event:
            self.add_event(*event[:4], self._word(key, event[4]), *event[5:])

    def _word(self, key: tuple[str, str], status: str) -> str:
        if key not in self.new:
            return status
        if not status.endswith("_IN_PROGRESS"):
            self.new.discard(key)
        return status.replace("UPDATE_", "CREATE_")
