"""How large a template is and what it costs: one call each, without a stage or a file."""

from __future__ import annotations

import pytest
from troposphere import sns

import notejam_cfn as nj


@pytest.fixture(scope="module")
def network() -> nj.Template:
    template = nj.Template("Network", tags={"project": "shop"}, architecture="A network.")
    nj.add_network(template, nj.NetworkSettings(zones=2), nj.Encryption("arn:key"))
    return template


def test_a_template_says_how_large_it_is(network: nj.Template) -> None:
    size = nj.size(network)
    assert size.fits and str(size) == f"{size.bytes:,} of 51,200 bytes"


def test_a_large_template_says_which_stacks_it_could_become() -> None:
    template = nj.Template("Large", tags={"project": "shop"}, architecture="Topics.")
    for name in ("first", "second"):
        with template.component(name):
            template.add(sns.Topic(name.capitalize()), why="x" * 40_000)
    size = nj.size(template)
    assert not size.fits and "it could become 2 stacks, first (40," in str(size)


def test_templates_are_priced_together(network: nj.Template) -> None:
    idle, typical, _ = nj.cost([network], "eu-central-1")
    assert idle.usd == pytest.approx(730 * (0.052 + 0.005), abs=0.5)
    assert next(iter(typical.by_what())) == "NAT gateways" and typical.usd > idle.usd
    assert nj.cost(network, "eu-central-1")[0].usd == idle.usd


def test_a_region_without_prices_is_refused(network: nj.Template) -> None:
    with pytest.raises(nj.InvalidInput, match=r"^region must be one with a list of prices.*got 'mars-north-1'"):
        nj.cost(network, "mars-north-1")
