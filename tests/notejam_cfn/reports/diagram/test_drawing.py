"""Drawings: everything has its place, nothing lies on anything else, and the files are complete and always the same."""

from __future__ import annotations

import itertools
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notejam_cfn.reports.diagram import Box, Edge, Group, Node, Picture
from notejam_cfn.reports.diagram.picture import connected
from notejam_cfn.reports.diagram.routes import Point, route

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
# How wide letters are in DejaVu Sans, the widest of the usual fonts, as a part of its size; bold ones are wider.
NARROW, MIDDLING, WIDE = "ijl'.,:;| ", "rtf()", "mwMW"
LETTER, BOLD = 0.6, 1.12
GRAPHVIZ = pytest.mark.skipif(shutil.which("neato") is None, reason="Graphviz is not installed")


def icon(node: Node) -> Box:
    return Box(node.x - node.size / 2, node.y - node.size / 2, node.size, node.size)


def overlap(one: Box, two: Box, by: float = 1.0) -> bool:
    beside = one.right - by <= two.x or two.right - by <= one.x
    return not (beside or one.bottom - by <= two.y or two.bottom - by <= one.y)


def around(one: Point, two: Point) -> Box:
    """Return the box of a straight line, a bit wider than the line."""
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(one, two, strict=True))
    return Box(left - 1, top - 1, right - left + 2, bottom - top + 2)


def lines(picture: Picture) -> Iterator[tuple[Edge, Point, Point]]:
    items = {item.key: item for item in picture.all_items()}
    for edge in picture.edges:
        for one, two in itertools.pairwise(route(items[edge.source], items[edge.target], edge.at)):
            yield edge, one, two


def test_every_arrow_joins_things_in_the_picture(project_pictures: list[Picture]) -> None:
    for picture in project_pictures:
        known = {item.key for item in picture.all_items()}
        assert {end for edge in picture.edges for end in (edge.source, edge.target)} <= known


def test_everything_is_within_the_picture(project_pictures: list[Picture]) -> None:
    for picture in project_pictures:
        width, height = picture.size
        boxes = [item.box for item in picture.all_items()] + [frame.box for frame in picture.frames]
        assert all(box.x >= 0 and box.right <= width and box.y >= 0 and box.bottom <= height for box in boxes)


def test_icons_do_not_lie_on_each_other(project_pictures: list[Picture]) -> None:
    for picture in project_pictures:
        for one, two in itertools.combinations(picture.nodes(), 2):
            assert not overlap(icon(one), icon(two)), (picture.name, one.key, two.key)


def test_things_are_within_their_group(project_pictures: list[Picture]) -> None:
    for picture in project_pictures:
        for group in picture.groups():
            for node in (item for item in group.items if isinstance(item, Node)):
                inside = group.box.x <= node.box.x and node.box.right <= group.box.right
                assert inside and group.box.y <= node.box.y and node.foot <= group.box.bottom, node.key


def test_arrows_are_straight_and_pass_no_icon(project_pictures: list[Picture]) -> None:
    for picture in project_pictures:
        for edge, one, two in lines(picture):
            assert one[0] == two[0] or one[1] == two[1], edge
            passed = [node.key for node in picture.nodes() if overlap(around(one, two), icon(node), by=3)]
            assert set(passed) <= {edge.source, edge.target}, (picture.name, edge)


def test_an_arrow_turns_one_corner_where_things_do_not_face_each_other() -> None:
    one, two = Node("a", "A", "people", 50, 50, size=20), Node("b", "B", "people", 150, 150, size=20)
    assert route(one, two) == [(60, 50), (150, 50), (150, 140)]
    assert route(two, one) == [(140, 150), (50, 150), (50, one.foot)]


def test_arrows_to_what_is_not_there_are_left_out() -> None:
    picture = Picture("p", "P", (Node("a", "A", "people"),), (Edge("a", "b"),))
    assert connected(picture).edges == ()


