"""`suppressions`: list the rules of other linters that resources are right to break, with reason and risk."""

from __future__ import annotations

import argparse
import dataclasses
import json
import textwrap
from typing import TYPE_CHECKING

from .. import arguments

if TYPE_CHECKING:
    from ...build.build import Rendered
    from ...core.suppressions import SuppressedRule

Found = list[tuple[str, "SuppressedRule"]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    arguments.add_stages(parser)
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Compose the stacks and print their suppressions. Raises `ConfigError` or `BuildError`."""
    from ...build import build
    from ...config import loader

    found = _suppressions(build.compose(loader.load(options.config), options.stages))
    print(_document(found) if options.json else "\n".join(_text(found)))
    return 0


def _suppressions(rendered: list[Rendered]) -> Found:
    from ...core.suppressions import suppressed_rules

    return [(one.path, each) for one in rendered for each in suppressed_rules(one.body)]


def _text(found: Found) -> list[str]:
    """Return a paragraph for each reason: what is exempt, from which rules, in how many templates, and the risk."""
    paragraphs: dict[tuple[str, str], Found] = {}
    for path, one in found:
        paragraphs.setdefault((one.reason, one.risk), []).append((path, one))
    lines = [line for (reason, risk), each in sorted(paragraphs.items()) for line in _paragraph(reason, risk, each)]
    resources = {(path, one.logical_id) for path, one in found}
    rules = {(one.linter, one.rule) for _, one in found}
    return [*lines, f"{len(paragraphs)} reasons, {len(rules)} rules, {len(resources)} resources"]


def _paragraph(reason: str, risk: str, found: Found) -> list[str]:
    names = sorted({one.logical_id for _, one in found})
    rules = sorted({f"{one.linter} {one.rule}" for _, one in found})
    paths = sorted({path for path, _ in found})
    return [
        ", ".join(names),
        *_wrapped("rules:", ", ".join(rules)),
        *_wrapped("why:", reason),
        *_wrapped("risk:", risk),
        *_wrapped("in:", ", ".join(paths)),
        "",
    ]


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=f"  {label:<7}", subsequent_indent=" " * 9, break_long_words=False)


def _document(found: Found) -> str:
    return json.dumps({"suppressions": [{"template": path} | dataclasses.asdict(one) for path, one in found]}, indent=2)
