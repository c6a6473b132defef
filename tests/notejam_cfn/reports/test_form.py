"""The console's form: every parameter is in a group, has a label and says what it is for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.reports.form import UNGROUPED, form, groups_of, label_of


def console_templates(templates: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [template for path, template in templates.items() if path.endswith("console")]


def test_every_parameter_has_a_group_a_label_and_a_description(starter_templates: dict[str, dict[str, Any]]) -> None:
    for template in console_templates(starter_templates):
        groups = dict(groups_of(template))
        assert UNGROUPED not in groups
        assert sorted(name for names in groups.values() for name in names) == sorted(template["Parameters"])
        for name, parameter in template["Parameters"].items():
            assert label_of(template, name) != name, name
            assert len(parameter["Description"]) > 20, name


def test_every_parameter_refuses_bad_values(starter_templates: dict[str, dict[str, Any]]) -> None:
    for template in console_templates(starter_templates):
        for name, parameter in template["Parameters"].items():
            assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), name


def test_every_parameter_has_a_default_that_works(starter_templates: dict[str, dict[str, Any]]) -> None:
    for template in console_templates(starter_templates):
        assert all("Default" in parameter for parameter in template["Parameters"].values())


def test_every_output_explains_itself(starter_templates: dict[str, dict[str, Any]]) -> None:
    for template in console_templates(starter_templates):
        assert "Url" in template["Outputs"]
        assert all(len(output["Description"]) > 10 for output in template["Outputs"].values())


def test_what_a_template_says_is_escaped() -> None:
    template = {"Parameters": {"A": {"Type": "String", "Default": '"><script>', "Description": "<b>"}}}
    page = form(template, "stack")
    assert "<script>" not in page and "&lt;b&gt;" in page


def test_bounds_become_the_browsers() -> None:
    number = {"Type": "Number", "Default": "1", "MinValue": 0, "MaxValue": 9, "Description": "x"}
    page = form({"Parameters": {"A": number}}, "stack")
    assert 'type="number" min="0" max="9"' in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_the_form_can_be_photographed(tmp_path: Path, starter_templates: dict[str, dict[str, Any]]) -> None:
    from tools.console_form import photograph

    page, picture = tmp_path / "form.html", tmp_path / "form.png"
    page.write_text(form(starter_templates["dev/console"], "notejam-dev"), encoding="utf-8")
    assert photograph(page, picture)
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000
