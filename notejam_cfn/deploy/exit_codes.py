"""How a command ends: its exit status, and the exceptions that carry one.

CommandError
├── BadInput          what was asked for does not exist or does not fit
├── Refused           what was asked for is dangerous, or someone else is at it
├── RolledBack        it failed, and everything is as before
├── NeedsRecovery     it failed, and a stack needs help before it can change again
├── Interrupted       the person stopped it
└── AwsTrouble        AWS did not answer as hoped
    ├── NoAccess      credentials are missing, expired or not enough
    ├── Unreachable   the network or the service is gone
    └── Throttled     too many requests, even after trying again
"""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """Exit statuses of every command."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    NEEDS_RECOVERY = 3
    REFUSED = 4
    AWS_TROUBLE = 5
    NOTHING_TO_DO = 10
    UNHEARD = 74
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.DONE: "done, or there was nothing to do",
    Exit.FAILED: "a linter objects or output/ is stale; or it failed and was taken back: everything is as before",
    Exit.BAD_INPUT: "an argument, a file or a setting is wrong, or a package is missing; nothing was changed",
    Exit.NEEDS_RECOVERY: "a stack is stuck and needs `recover`",
    Exit.REFUSED: "refused: data would be lost, someone else is deploying, or the answer was no",
    Exit.AWS_TROUBLE: "AWS could not be reached or refused the credentials",
    Exit.NOTHING_TO_DO: "nothing to do, when --tell-unchanged was given",
    Exit.UNHEARD: "done, but standard output is full or closed: what was to be printed is lost",
    Exit.INTERRUPTED: "interrupted; the last lines say what state things are in",
    Exit.TERMINATED: "ended from outside by SIGTERM, and 129 by SIGHUP",
}


class CommandError(Exception):
    """A command cannot go on. `advice` says what to do next, one step a line."""

    exit = Exit.FAILED

    def __init__(self, message: str, *advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class BadInput(CommandError):
    """What was asked for does not exist or does not fit."""

    exit = Exit.BAD_INPUT


class Refused(CommandError):
    """What was asked for is dangerous, or someone else is at it."""

    exit = Exit.REFUSED


class RolledBack(CommandError):
    """It failed, and everything is as before."""


class NeedsRecovery(CommandError):
    """It failed, and a stack needs help before it can change again."""

    exit = Exit.NEEDS_RECOVERY


class Interrupted(CommandError):
    """The person stopped it."""

    exit = Exit.INTERRUPTED


class AwsTrouble(CommandError):
    """AWS did not answer as hoped. `code` is AWS's own word for it, or empty."""

    exit = Exit.AWS_TROUBLE

    def __init__(self, message: str, *advice: str, code: str = "") -> None:
        super().__init__(message, *advice)
        self.code = code


class NoAccess(AwsTrouble):
    """Credentials are missing, expired or not enough."""


class Unreachable(AwsTrouble):
    """The network or the service is gone."""


class Throttled(AwsTrouble):
    """Too many requests, even after trying again."""
