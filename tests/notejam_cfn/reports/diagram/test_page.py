"""The page and the command: what is stale is noticed, and what is missing is said."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from notejam_cfn.cli import main
from notejam_cfn.reports.diagram import Edge, Group, Node, Picture, difference, mermaid, page

CONFIG = '[stages.dev]\nregion = "eu-central-1"\n'
PICTURE = Picture("p", "P", (Node("a", "A", "people"),), (), "A thing")
needs_drawing = pytest.mark.skipif(shutil.which("neato") is None, reason="Graphviz is not installed")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of one's own with a configuration of one stage."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notejam.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_mermaid_nests_frames_and_dashes_minor_arrows() -> None:
    items = (Node("a", 'A "x"\ny', "people"), Group("g", "G", (Node("b", "B", "aurora", where="in zone 1"),)))
    text = mermaid(Picture("p", "P", items, (Edge("a", "b", "goes", minor=True),)))
    assert text.splitlines() == [
        "flowchart TB",
        "  a([\"A 'x'<br/>y\"])",
        '  subgraph g["G"]',
        '    b[("B<br/>in zone 1")]',
        "  end",
        "  a -.->|goes| b",
    ]


def test_what_only_has_arrows_within_is_a_row() -> None:
    group = Group("g", "G\nmore\nwords", (Node("a", "A", "build"), Node("b", "B", "build")))
    text = mermaid(Picture("p", "P", (group,), (Edge("a", "b"),)))
    assert '  subgraph g["G: more words"]\n    direction LR\n' in text


def test_no_frame_is_without_words_which_mermaid_refuses(project_pictures: list[Picture]) -> None:
    for picture in project_pictures:
        assert not re.search(r'subgraph \w+\[""\]', mermaid(picture))


def test_the_page_shows_a_picture_to_everyone() -> None:
    text = page([PICTURE])
    assert "![A thing](images/p.png)" in text
    assert "(images/p.svg)" in text
    assert "```mermaid\nflowchart TB\n" in text


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "pictures.md"
    file.write_text(page([]), encoding="utf-8")
    assert "+flowchart TB" in difference([PICTURE], file)


def test_stale_images_are_noticed_without_drawing(tmp_path: Path) -> None:
    file = tmp_path / "pictures.md"
    file.write_text(page([PICTURE]), encoding="utf-8")
    svg, png = tmp_path / "images/p.svg", tmp_path / "images/p.png"
    assert difference([PICTURE], file).splitlines() == [
        f"{svg} is missing or shows something else",
        f"{png} is missing or shows something else",
    ]
    svg.parent.mkdir()
    for image in (svg, png):
        image.write_text(f"before {PICTURE.fingerprint()} after", encoding="utf-8")
    assert difference([PICTURE], file) == ""


@needs_drawing
def test_what_was_drawn_is_fresh_until_the_configuration_changes(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("diagrams", reason="the diagrams library is not installed")
    assert main.main(["build", "--no-lint", "--quiet"]) == 0
    assert main.main(["diagram"]) == 0
    assert main.main(["build", "--no-lint", "--check", "--quiet"]) == 0
    (place / "notejam.toml").write_text(CONFIG + "database.readers = 1\n", encoding="utf-8")
    assert main.main(["build", "--no-lint", "--quiet"]) == 0
    capsys.readouterr()
    assert main.main(["build", "--no-lint", "--check"]) == 1
    printed = capsys.readouterr().out
    assert "+        reader2[(" in printed
    assert "information-flow.png is missing or shows something else" in printed
    last = printed.splitlines()[-1]
    assert last.startswith("the pictures are stale: run `python -m notejam_cfn diagram` (")


def test_what_to_install_is_said_without_graphviz(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("diagrams", reason="the diagrams library is not installed")
    monkeypatch.setenv("PATH", str(place))
    assert main.main(["diagram"]) != 0
    assert "`apt-get install graphviz`" in capsys.readouterr().err
    assert not (place / "docs").exists()


def test_what_to_install_is_said_without_the_library(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "notejam_cfn.reports.diagram.draw", raising=False)
    monkeypatch.setitem(sys.modules, "diagrams", None)
    assert main.main(["diagram"]) != 0
    assert "`pip install 'notejam[diagram]'`" in capsys.readouterr().err


def test_text_needs_neither(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "diagrams", None)
    monkeypatch.setenv("PATH", str(place))
    assert main.main(["diagram", "--text"]) == 0
    assert capsys.readouterr().out.startswith("flowchart TB\n")


def test_a_stage_that_is_not_there_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["diagram", "--stage", "prod"]) != 0
    assert "no stage named 'prod' in the configuration; its stages: dev" in capsys.readouterr().err


def test_the_project_shows_its_picture_in_the_readme(pictures: Callable[[str], list[Picture]]) -> None:
    readme = (Path(__file__).parents[4] / "README.md").read_text(encoding="utf-8")
    assert re.search(r"!\[[^]]{60,}\]\(docs/images/information-flow\.png\)", readme)
