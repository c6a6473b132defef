"""`links`: print links into the CloudFormation console, to create a stage from its one template."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from ...core.terminal import BOLD, say
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...reports.links import Links
    from ...stacks import Stack


HINT = "With output/ in S3 and its address as --base-url, links have everything filled in: docs/console.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    arguments.add_stages(parser)
    add = parser.add_argument
    add(
        "--base-url",
        type=_in_s3,
        metavar="URL",
        help="where output/ was uploaded to, in S3; adds links with everything filled in",
    )
    add("--region", metavar="REGION", help="another region than the stage's own")
    add("--parameter", action="append", default=[], type=_parameter, metavar="NAME=VALUE", help="fill in a parameter")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the links of each stage. Raises `ConfigError` or `BuildError`."""
    from ...build.build import BuildError
    from ...stacks.stack import CONSOLE

    stacks = [one.stack for one in arguments.composed(options) if one.stack.form == CONSOLE]
    known = sorted({name for stack in stacks for name in stack.template.parameters})
    for name, _ in options.parameter:
        if name not in known:  # the console would leave it out without a word
            raise BuildError(f"--parameter: no template has {name!r}; there are {', '.join(known)}")
    links = [_links(options, stack) for stack in stacks]
    if options.json:
        arguments.print_json({"links": [dataclasses.asdict(one) for one in links]})
    else:
        for one in links:
            say(f"{one.stage} in {one.region}", style=BOLD)
            say(f"  upload {one.template}:", f"  {one.upload}")
            if one.create:
                say("  create, all filled in:", f"  {one.create}")
            say("")
        if not options.base_url:
            say(HINT)
        suggest(options, f"deploy {links[0].stage}")
    return 0


def _links(options: argparse.Namespace, stack: Stack) -> Links:
    from ...reports import links

    region, file = options.region or stack.region, f"{stack.path}.yaml"
    url = f"{options.base_url.rstrip('/')}/{file}" if options.base_url else None
    create = links.create_link(region, url, stack.name, dict(options.parameter)) if url else None
    return links.Links(str(stack.stage), region, f"output/{file}", links.upload_link(region), create)


def _in_s3(text: str) -> str:
    from ...reports.links import S3_ADDRESS

    if not S3_ADDRESS.fullmatch(text):
        example = "https://BUCKET.s3.eu-central-1.amazonaws.com"
        raise argparse.ArgumentTypeError(f"must be an address in S3, such as {example}, got {text!r}")
    return text


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {text!r}")
    return name, value
