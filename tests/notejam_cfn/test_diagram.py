"""Pictures: what a stage has is in them, what it lacks is not, and stale ones are noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.diagram import Edge, Group, Node, Picture, delivery_flow, difference, information_flow, mermaid, page
from notejam_cfn.diagram.picture import connected

Compose = Callable[..., dict[str, dict[str, Any]]]


def nodes_of(picture: Picture) -> set[str]:
    return {node.key for node in picture.nodes()}


def layers(compose: Compose, size: str) -> list[dict[str, Any]]:
    return [template for layer, template in compose(size).items() if layer != "console"]


def test_production_shows_its_firewall_readers_and_archive(compose: Compose) -> None:
    nodes = nodes_of(information_flow(layers(compose, "resilient")))
    assert {"people", "firewall", "balancer", "task1", "task3", "writer", "reader1", "vault", "nat"} <= nodes


def test_an_economy_stage_shows_only_what_it_has(compose: Compose) -> None:
    picture = information_flow(layers(compose, "economy"))
    assert not {"firewall", "reader1", "nat"} & nodes_of(picture)
    assert Edge("people", "balancer", "requests") in picture.edges


def test_every_arrow_joins_things_in_the_picture(compose: Compose) -> None:
    for size in ("economy", "standard", "resilient"):
        picture = information_flow(layers(compose, size))
        assert {end for edge in picture.edges for end in (edge.source, edge.target)} <= nodes_of(picture)


def test_the_delivery_follows_the_pipeline() -> None:
    stages = [("source", "Source", "CodeCommit"), ("build", "Build", "CodeBuild"), ("dev", "Deploy", "CloudFormation")]
    pipeline = {
        "Type": "AWS::CodePipeline::Pipeline",
        "Properties": {
            "Stages": [
                {
                    "Name": name,
                    "Actions": [{"Name": "service", "ActionTypeId": {"Category": category, "Provider": provider}}],
                }
                for name, category, provider in stages
            ]
        },
    }
    picture = delivery_flow({"Resources": {"Pipeline": pipeline}})
    assert {"repository", "step_build", "step_dev", "running_dev", "images"} <= nodes_of(picture)
    assert Edge("step_build", "step_dev") in picture.edges


def test_arrows_to_what_is_not_there_are_left_out() -> None:
    picture = Picture("p", "P", (Node("a", "A", "people"),), (Edge("a", "b"),))
    assert connected(picture).edges == ()


def test_mermaid_nests_frames_and_dashes_minor_arrows() -> None:
    items = (Node("a", 'A "x"\ny', "people"), Group("g", "G", (Node("b", "B", "aurora"),)))
    text = mermaid(Picture("p", "P", items, (Edge("a", "b", "goes", minor=True),)))
    assert text.splitlines() == [
        "flowchart LR",
        "  a([\"A 'x'<br/>y\"])",
        '  subgraph g["G"]',
        '    b[("B")]',
        "  end",
        "  a -.->|goes| b",
    ]


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    picture = Picture("p", "P", (Node("a", "A", "people"),), ())
    file = tmp_path / "pictures.md"
    file.write_text(page([picture]), encoding="utf-8")
    assert difference([picture], file) == ""
    file.write_text(page([]), encoding="utf-8")
    assert "+flowchart LR" in difference([picture], file)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_a_picture_is_drawn_with_its_icons_inside(tmp_path: Path) -> None:
    draw = pytest.importorskip("notejam_cfn.diagram.draw", reason="the diagrams library is not installed").draw
    svg, png = draw(Picture("p", "P", (Node("a", "People", "people"),), ()), tmp_path)
    assert "data:image/png;base64," in svg.read_text(encoding="utf-8")
    assert str(tmp_path) not in svg.read_text(encoding="utf-8")
    assert png.read_bytes().startswith(b"\x89PNG")
