"""`suppressions`: list the rules of other linters that resources are right to break, with reason and risk."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from ...core.terminal import BOLD, say
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...core.suppressions import SuppressedRule

Found = list[tuple[str, "SuppressedRule"]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    arguments.add_stages(parser)
    parser.add_argument("--details", action="store_true", help="also why, at what risk, and in which templates")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Compose the stacks and print their suppressions. Raises `ConfigError` or `BuildError`."""
    from ...core.suppressions import suppressed_rules

    found = [(one.path, each) for one in arguments.composed(options) for each in suppressed_rules(one.body)]
    if options.json:
        rules = [{"template": path} | dataclasses.asdict(one) for path, one in found]
        arguments.print_json({"suppressions": rules})
        return 0
    by_reason: dict[tuple[str, str], Found] = {}
    for path, one in found:
        by_reason.setdefault((one.reason, one.risk), []).append((path, one))
    for (reason, risk), each in sorted(by_reason.items()):
        _show_reason(reason, risk, each, options.details)
    resources = {(path, one.logical_id) for path, one in found}
    broken = {(one.linter, one.rule) for _, one in found}
    say(f"{len(by_reason)} reasons, {len(broken)} rules, {len(resources)} resources")
    suggest(options, "suppressions --details" if not options.details else "build")
    return 0


def _show_reason(reason: str, risk: str, found: Found, details: bool) -> None:
    """Print what is exempt from which rules; with details why, at what risk and in which templates."""
    names = ", ".join(sorted({one.logical_id for _, one in found}))
    rules = ", ".join(sorted({f"{one.linter} {one.rule}" for _, one in found}))
    if not details:
        say(f"{names}: {rules}")
        return
    say(names, style=BOLD)
    paths = ", ".join(sorted({path for path, _ in found}))
    for label, text in (("rules:", rules), ("why:", reason), ("risk:", risk), ("in:", paths)):
        say(f"  {label:<7}{text}", hang=9)
    say("")
