"""What becomes of each resource of some stacks when their templates change, followed through references.

A resource that is replaced gets another identifier: what refers to it changes with it, in its own stack and, through
outputs, in the stacks that read them. That goes on until nothing new is found.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ...core.references import stack_outputs
from ..stacks.templates import INPUTS
from . import resolve
from .differences import changed_paths
from .effects.resource_facts import UNKNOWN, ResourceFacts, facts_of, touches
from .resolve import Reference, Resolved, references

Key = tuple[str, str]
"""A stack, and a logical id or the name of an output."""


class Action(enum.Enum):
    """What becomes of a resource."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    MAYBE_REPLACE = "maybe replace"
    REMOVE = "remove"


IPV6 = "Ipv6CidrBlock"
NEW = object()
ATTRIBUTES = ("DeletionPolicy", "Metadata", "UpdatePolicy", "UpdateReplacePolicy")
REPLACING = (Action.REPLACE, Action.MAYBE_REPLACE)
GOING = (*REPLACING, Action.REMOVE)


@dataclasses.dataclass(frozen=True)
class StackChange:
    """A stack before and after: its templates, as dictionaries in the long form, and parameter values.

    `old` is None for a stack that does not exist. `stale` names the resources that were deployed with other values of
    outputs than those there are now.
    """

    name: str
    layer: str
    new: Mapping[str, Any]
    new_values: Mapping[str, str]
    old: Mapping[str, Any] | None = None
    old_values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    stale: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class ResourceChange:
    """What becomes of one resource. `policy` is what becomes of the one there is now when it goes."""

    stack: str
    layer: str
    logical_id: str
    type: str
    action: Action
    properties: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    policy: str = ""
    old: Resolved | None = dataclasses.field(default=None, repr=False, compare=False)
    new: Resolved | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def key(self) -> Key:
        """Its stack and its logical id."""
        return self.stack, self.logical_id

    @property
    def id(self) -> str:
        """How a person names it: `database.DatabaseCluster`."""
        return f"{self.layer}.{self.logical_id}"

    @property
    def goes(self) -> bool:
        """Whether the resource there is now goes, or may go."""
        return self.action in GOING


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Everything that becomes of some stacks. `changing` are outputs whose values will be others."""

    changes: tuple[ResourceChange, ...]
    changing: frozenset[Key]
    old: Mapping[Key, Resolved]
    new: Mapping[Key, Resolved]
    stacks: tuple[StackChange, ...] = dataclasses.field(default=(), repr=False, compare=False)

    @functools.cached_property
    def readers(self) -> Mapping[Key, frozenset[Key]]:
        """By resource that is deployed: the deployed resources, in any stack, that refer to it."""
        behind: dict[Key, frozenset[Key]] = {}
        found: dict[Key, set[Key]] = {}
        for stack in self.stacks:  # those that others read come first
            if stack.old is None:
                continue
            for name, value in resolve.output_values(stack.old, stack.old_values, {}).items():
                behind[stack.name, name] = frozenset(_targets(stack.name, value, behind))
            for name, resource in resolve.resources(stack.old, stack.old_values, {}).items():
                for target in _targets(stack.name, dict(resource.properties), behind):
                    found.setdefault(target, set()).add((stack.name, name))
        return {key: frozenset(readers) for key, readers in found.items()}


def _targets(stack: str, value: Any, behind: Mapping[Key, frozenset[Key]]) -> Iterator[Key]:
    """Yield the resources that a value of a stack refers to; `behind` are those that outputs refer to."""
    for reference in references(value):
        if reference.stack:
            yield from behind.get((reference.stack, reference.name), ())
        else:
            yield (stack, reference.name)


def compare(stacks: Iterable[StackChange], outputs: Mapping[Key, str]) -> Comparison:
    """Compare stacks, those that others read first. `outputs` are the values of all outputs there are now."""
    walk = _Walk(dict(outputs))
    for stack in stacks:
        walk.take(stack)
    after = walk.after.items()
    changing = frozenset(key for key, value in after if value is None or value != outputs.get(key))
    return Comparison(tuple(walk.changes), changing, walk.old, walk.new, tuple(walk.stacks))


class _Walk:
    def __init__(self, now: dict[Key, str]) -> None:
        self.now = now
        self.after: dict[Key, str | None] = dict(now)
        self.changes: list[ResourceChange] = []
        self.old: dict[Key, Resolved] = {}
        self.new: dict[Key, Resolved] = {}
        self.stacks: list[StackChange] = []

    def take(self, stack: StackChange) -> None:
        """Compare one stack, and find out which of its outputs will change."""
        old: dict[str, Resolved] = {}
        if stack.old is not None:
            old = resolve.resources(stack.old, stack.old_values, self.now)
            before = resolve.resources(stack.old, stack.old_values, {}) if stack.stale else {}
            old |= {name: before[name] for name in stack.stale if name in before}
        new = resolve.resources(stack.new, stack.new_values, self.after)
        if stack.old is not None and self._has_same_values(stack, stack.old):
            given = stack.old["Resources"]
            same = [n for n in new if n in old and n not in stack.stale and given[n] == stack.new["Resources"][n]]
            new |= {name: old[name] for name in same}  # so that it is worked out only once
        comparing = _Comparing(stack, old, new, {key for key, value in self.after.items() if value is None})
        self.changes += comparing.changes()
        self.old |= {(stack.name, name): each for name, each in old.items()}
        self.new |= {(stack.name, name): each for name, each in new.items()}
        self._follow_outputs(stack, comparing)
        self.stacks.append(stack)

    def _has_same_values(self, stack: StackChange, old: Mapping[str, Any]) -> bool:
        """Whether what the resources of a stack are given stays: parameters, conditions, and outputs that they read."""
        if any(old.get(section) != stack.new.get(section) for section in ("Parameters", "Conditions", "Mappings")):
            return False
        if resolve.parameters(old, stack.old_values) != resolve.parameters(stack.new, stack.new_values):
            return False
        if self.after == self.now:
            return True
        read = {(str(each["StackName"]), str(each["OutputName"])) for each in stack_outputs(stack.new["Resources"])}
        return all(self.after.get(key, NEW) == self.now.get(key, NEW) for key in read)

    def _follow_outputs(self, stack: StackChange, comparing: _Comparing) -> None:
        new = resolve.output_values(stack.new, stack.new_values, self.after)
        old = resolve.output_values(stack.old, stack.old_values, self.now) if stack.old else {}
        for name, value in new.items():
            key = (stack.name, name)
            if isinstance(value, str):
                self.after[key] = value
            elif name not in old or old[name] != value or comparing.causes(references(value)):
                self.after[key] = None
        for gone in self.now.keys() - {(stack.name, name) for name in new}:
            if gone[0] == stack.name:
                self.after.pop(gone, None)


class _Comparing:
    """Compares the resources of one stack."""

    def __init__(
        self, stack: StackChange, old: Mapping[str, Resolved], new: Mapping[str, Resolved], unknown: Collection[Key]
    ) -> None:
        self.stack = stack
        self.old = old
        self.new = new
        self.unknown = unknown
        self.found: dict[str, ResourceChange] = {}
        if all(old.get(name) is each for name, each in new.items()):
            return
        self.certain = {
            name: set() if old[name] is each else set(changed_paths(old[name].properties, each.properties))
            for name, each in new.items()
            if name in old
        }
        self.named = {n: {k: references(value) for k, value in new[n].properties.items()} for n in self.certain}
        before: dict[str, ResourceChange] | None = None
        while before != self.found:  # until a round finds nothing more
            before = dict(self.found)
            for name in self.certain:
                if change := self._compared(name):
                    self.found[name] = change

    def changes(self) -> list[ResourceChange]:
        """Return what becomes of each resource that changes, in the new template's order, then what goes."""
        found = self.found | {name: self._change(name, Action.ADD) for name in self.new if name not in self.old}
        gone = [self._change(name, Action.REMOVE) for name in self.old if name not in self.new]
        return [found[name] for name in self.new if name in found] + gone

    def _compared(self, name: str) -> ResourceChange | None:
        old, new = self.old[name], self.new[name]
        if old.type != new.type:
            return self._change(name, Action.REPLACE, ("Type",))
        certain = self.certain[name]
        moved = {key: causes for key, named in self.named[name].items() if (causes := self.causes(named))}
        properties = tuple(sorted(certain | {k for k in moved if not any(touches(p, k) for p in certain)}))
        if not properties:
            differ = old.attributes != new.attributes
            told = tuple(key for key in ATTRIBUTES if differ and _told(old, key) != _told(new, key))
            return self._change(name, Action.CHANGE, told) if told else None
        action = self._action(facts_of(new.type) or UNKNOWN, certain - _in_place(old, new), moved)
        if action is Action.REPLACE and name in self.stack.stale:
            action = Action.MAYBE_REPLACE  # which of the values it reads is another one now is not known
        because = tuple(sorted({text for causes in moved.values() for text in causes}))
        return self._change(name, action, properties, because)

    def causes(self, named: Iterable[Reference]) -> dict[str, Action]:
        """Return what makes a value that refers to these another one, although the template says the same."""
        found: dict[str, Action] = {}
        for reference in named:
            name, attribute = reference.name, reference.attribute
            change = self.found.get(name)
            if reference.stack:
                if (reference.stack, name) in self.unknown:
                    found[f"{reference.stack}.{name}"] = Action.REPLACE
            elif change and change.action in REPLACING:
                found[name] = change.action
            elif change and attribute and any(touches(path, attribute) for path in change.properties):
                found[f"{name}.{attribute}"] = Action.REPLACE  # a property that changes, as a parameter's value
        return found

    def _action(
        self, facts: ResourceFacts, certain: Collection[str], moved: Mapping[str, Mapping[str, Action]]
    ) -> Action:
        for_sure = [*certain, *(k for k, causes in moved.items() if Action.REPLACE in causes.values())]
        if any(touches(path, known) for path in for_sure for known in facts.replaces):
            return Action.REPLACE
        perhaps = [(path, known) for path in moved for known in facts.replaces]
        perhaps += [(path, known) for path in (*for_sure, *moved) for known in facts.may_replace]
        return Action.MAYBE_REPLACE if any(touches(path, known) for path, known in perhaps) else Action.CHANGE

    def _change(
        self, name: str, action: Action, properties: tuple[str, ...] = (), because: tuple[str, ...] = ()
    ) -> ResourceChange:
        old, new = self.old.get(name), self.new.get(name)
        policy = ""
        if new and action in REPLACING:
            policy = new.replacement
        elif old and action is Action.REMOVE:
            policy = old.deletion
        kind = (new or self.old[name]).type
        return ResourceChange(
            self.stack.name, self.stack.layer, name, kind, action, properties, because, policy, old, new
        )


def _in_place(old: Resolved, new: Resolved) -> frozenset[str]:
    """Return what the schema says may replace a resource, and is known not to here.

    A subnet is given an IPv6 block, or loses it, in place; another block in its stead is another matter.
    Source: EC2 API Reference, AssociateSubnetCidrBlock and DisassociateSubnetCidrBlock.
    """
    if new.type == "AWS::EC2::Subnet" and None in (old.properties.get(IPV6), new.properties.get(IPV6)):
        return frozenset({IPV6})
    return frozenset()


def _told(resource: Resolved, name: str) -> Any:
    """Return an attribute without the digest of the outputs a resource reads, which is this package's own."""
    attribute = resource.attributes.get(name)
    if not isinstance(attribute, Mapping):
        return attribute
    return {key: value for key, value in attribute.items() if key != INPUTS}
