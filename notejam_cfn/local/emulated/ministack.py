"""Where ministack's modules are, and how its handlers of a resource type are changed.

Only the emulator's process may ask for them: ministack reads its settings when it is first imported.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]
"""What making a resource returns: its physical id and attributes."""
Real = Callable[..., Any]
"""A function of ministack's own."""


@functools.cache
def module(name: str) -> Any:
    """Return a module of ministack: `services.rds`, `core.responses`."""
    return importlib.import_module(f"ministack.{name}")


def cloudformation(name: str) -> Any:
    """Return a module of its CloudFormation: `stacks`, which works on stacks, or `provisioners`, on resources."""
    return module(f"services.cloudformation.{name}")


def around(place: Any, name: str, function: Callable[..., Any]) -> None:
    """Let a function stand for one of ministack's, in a module or a table of handlers. It is given that one first."""
    table = place if isinstance(place, dict) else vars(place)
    table[name] = functools.partial(function, table[name])


def here() -> tuple[str, str]:
    """Return the account and region of the request that is being answered."""
    scopes = module("core.responses")
    return scopes.get_account_id(), scopes.get_region()


def first(given: Mapping[str, Any], key: str) -> str:
    """Return a parameter of a request, whose values ministack may keep as a list; an empty text when it has none."""
    value = given.get(key, "")
    return str(value[0] if isinstance(value, list) else value)


def within(account: str, region: str) -> AbstractContextManager[None]:
    """Look into the records of another account or region."""
    scope: AbstractContextManager[None] = module("core.responses").request_scope(account, region)
    return scope


def every_resource() -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Yield the resources of all stacks that are or were here: the stack, the logical id, and what is known of it."""
    for one in list(module("services.cloudformation")._stacks.values()):
        for logical_id, record in one.get("_resources", {}).items():
            yield one, logical_id, record


def stack(name: str) -> dict[str, Any]:
    """Return a stack; an empty one when there is none of that name."""
    found: dict[str, Any] = module("services.cloudformation")._stacks.get(name, {})
    return found


def handlers() -> dict[str, dict[str, Any]]:
    """Return what creates, updates and deletes the resources of each type."""
    found: dict[str, dict[str, Any]] = cloudformation("provisioners")._RESOURCE_HANDLERS
    return found


def change_type(
    kind: str,
    *,
    given: Callable[[Properties], Properties] = lambda properties: properties,
    creating: Callable[[Properties], None] = lambda properties: None,
    done: Callable[[str, Properties], None] = lambda physical_id, properties: None,
    deleting: Callable[[str, Properties], None] = lambda physical_id, properties: None,
) -> None:
    """Change how ministack handles a resource type.

    `given` returns the properties that ministack is to see. `creating` and `deleting` look at what is to happen and may
    raise ValueError; `done` is told of what was created or updated. A resource is its physical id and its properties.
    """
    own = handlers()[kind]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        creating(properties)
        made: Provisioned = own["create"](logical_id, given(properties), stack_name)
        done(made[0], properties)
        return made

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Provisioned:
        changed: Provisioned = own["update"](physical_id, given(old), given(new), *rest)
        done(changed[0], new)
        return changed

    def delete(physical_id: str, properties: Properties) -> None:
        deleting(physical_id, properties)
        own["delete"](physical_id, properties)

    handlers()[kind] = own | {"create": create, "delete": delete} | ({"update": update} if "update" in own else {})
