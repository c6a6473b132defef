"""The page that holds the pictures: each drawn, and below it the Mermaid text that tells when it is out of date."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .delivery import delivery_flow
from .information import information_flow
from .mermaid import mermaid
from .picture import Picture

if TYPE_CHECKING:
    from ..build import Rendered

FILE = Path("docs/pictures.md")
HEAD = """\
# Pictures

Drawn from the templates by `python -m notejam_cfn diagram`, which also writes this page; `build --check` says when they
are out of date. Below each picture is the same as text, for those who cannot see it and for whoever compares.

`--stage NAME` draws another stage than the last, `--text` prints the text and draws nothing, `--docs DIR` writes to
another folder than `docs`, and `--config FILE` reads another configuration. Drawing needs Graphviz and
`pip install 'notejam[diagram]'`.
"""


def page(pictures: Iterable[Picture]) -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_section(picture) for picture in pictures)


def pictures_of(composed: Sequence[Rendered], stage: str) -> list[Picture]:
    """Return the pictures of one stage, from its layers, and of the delivery; none where the stage is unknown."""
    layers = [one.body for one in composed if one.stack.stage == stage and one.stack.layer != "console"]
    delivery = [one.body for one in composed if _has_pipeline(one)]
    return [information_flow(layers), *(delivery_flow(body) for body in delivery)] if layers else []


def difference(pictures: Iterable[Picture], file: Path) -> str:
    """Return a unified diff from a page on disk to the page of these pictures; empty when it is up to date."""
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    before, after = (text.splitlines(keepends=True) for text in (old, page(pictures)))
    return "".join(difflib.unified_diff(before, after, str(file), "python -m notejam_cfn diagram"))


def _has_pipeline(one: Rendered) -> bool:
    return any(resource["Type"] == "AWS::CodePipeline::Pipeline" for resource in one.body["Resources"].values())


def _section(picture: Picture) -> str:
    return (
        f"\n## {picture.title}\n\n![{picture.title}](images/{picture.name}.svg)\n\n"
        f"<details><summary>As text</summary>\n\n```mermaid\n{mermaid(picture)}```\n\n</details>\n"
    )
