"""`diagram`: draw the information flow and the delivery flow from the templates."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.terminal import say
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...reports.diagram import Picture

LIBRARY_MISSING = (
    "drawing needs the diagrams library: `pip install 'notejam[diagram]'`, or `pip install -e '.[diagram]'` in a copy "
    "of the project; without it, `--text` prints the pictures as Mermaid"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    add = parser.add_argument
    add("--stage", metavar="NAME", help="the stage to draw (default: the last)")
    add("--docs", type=Path, default=Path("docs"), metavar="DIR", help="where the page and images go (default: docs)")
    add("--text", action="store_true", help="print the pictures as Mermaid, and draw nothing")


def run(options: argparse.Namespace) -> int:
    """Draw, or print with --text. Raises `ConfigError`, `BuildError` or `OSError`."""
    from ...build import build
    from ...config import loader
    from ...reports.diagram import FILE, mermaid, page, pictures_of

    project = loader.load(options.config)
    stage = options.stage or project.stages[-1].name
    pictures = pictures_of(build.compose(project), stage)
    if not pictures:
        known = ", ".join(stage.name for stage in project.stages)
        raise build.BuildError(f"no stage named {stage!r} in the configuration; its stages: {known}")
    if options.text:
        print("\n".join(mermaid(picture) for picture in pictures), end="")
        return 0
    files = _draw(pictures, options.docs / "images")
    (options.docs / FILE.name).write_text(page(pictures), encoding="utf-8")
    say(f"drew {', '.join(file.name for file in files)} in {options.docs / 'images'}")
    suggest(options, "build --check")
    return 0


def _draw(pictures: list[Picture], directory: Path) -> list[Path]:
    from ...build import build

    try:
        from ...reports.diagram.draw import CannotDraw, draw
    except ImportError:
        raise build.BuildError(LIBRARY_MISSING) from None
    try:
        return [file for picture in pictures for file in draw(picture, directory)]
    except CannotDraw as error:
        raise build.BuildError(str(error)) from None
