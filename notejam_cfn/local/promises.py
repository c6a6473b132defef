"""What the parts of a rehearsal share: how a command is run that nobody answers, and what is raised when it fails."""

from __future__ import annotations

from collections.abc import Mapping

from ..deploy.exit_codes import Exit
from ..deploy.stacks.execution.outcomes import Result
from ..deploy.stacks.stack_run import Prompter
from ..deploy.ui.summary import exit_status, lines

NOBODY = Prompter(confirm=lambda question: True, ask=lambda question, choices: "undo")


class RehearsalError(RuntimeError):
    """The stage does not do what it promises."""


def require_good(results: Mapping[str, Result]) -> None:
    """Raise RehearsalError, with what a person is told, unless everything went well."""
    if exit_status(results) is not Exit.DONE:
        raise RehearsalError("\n".join(lines(results, 0, "")))
