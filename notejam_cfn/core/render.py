"""Templates as text: YAML with CloudFormation's short tags, JSON, and back again."""

from __future__ import annotations

import functools
import json
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

try:
    from yaml import CSafeDumper as _BaseDumper
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML without libyaml writes the same text, ten times slower
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
ATTRIBUTES = (
    "Type",
    "Metadata",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Properties",
)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
SHORT_TAGS = {
    "Ref": "!Ref",
    "Condition": "!Condition",
    **{
        f"Fn::{name}": f"!{name}"
        for name in (
            *("And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "GetStackOutput", "If"),
            *("ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
        )
    },
}
STRING, SEQUENCE, MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_REPRESENTER = yaml.representer.SafeRepresenter()  # of numbers, truth and nothing
LONG_NAMES = {tag: name for name, tag in SHORT_TAGS.items()}


def ordered(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template with its sections, and each resource's attributes, in the order people read them."""
    resources = template.get("Resources", {})
    read = {name: _in_order(resource, ATTRIBUTES) for name, resource in resources.items()}
    return _in_order(template | {"Resources": read}, SECTIONS)


def _in_order(body: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: body[key] for key in keys if key in body} | body


def to_json(template: dict[str, Any]) -> str:
    """Return indented JSON, sections in reading order, with a final newline."""
    return json.dumps(ordered(template), indent=2, ensure_ascii=False) + "\n"


def compact_json(template: dict[str, Any]) -> str:
    """Return JSON without white space: the form that CloudFormation's 51,200-byte limit is measured on here."""
    return json.dumps(ordered(template), separators=(",", ":"), ensure_ascii=False)


def to_yaml(template: dict[str, Any]) -> str:
    """Return YAML with short tags, sections in reading order.

    `!GetAtt [Vpc, Arn]` rather than `!GetAtt Vpc.Arn`: cfn-guard 3 reads the latter as plain text and fails its rules.
    """
    text: str = yaml.serialize(_node(ordered(template)), Dumper=_Dumper, width=118, allow_unicode=True, indent=2)
    return text


def load(text: str) -> dict[str, Any]:
    """Return a template written as JSON or YAML, short tags expanded, as a plain dictionary.

    Raises `yaml.YAMLError` when the text is neither.
    """
    template: dict[str, Any] = pickle.loads(_pickled(text))
    return template


@functools.lru_cache(maxsize=128)
def _pickled(text: str) -> bytes:
    """Return what a text says, to be copied: a command reads its templates more than once, a rehearsal often."""
    return pickle.dumps(yaml.load(text, Loader=_Loader))


class _Dumper(_BaseDumper):
    """Asks once whether a text needs quotes: templates say the same words over and over."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode:
            return _tag(value, implicit)
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


@functools.lru_cache(maxsize=10_000)
def _tag(text: str, implicit: tuple[bool, bool]) -> Any:
    return yaml.resolver.Resolver().resolve(yaml.ScalarNode, text, implicit)  # type: ignore[no-untyped-call]


class _Loader(_BaseLoader):
    pass


def _node(value: Any) -> yaml.Node:
    """Return a value as YAML's nodes, with `{"Fn::X": …}` as a tag. PyYAML's own representers take twice as long."""
    if isinstance(value, str):
        return _scalar(STRING, value)
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in SHORT_TAGS and _has_short_form(name, argument):
                return _call(SHORT_TAGS[name], argument)
        return _mapping(MAPPING, value)
    if isinstance(value, (list, tuple)):
        return yaml.SequenceNode(SEQUENCE, [_node(item) for item in value], flow_style=False)
    node: yaml.Node = _REPRESENTER.represent_data(value)
    return node


def _scalar(tag: str, text: str) -> yaml.Node:
    return yaml.ScalarNode(tag, text, style="|" if "\n" in text else None)


def _mapping(tag: str, value: Mapping[str, Any]) -> yaml.Node:
    return yaml.MappingNode(tag, [(_node(key), _node(item)) for key, item in value.items()], flow_style=False)


def _call(tag: str, argument: Any) -> yaml.Node:
    """Return an intrinsic function that is written with its short tag."""
    if isinstance(argument, dict):
        return _mapping(tag, argument)
    if isinstance(argument, str):
        return _scalar(tag, argument)
    return yaml.SequenceNode(tag, [_node(item) for item in argument], flow_style=_is_short(argument))


def _has_short_form(name: str, argument: Any) -> bool:
    """Tell whether the short tag can be written: a tag cannot follow a tag, and `Condition` is also a plain key."""
    if not isinstance(argument, (str, list, tuple, dict)):
        return False
    if isinstance(argument, dict) and len(argument) == 1 and next(iter(argument)) in SHORT_TAGS:
        return False
    if name == "Fn::GetAtt":
        return isinstance(argument, str) or all(isinstance(part, str) for part in argument)
    return name != "Condition"


def _is_short(items: Sequence[Any]) -> bool:
    return all(isinstance(item, (str, int, float)) for item in items) and sum(len(str(i)) for i in items) < 70


def _construct_call(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = LONG_NAMES.get(f"!{suffix}")
    if name is None:
        raise yaml.constructor.ConstructorError(None, None, f"unknown tag !{suffix}", node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    argument = loader.construct_scalar(node)
    return {name: argument.split(".", 1) if name == "Fn::GetAtt" else argument}


_Loader.add_multi_constructor("!", _construct_call)
# A template's dates ("2010-09-09") are text to CloudFormation.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}
