"""Signposts: where something is that may not exist yet, or be replaced by something else."""

from __future__ import annotations

from troposphere import ssm

from ...core.template import Template
from ...core.values import Value


def add_signpost(template: Template, title: str, value: Value, why: str) -> Value:
    """Keep a value that depends on a condition in a parameter that is always there, and return it from there.

    Other stacks can then read it whatever the condition is.
    """
    signpost = template.add(ssm.Parameter(title, Type="String", Value=value), why=why)
    return signpost.get_att("Value")
