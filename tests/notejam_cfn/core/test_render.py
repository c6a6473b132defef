"""Templates as text: YAML that people read, JSON that machines send, and nothing lost between them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from notejam_cfn.core import render

NAMES = st.text(alphabet="abcXYZ", min_size=1, max_size=8)
TEXTS = st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20)
LEAVES = TEXTS | st.integers() | st.booleans()
CALLS = st.deferred(
    lambda: (
        st.builds(lambda n: {"Ref": n}, NAMES)
        | st.builds(lambda a, b: {"Fn::GetAtt": [a, b]}, NAMES, NAMES)
        | st.builds(lambda v: {"Fn::Sub": v}, TEXTS)
        | st.builds(lambda d, v: {"Fn::Join": [d, v]}, TEXTS, st.lists(VALUES, max_size=3))
        | st.builds(lambda v: {"Fn::Base64": v}, VALUES)
        | st.builds(lambda c, a, b: {"Fn::If": [c, a, b]}, NAMES, VALUES, VALUES)
    )
)
VALUES = st.deferred(lambda: LEAVES | CALLS | st.lists(VALUES, max_size=3) | st.dictionaries(NAMES, VALUES, max_size=3))


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_yaml_and_json_say_the_same(properties: dict[str, Any]) -> None:
    template = {"Resources": {"A": {"Type": "X", "Properties": properties}}}
    assert render.load(render.to_yaml(template)) == template
    assert render.load(render.to_json(template)) == template
    assert render.load(render.compact_json(template)) == template


def test_every_starter_template_survives_the_way_through_yaml(starter_templates: dict[str, dict[str, Any]]) -> None:
    for template in starter_templates.values():
        assert render.load(render.to_yaml(template)) == render.load(render.compact_json(template))


def test_functions_are_written_short() -> None:
    text = render.to_yaml({"Outputs": {"A": {"Value": {"Fn::GetAtt": ["Vpc", "Arn"]}}, "B": {"Value": {"Ref": "Vpc"}}}})
    assert "Value: !GetAtt [Vpc, Arn]" in text
    assert "Value: !Ref Vpc" in text


def test_a_function_of_a_function_is_written_long_because_a_tag_cannot_follow_a_tag() -> None:
    text = render.to_yaml({"Resources": {"A": {"Properties": {"X": {"Fn::Base64": {"Ref": "B"}}}}}})
    assert "Fn::Base64: !Ref B" in text


def test_sections_and_attributes_stand_in_reading_order() -> None:
    resource = {"Properties": {}, "Metadata": {}, "Type": "X"}
    text = render.to_yaml({"Resources": {"A": resource}, "Parameters": {}, "AWSTemplateFormatVersion": "2010-09-09"})
    positions = [
        text.index(word) for word in ("AWSTemplate", "Parameters", "Resources", "Type", "Metadata", "Properties")
    ]
    assert positions == sorted(positions)


def test_a_version_stays_text() -> None:
    assert (
        render.load("AWSTemplateFormatVersion: 2010-09-09\nResources: {}")["AWSTemplateFormatVersion"] == "2010-09-09"
    )


def test_an_unknown_tag_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="unknown tag !Nonsense"):
        render.load("A: !Nonsense x")
