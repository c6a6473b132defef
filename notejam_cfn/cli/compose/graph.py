"""`graph`: print the stacks and what flows between them."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from ...core.terminal import BOLD, say
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...build.build import Rendered

FORMS = {"console": "the whole stage in one stack, for the console", "project": "once for all stages"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    arguments.add_stages(parser)
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Compose the stacks and print what each reads from others. Raises `ConfigError` or `BuildError`."""
    from ...reports.graph import flows_into, shortened

    rendered = arguments.composed(options)
    if options.json:
        arguments.print_json({"stacks": [_document(one) for one in rendered]})
        return 0
    for one in rendered:
        form = FORMS.get(one.stack.form)
        say(one.stack.name, style=BOLD)
        say(f"  {one.resources} resources in {one.stack.region}{f', {form}' if form else ''}")
        for flow in flows_into(one.body):
            say(f"  <- {flow.source}: {', '.join(shortened(flow.outputs))}", hang=5)
    suggest(options, "diagram")
    return 0


def _document(one: Rendered) -> dict[str, Any]:
    from ...reports.graph import flows_into

    return {
        "name": one.stack.name,
        "stage": one.stack.stage,
        "form": one.stack.form,
        "region": one.stack.region,
        "resources": one.resources,
        "depends_on": sorted(one.stack.depends_on),
        "reads": [dataclasses.asdict(flow) for flow in flows_into(one.body)],
    }
