"""The console's page of parameters as HTML: what a person sees who uploads a template, without an AWS account.

It shows what the template says to people: groups, labels, descriptions, defaults, bounds and patterns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

INTERFACE = "AWS::CloudFormation::Interface"
UNGROUPED = "Other parameters"
STYLE = """\
body{font:15px/1.5 "DejaVu Sans",system-ui,sans-serif;margin:0;background:#f2f3f3;color:#16191f}
main{max-width:820px;margin:24px auto;padding:0 16px}
h1{font-size:24px;margin:0 0 4px}
p{margin:4px 0 16px;color:#414d5c}
section{background:#fff;border:1px solid #d5dbdb;border-radius:12px;padding:16px 24px;margin:0 0 16px}
h2{font-size:17px;margin:0 0 8px}
label{display:block;font-weight:700;margin:14px 0 0}
small{display:block;color:#5f6b7a}
input,select{font:inherit;box-sizing:border-box;width:100%;padding:6px 10px;margin:4px 0;border:1px solid #7d8998;
border-radius:8px;background:#fff}
"""


def form(template: Mapping[str, Any], stack_name: str) -> str:
    """Return the page of a rendered template as one HTML document."""
    groups = "".join(_group(label, names, template) for label, names in groups_of(template))
    title = escape(str(template.get("Description", stack_name)))
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n<style>{STYLE}</style>\n'
        f"<main><h1>Specify stack details</h1><p>{title}</p>\n"
        f'<section><h2>Stack name</h2><input value="{escape(stack_name)}" aria-label="Stack name"></section>\n'
        f"{groups}</main></html>\n"
    )


def groups_of(template: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each group's heading with its parameters in order; what is in no group comes last, as in the console."""
    interface = template.get("Metadata", {}).get(INTERFACE, {})
    seen: set[str] = set()
    for group in interface.get("ParameterGroups", []):
        seen |= set(group["Parameters"])
        yield group["Label"]["default"], list(group["Parameters"])
    rest = [name for name in template.get("Parameters", {}) if name not in seen]
    if rest:
        yield UNGROUPED, rest


def label_of(template: Mapping[str, Any], name: str) -> str:
    """Return a parameter's label, or its name where it has none."""
    labels = template.get("Metadata", {}).get(INTERFACE, {}).get("ParameterLabels", {})
    return str(labels.get(name, {}).get("default", name))


def _group(label: str, names: list[str], template: Mapping[str, Any]) -> str:
    fields = "".join(_field(name, template) for name in names)
    return f"<section><h2>{escape(label)}</h2>\n{fields}</section>\n"


def _field(name: str, template: Mapping[str, Any]) -> str:
    parameter = template["Parameters"][name]
    description = escape(str(parameter.get("Description", "")))
    return (
        f'<label for="{name}">{escape(label_of(template, name))}</label>\n'
        f"<small>{description}</small>\n{_control(name, parameter)}\n"
    )


def _control(name: str, parameter: Mapping[str, Any]) -> str:
    default = str(parameter.get("Default", ""))
    if "AllowedValues" in parameter:
        options = "".join(
            f"<option{' selected' if str(value) == default else ''}>{escape(str(value))}</option>"
            for value in parameter["AllowedValues"]
        )
        return f'<select id="{name}">{options}</select>'
    return f'<input id="{name}" value="{escape(default)}"{_bounds(parameter)}>'


def _bounds(parameter: Mapping[str, Any]) -> str:
    """Return what keeps bad values out, in HTML's words."""
    if parameter.get("Type") == "Number":
        limits = {"min": parameter.get("MinValue"), "max": parameter.get("MaxValue"), "step": "any"}
        return ' type="number"' + "".join(f' {key}="{value}"' for key, value in limits.items() if value is not None)
    pattern, why = parameter.get("AllowedPattern"), parameter.get("ConstraintDescription", "")
    return f' pattern="{escape(str(pattern))}" title="{escape(str(why))}"' if pattern else ""
