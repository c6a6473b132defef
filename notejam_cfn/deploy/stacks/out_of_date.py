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
    return [stack.name for stack in stacks if _out_of_date(aws, stack)]


def _out_of_date(aws: Aws, stack: StackSpec) -> bool:
    if aws.stack(stack.region, stack.name) is None:
        return True
    built = templates.parse(stack.text())
    deployed = templates.Template(aws.template(stack.region, stack.name))
    if _as_built(deployed.document) != _as_built(built.document):
        return True
    return bool(deployed.stale(aws.outputs(built.read_regions(stack.region))))


def _as_built(document: Mapping[str, Any]) -> str:
    """Return a template's text without what deploying adds to it: a fingerprint, and digests of what it reads."""
    resources = {}
    for name, body in document["Resources"].items():
        metadata = {key: value for key, value in body.get("Metadata", {}).items() if key != templates.INPUTS}
        resources[name] = {**{key: value for key, value in body.items() if key != "Metadata"}, "Metadata": metadata}
    described = templates.without_fingerprint(str(document.get("Description", "")))
    return compact_json({**document, "Resources": resources, "Description": described})
