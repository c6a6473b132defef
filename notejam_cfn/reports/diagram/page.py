"""The page that holds the pictures: each drawn, and below it the Mermaid text that tells when it is out of date."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .delivery import delivery_flow
from .files import shows
from .information import information_flow
from .mermaid import mermaid
from .picture import Picture

if TYPE_CHECKING:
    from ...build.build import Rendered

FILE = Path("docs/pictures.md")
HEAD = """\
# Pictures

Drawn from the templates by `python -m notejam_cfn diagram`, which also writes this page; `build --check` says when they
are out of date. Below each picture is the same as text, which GitHub draws too: for those who cannot see the picture,
and for whoever compares.

`--stage NAME` draws another stage than the last, `--text` prints the text and draws nothing, `--docs DIR` writes to
another folder than `docs`, and `--config FILE` reads another configuration. Drawing needs Graphviz and
`pip install 'notejam[diagram]'`.
"""
IMAGES = "images"
SUFFIXES = (".svg", ".png")


def page(pictures: Iterable[Picture]) -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_section(picture) for picture in pictures)


def pictures_of(composed: Sequence[Rendered], stage: str) -> list[Picture]:
    """Return the pictures of one stage, from its layers, and of the delivery; none where the stage is unknown."""
    layers = [one.body for one in composed if one.stack.stage == stage and one.stack.layer != "console"]
    project = [one.body for one in composed if one.stack.stage is None]
    if not layers:
        return []
    kinds = {resource["Type"] for body in project for resource in body["Resources"].values()}
    delivery = [delivery_flow(project)] if "AWS::CodePipeline::Pipeline" in kinds else []
    return [information_flow(layers, stage), *delivery]


def difference(pictures: Sequence[Picture], file: Path) -> str:
    """Return how a page on disk and its images differ from these pictures; empty when they are up to date.

    The page's is a unified diff. Images are not drawn to be compared: each holds the fingerprint of what it shows.
    """
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    before, after = (text.splitlines(keepends=True) for text in (old, page(pictures)))
    diff = "".join(difflib.unified_diff(before, after, str(file), "python -m notejam_cfn diagram"))
    images = (
        (picture, file.parent / IMAGES / f"{picture.name}{suffix}") for picture in pictures for suffix in SUFFIXES
    )
    return diff + "".join(
        f"{image} is missing or shows something else\n" for picture, image in images if not shows(image, picture)
    )


def _section(picture: Picture) -> str:
    """Return a picture and its text. GitHub blocks the icons within an SVG, so the page shows the PNG.

    Source: github.com/github/markup, issue 1259.
    """
    image = f"{IMAGES}/{picture.name}"
    return (
        f"\n## {picture.title}\n\n![{picture.summary}]({image}.png)\n\n[The same as SVG]({image}.svg)\n\n"
        f"<details><summary>The same as text</summary>\n\n```mermaid\n{mermaid(picture)}```\n\n</details>\n"
    )
