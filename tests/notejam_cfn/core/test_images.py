"""Images' names: which name works in which network."""

from __future__ import annotations

import re
from typing import Any

import pytest

from notejam_cfn.core.images import dual_stack

DIGEST = "@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes", "111122223333.dkr-ecr.eu-west-1.on.aws/notes"),
        (
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b",
            "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/a/b",
        ),
        ("111122223333.dkr-ecr.eu-west-1.on.aws/notes", "111122223333.dkr-ecr.eu-west-1.on.aws/notes"),
        ("public.ecr.aws/docker/library/python", "public.ecr.aws/docker/library/python"),
    ],
)
def test_an_image_in_ecr_has_a_name_for_ipv6(image: str, expected: str) -> None:
    assert dual_stack(image + DIGEST) == expected + DIGEST


def test_a_stage_without_ipv4_refuses_the_name_it_could_not_pull(compose: Any) -> None:
    pattern = compose(network={"egress": "ipv6"})["service"]["Parameters"]["ImageUri"]["AllowedPattern"]
    image = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes{DIGEST}"
    assert not re.fullmatch(pattern, image)
    assert re.fullmatch(pattern, dual_stack(image)) and re.fullmatch(pattern, "")


def test_a_stage_with_ipv4_takes_both_names(compose: Any) -> None:
    pattern = compose(network={"egress": "nat"})["service"]["Parameters"]["ImageUri"]["AllowedPattern"]
    image = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes{DIGEST}"
    assert re.fullmatch(pattern, image) and re.fullmatch(pattern, dual_stack(image))
