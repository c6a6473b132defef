"""The CloudFormation resource schemas that ship with cfn-lint, and what they say of a resource's properties.

CloudFormation checks the properties of a resource against the schema of its type before it calls the service. The
emulator does the same, so that a template that CloudFormation would refuse is refused here. What is checked: required,
unknown, read-only and mutually exclusive properties, types, enumerations, patterns, lengths and bounds.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]
ANY_REGION = "us-east-1"
SYSTEM_TAG = "aws:"


@dataclasses.dataclass(frozen=True)
class ResourceType:
    """The schema of a resource type."""

    name: str
    schema: Schema

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The properties that together identify a resource."""
        return self._names("primaryIdentifier")

    @property
    def read_only(self) -> tuple[str, ...]:
        """The attributes the service sets, nested ones with a dot: what `Fn::GetAtt` may ask for."""
        return self._names("readOnlyProperties")

    @property
    def replacing(self) -> tuple[str, ...]:
        """The properties whose change makes a new resource."""
        return tuple(name for name in self._names("createOnlyProperties") if "." not in name)

    @property
    def conditionally_replacing(self) -> tuple[str, ...]:
        """The properties whose change may make a new resource."""
        return self._names("conditionalCreateOnlyProperties")

    def problems(self, properties: Mapping[str, Any]) -> list[str]:
        """Say what CloudFormation would refuse in the resolved properties of a resource; empty when all is well."""
        given = _without_system_tags(properties)
        forbidden = {name for name in self.read_only if "." not in name}
        read_only = [f"#: read-only key [{key}] is not permitted" for key in given if key in forbidden]
        return read_only + self._judge.judge(self.schema, given, "#")

    @functools.cached_property
    def _judge(self) -> _Judge:
        return _Judge(self.schema)

    def _names(self, section: str) -> tuple[str, ...]:
        return tuple(path.removeprefix("/properties/").replace("/", ".") for path in self.schema.get(section) or ())


@functools.cache
def resource_type(name: str) -> ResourceType | None:
    """Return a resource type by name, such as `AWS::EC2::VPC`, or None when CloudFormation has no such type."""
    digest = _index().get(name)
    if digest is None:
        return None
    text = (data_of_linter() / "schemas" / "resources" / f"{digest}.json").read_text(encoding="utf-8")
    return ResourceType(name, json.loads(text))


def resource_types(region: str = ANY_REGION) -> tuple[str, ...]:
    """Name every resource type that has a schema in a region. Raises ValueError for a region that is not known."""
    return tuple(_index(region))


@functools.cache
def _index(region: str = ANY_REGION) -> dict[str, str]:
    path = data_of_linter() / "schemas" / "providers" / f"{region}.json"
    if not path.is_file():
        raise ValueError(f"{region} is not a region that cfn-lint knows")
    index: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return index


@functools.cache
def data_of_linter() -> Path:
    """Return cfn-lint's folder of data, found without importing it, which takes half a second."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise RuntimeError("the rehearsal reads what AWS documents from cfn-lint: install the extra [lint]")
    return Path(spec.origin).parent / "data"


def _without_system_tags(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the tags CloudFormation itself adds, which schemas forbid people to use."""
    kept = dict(properties)
    for key, value in properties.items():
        if not (key.endswith("Tags") and value):
            continue
        own = value
        if isinstance(value, list):
            own = [tag for tag in value if not (isinstance(tag, dict) and str(tag.get("Key")).startswith(SYSTEM_TAG))]
        elif isinstance(value, dict):
            own = {name: text for name, text in value.items() if not name.startswith(SYSTEM_TAG)}
        if own:
            kept[key] = own
        else:
            del kept[key]
    return kept


class _Judge:
    """Applies a schema to a value, and says where what is wrong: `#/Rules/0: required key [Action] not found`.

    Scalars are judged as CloudFormation does: "80" is a number, "true" a boolean.
    """

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.resolved: dict[int, Schema] = {}

    def judge(self, schema: Schema, value: Any, path: str) -> list[str]:
        if "$ref" in schema:
            schema = self.resolved.get(id(schema)) or self.resolved.setdefault(id(schema), self._resolved(schema))
        wrong_type = list(_type_problems(schema, value, path))
        if wrong_type:
            return wrong_type
        checks = [check for keys, check in _CHECKS if not keys.isdisjoint(schema)]
        found = [f"{path}: {text}" for check in checks for text in check(schema, value)]
        found += self._inside(schema, value, path)
        return found if _CHOICES.isdisjoint(schema) else found + list(self._combinations(schema, value, path))

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            target: Any = self.root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = {key: item for key, item in schema.items() if key != "$ref"} | target
        return schema

    def _inside(self, schema: Schema, value: Any, path: str) -> list[str]:
        if isinstance(value, list) and isinstance(schema.get("items"), dict):
            inside = [self.judge(schema["items"], item, f"{path}/{n}") for n, item in enumerate(value)]
        elif isinstance(value, dict):
            inside = [
                self.judge(rule, item, f"{path}/{key}")
                for key, item in value.items()
                if (rule := _property_schema(schema, key)) is not None
            ]
        else:
            inside = []
        return [problem for problems in inside for problem in problems]

    def _combinations(self, schema: Schema, value: Any, path: str) -> Iterator[str]:
        for part in schema.get("allOf", ()):
            if "if" not in part:
                yield from self.judge(part, value, path)
        for kind in ("anyOf", "oneOf"):
            choices = [self.judge(part, value, path) for part in schema.get(kind, ())]
            if choices and all(choices):
                yield min(choices, key=len)[0]


