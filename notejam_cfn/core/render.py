"""Templates as text: YAML with CloudFormation's short tags, JSON, and back again."""

from __future__ import annotations

import functools
import json
import pickle
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
    return yaml.dump(
        _tagged(ordered(template)), Dumper=_Dumper, sort_keys=False, width=118, allow_unicode=True, indent=2
    )


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


class _Call:
    """An intrinsic function that will be written with its short tag."""

    __slots__ = ("argument", "tag")

    def __init__(self, tag: str, argument: Any) -> None:
        self.tag = tag
        self.argument = argument


class _Dumper(_BaseDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # an anchor saves bytes and costs the reader


class _Loader(_BaseLoader):
    pass


def _tagged(value: Any) -> Any:
    """Replace `{"Fn::X": …}` by a tagged node, all the way down."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in SHORT_TAGS and _has_short_form(name, argument):
                return _Call(SHORT_TAGS[name], _tagged(argument))
        return {key: _tagged(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tagged(item) for item in value]
    return value


def _has_short_form(name: str, argument: Any) -> bool:
    """Tell whether the short tag can be written: a tag cannot follow a tag, and `Condition` is also a plain key."""
    if not isinstance(argument, (str, list, tuple, dict)):
        return False
    if isinstance(argument, dict) and len(argument) == 1 and next(iter(argument)) in SHORT_TAGS:
        return False
    if name == "Fn::GetAtt":
        return isinstance(argument, str) or all(isinstance(part, str) for part in argument)
    return name != "Condition"


def _represent_call(dumper: Any, call: _Call) -> yaml.Node:
    if isinstance(call.argument, list):
        node: yaml.Node = dumper.represent_sequence(call.tag, call.argument, flow_style=_is_short(call.argument))
        return node
    if isinstance(call.argument, dict):
        return dumper.represent_mapping(call.tag, call.argument)  # type: ignore[no-any-return]
    text = str(call.argument)
    return dumper.represent_scalar(call.tag, text, style="|" if "\n" in text else None)  # type: ignore[no-any-return]


def _is_short(items: list[Any]) -> bool:
    return all(isinstance(item, (str, int, float)) for item in items) and sum(len(str(i)) for i in items) < 70


def _represent_text(dumper: Any, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)  # type: ignore[no-any-return]


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


_Dumper.add_representer(_Call, _represent_call)
_Dumper.add_representer(str, _represent_text)
_Loader.add_multi_constructor("!", _construct_call)
# A template's dates ("2010-09-09") are text to CloudFormation.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}
