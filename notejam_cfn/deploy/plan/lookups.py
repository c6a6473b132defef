"""Findings that take a look at AWS: the live version of a database, the processor of an image, records of others."""

from __future__ import annotations

from collections.abc import Mapping

from ..aws.client import Aws
from .changes import Comparison, Key
from .findings import Finding
from .model import StackPlan


def findings(aws: Aws, comparison: Comparison, stacks: Mapping[str, StackPlan]) -> dict[Key, list[Finding]]:
    """Return what was found, by stack and logical id. Nothing is asked unless something concerned changes."""
    return {}