def _property_schema(schema: Schema, key: str) -> Schema | None:
    rules: Mapping[str, Schema] = schema.get("properties", {})
    if key in rules:
        return rules[key]
    patterns: Mapping[str, Schema] = schema.get("patternProperties", {})
    return next((rule for pattern, rule in patterns.items() if _matches(pattern, key)), None)


def _type_problems(schema: Schema, value: Any, path: str) -> Iterator[str]:
    kinds = schema.get("type")
    if not kinds:
        return
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(_IS[kind](value) for kind in kinds):
        yield f"{path}: expected type: {' or '.join(kinds)}, found: {type(value).__name__}"


def _is_number(value: Any, kind: Callable[[str], object]) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        kind(str(value))
    except ValueError:
        return False
    return True


_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, (str, int, float, bool)),
    "integer": lambda value: _is_number(value, int),
    "number": lambda value: _is_number(value, float),
    "boolean": lambda value: str(value).lower() in ("true", "false"),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _keys(schema: Schema, value: Any) -> Iterator[str]:
    """Yield what is wrong with the keys of an object: unknown or missing ones, and those that exclude each other."""
    if not isinstance(value, dict):
        return
    if schema.get("additionalProperties") is False:
        unknown = (key for key in value if _property_schema(schema, key) is None)
        yield from (f"extraneous key [{key}] is not permitted" for key in unknown)
    yield from (f"required key [{key}] not found" for key in schema.get("required", ()) if key not in value)
    for key, others in schema.get("dependentExcluded", {}).items():
        if key in value:
            yield from (f"[{key}] excludes [{other}]" for other in others if other in value)
    for key, others in schema.get("dependentRequired", {}).items():
        if key in value:
            yield from (f"[{key}] requires [{other}]" for other in others if other not in value)
    one, some = schema.get("requiredXor", ()), schema.get("requiredOr", ())
    if one and sum(key in value for key in one) != 1:
        yield f"exactly one of {list(one)} is required"
    if some and not any(key in value for key in some):
        yield f"at least one of {list(some)} is required"


def _enumeration(schema: Schema, value: Any) -> Iterator[str]:
    allowed = schema.get("enum")
    if allowed and str(value) not in {str(item) for item in allowed}:
        yield f"{value} is not a valid enum value of {list(allowed)}"


def _text(schema: Schema, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if "pattern" in schema and not _matches(schema["pattern"], value):
        yield f"string [{value}] does not match pattern {schema['pattern']}"
    if len(value) < schema.get("minLength", 0):
        yield f"expected minLength: {schema['minLength']}, actual: {len(value)}"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"expected maxLength: {schema['maxLength']}, actual: {len(value)}"


def _bounds(schema: Schema, value: Any) -> Iterator[str]:
    if not _is_number(value, float) or not {"minimum", "maximum"} & schema.keys():
        return
    number = float(value)
    if number < schema.get("minimum", number) or number > schema.get("maximum", number):
        yield f"{value} is not between {schema.get('minimum')} and {schema.get('maximum')}"


def _counts(schema: Schema, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"expected minimum item count: {schema['minItems']}, found: {len(value)}"
        if len(value) > schema.get("maxItems", len(value)):
            yield f"expected maximum item count: {schema['maxItems']}, found: {len(value)}"


_OF_KEYS = {"additionalProperties", "required", "dependentExcluded", "dependentRequired", "requiredXor", "requiredOr"}
_CHECKS: tuple[tuple[set[str], Callable[[Schema, Any], Iterator[str]]], ...] = (
    (_OF_KEYS, _keys),
    ({"enum"}, _enumeration),
    ({"pattern", "minLength", "maxLength"}, _text),
    ({"minimum", "maximum"}, _bounds),
    ({"minItems", "maxItems"}, _counts),
)
"""What looks at a value, with the words of a schema that it is about: most schemas have few of them."""
_CHOICES = {"allOf", "anyOf", "oneOf"}


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None  # schemas use the regular expressions of ECMA 262, a few of which Python does not know


def _matches(pattern: str, text: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(text) is not None
