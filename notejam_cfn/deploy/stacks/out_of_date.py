"""Finds stacks whose deployed template is not the one that was built, or that read something else by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...core.render import compact_json
from ..aws.client import Aws
from ..manifest import StackSpec
from . import templates


def among(aws: Aws, stacks: Iterable[StackSpec]) -> list[str]:
    """Return the names of stacks that do not exist, differ from output/, or have read other values than there are."""
    return [stack.name for stack in stacks if _stale(aws, stack)]


def _stale(aws: Aws, stack: StackSpec) -> bool:
    if aws.stack(stack.region, stack.name) is None:
        return True
    built, deployed = templates.parse(stack.text()), aws.template(stack.region, stack.name)
    return _as_built(deployed) != _as_built(built.document) or _read_otherwise(aws, stack, built, deployed)


def _read_otherwise(aws: Aws, stack: StackSpec, built: templates.Template, deployed: Mapping[str, Any]) -> bool:
    """Say whether an output that it reads has changed since, such as the subnets of a stage."""
    states = {name: aws.stack(region, name) for name, region in built.read_regions(stack.region).items()}
    outputs = {name: state.outputs for name, state in states.items() if state}
    then = {name: body.get("Metadata", {}).get(templates.INPUTS) for name, body in deployed["Resources"].items()}
    now = {name: templates.inputs_digest(body, outputs) for name, body in built.document["Resources"].items()}
    return any(read and read != now[name] for name, read in then.items())


def _as_built(document: Mapping[str, Any]) -> str:
    """Return a template's text without what deploying adds to it: a fingerprint, and digests of what it reads."""
    resources = {}
    for name, body in document["Resources"].items():
        metadata = {key: value for key, value in body.get("Metadata", {}).items() if key != templates.INPUTS}
        resources[name] = {**{key: value for key, value in body.items() if key != "Metadata"}, "Metadata": metadata}
    described = templates.without_fingerprint(str(document.get("Description", "")))
    return compact_json({**document, "Resources": resources, "Description": described})