@pytest.fixture(scope="session")
def svg(tmp_path_factory: pytest.TempPathFactory, project_pictures: list[Picture]) -> list[ElementTree.Element]:
    draw = pytest.importorskip("notejam_cfn.reports.diagram.draw", reason="the diagrams library is not installed").draw
    place = tmp_path_factory.mktemp("drawn")
    return [ElementTree.parse(draw(picture, place)[0]).getroot() for picture in project_pictures]


def wide(letter: str) -> float:
    return 0.31 if letter in NARROW else 0.4 if letter in MIDDLING else 0.9 if letter in WIDE else LETTER


def written(drawing: ElementTree.Element) -> Iterator[tuple[str, Box]]:
    """Yield each line of text of a drawing with about the room it takes."""
    for text in drawing.iter(f"{SVG}text"):
        size, words = float(text.attrib["font-size"]), text.text or ""
        width = size * sum(map(wide, words)) * (BOLD if "font-weight" in text.attrib else 1)
        left = float(text.attrib["x"]) - (width / 2 if text.attrib["text-anchor"] == "middle" else 0)
        yield words, Box(left, float(text.attrib["y"]) - 0.75 * size, width, size)


def icons(drawing: ElementTree.Element) -> Iterator[tuple[str, Box]]:
    for use in drawing.iter(f"{SVG}use"):
        yield use.attrib[LINK], Box(*(float(use.attrib[key]) for key in ("x", "y", "width", "height")))


@GRAPHVIZ
def test_words_lie_neither_on_icons_nor_on_each_other(svg: list[ElementTree.Element]) -> None:
    for drawing in svg:
        words, drawn = list(written(drawing)), list(icons(drawing))
        for (one, room), (two, other) in itertools.chain(
            itertools.combinations(words, 2), itertools.product(words, drawn)
        ):
            assert not overlap(room, other, by=2), (one, two)


@GRAPHVIZ
def test_words_are_within_the_picture(svg: list[ElementTree.Element]) -> None:
    for drawing in svg:
        for words, room in written(drawing):
            assert room.x >= 0 and room.right <= float(drawing.attrib["width"]), words


@GRAPHVIZ
def test_a_drawing_holds_its_icons_and_what_it_shows(tmp_path: Path) -> None:
    draw = pytest.importorskip("notejam_cfn.reports.diagram.draw", reason="the diagrams library is not installed").draw
    items = (Node("a", "One", "people", 50, 50), Node("b", "Two", "people", 150, 50))
    picture = Picture("p", "Title & more", items, (Edge("a", "b"),), "A summary", size=(200, 100))
    svg, png = draw(picture, tmp_path)
    text = svg.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 1
    assert len(re.findall('xlink:href="#users"', text)) == 2
    assert "<title>Title &amp; more</title>\n<desc>A summary</desc>" in text
    assert str(tmp_path) not in text
    assert "file:" not in text
    assert png.read_bytes().startswith(b"\x89PNG")


@GRAPHVIZ
def test_a_drawing_is_as_large_as_its_picture(tmp_path: Path) -> None:
    draw = pytest.importorskip("notejam_cfn.reports.diagram.draw", reason="the diagrams library is not installed").draw
    group = Group("g", "A long label that would reach beyond its picture", (), Box(10, 40, 80, 50))
    _, png = draw(Picture("p", "P", (group,), (), size=(100, 100)), tmp_path)
    width, height = (int.from_bytes(png.read_bytes()[start : start + 4], "big") for start in (16, 20))
    assert width == height


@GRAPHVIZ
def test_the_same_picture_gives_the_same_bytes(tmp_path: Path, pictures: Callable[[str], list[Picture]]) -> None:
    draw = pytest.importorskip("notejam_cfn.reports.diagram.draw", reason="the diagrams library is not installed").draw
    for picture in pictures("many"):
        once, again = (draw(picture, tmp_path / place) for place in ("once", "again"))
        assert [file.read_bytes() for file in once] == [file.read_bytes() for file in again]
