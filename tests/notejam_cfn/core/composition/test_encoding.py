"""What a template is written of is what troposphere makes of the same objects."""

from __future__ import annotations

import pytest
import troposphere
from troposphere import encode_to_dict, iam

from notejam_cfn.core.composition.encoding import encoded
from notejam_cfn.stacks import Stack


def test_what_is_rendered_is_what_troposphere_would_render(starter_stacks: list[Stack]) -> None:
    for stack in starter_stacks:
        for resource in stack.template.resources.values():
            assert encoded(resource) == encode_to_dict(resource), (stack.path, resource.title)


def test_a_template_has_every_part_that_troposphere_would_render(starter_stacks: list[Stack]) -> None:
    for stack in starter_stacks:
        ours, theirs = stack.template.to_dict(), troposphere.Template.to_dict(stack.template)
        assert ours.pop("Resources").keys() == theirs.pop("Resources").keys()
        assert ours == theirs, stack.path


def test_what_an_object_lacks_is_found_however_deep_it_is() -> None:
    policy = iam.Policy(PolicyName="reads")
    for value in (policy, {"Policies": [policy]}, iam.Role("Role", AssumeRolePolicyDocument={}, Policies=[policy])):
        with pytest.raises(ValueError, match="Resource PolicyDocument required"):
            encoded(value)
