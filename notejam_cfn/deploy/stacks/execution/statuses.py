"""Every status a CloudFormation stack can have: what it means, what deploying does about it, how an operation ended.

The table is complete: a test compares it with the statuses that botocore knows.
Source: AWS CloudFormation User Guide, "Stack status codes".
"""

from __future__ import annotations

import dataclasses
import enum

from ...exit_codes import Exit


class Step(enum.Enum):
    """What deploying does with a stack that it finds in a status."""

    CREATE = "create it"
    UPDATE = "update it"
    CLEAR = "show what is in it, delete it, create it"
    WAIT = "wait for the operation under way, or stop"
    RECOVER = "stop: python -m notejam_cfn recover first"
    DESTROY = "stop: python -m notejam_cfn destroy first"


@dataclasses.dataclass(frozen=True)
class Status:
    """A row of the table. `ended` is the exit status of an operation that stops in it; None while one is under way."""

    meaning: str
    step: Step
    ended: Exit | None


ABSENT = "absent"
STATUSES = {
    ABSENT: Status("does not exist yet", Step.CREATE, Exit.FAILED),
    "REVIEW_IN_PROGRESS": Status("was reviewed but never created", Step.CLEAR, Exit.FAILED),
    "CREATE_IN_PROGRESS": Status("is being created", Step.WAIT, None),
    "CREATE_COMPLETE": Status("is up", Step.UPDATE, Exit.DONE),
    "CREATE_FAILED": Status("could not be created, and was not taken back", Step.CLEAR, Exit.NEEDS_RECOVERY),
    "ROLLBACK_IN_PROGRESS": Status("could not be created, and is taken back", Step.WAIT, None),
    "ROLLBACK_COMPLETE": Status("could not be created, and was taken back", Step.CLEAR, Exit.FAILED),
    "ROLLBACK_FAILED": Status("could not be created nor taken back", Step.CLEAR, Exit.NEEDS_RECOVERY),
    "UPDATE_IN_PROGRESS": Status("is being updated", Step.WAIT, None),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Status("is updated; what was replaced is removed", Step.WAIT, None),
    "UPDATE_COMPLETE": Status("is up", Step.UPDATE, Exit.DONE),
    "UPDATE_FAILED": Status("could not be updated, and was not taken back", Step.RECOVER, Exit.NEEDS_RECOVERY),
    "UPDATE_ROLLBACK_IN_PROGRESS": Status("could not be updated, and is taken back", Step.WAIT, None),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Status("was taken back; what is new is removed", Step.WAIT, None),
    "UPDATE_ROLLBACK_COMPLETE": Status("is up, as before an update that failed", Step.UPDATE, Exit.FAILED),
    "UPDATE_ROLLBACK_FAILED": Status("could not be updated nor taken back", Step.RECOVER, Exit.NEEDS_RECOVERY),
    "DELETE_IN_PROGRESS": Status("is being deleted", Step.WAIT, None),
    "DELETE_FAILED": Status("could not be deleted", Step.DESTROY, Exit.NEEDS_RECOVERY),
    "DELETE_COMPLETE": Status("is deleted", Step.CREATE, Exit.FAILED),
    "IMPORT_IN_PROGRESS": Status("takes in resources that exist", Step.WAIT, None),
    "IMPORT_COMPLETE": Status("is up, with resources taken in", Step.UPDATE, Exit.DONE),
    "IMPORT_ROLLBACK_IN_PROGRESS": Status("could not take resources in, and is taken back", Step.WAIT, None),
    "IMPORT_ROLLBACK_COMPLETE": Status("is up, without the resources it was to take in", Step.UPDATE, Exit.FAILED),
    "IMPORT_ROLLBACK_FAILED": Status(
        "could not take resources in nor be taken back", Step.RECOVER, Exit.NEEDS_RECOVERY
    ),
}


def status(name: str) -> Status:
    """Return the row of a status. One that AWS adds later is treated as busy or stuck, never as fine."""
    if name in STATUSES:
        return STATUSES[name]
    if name.endswith("_IN_PROGRESS"):
        return Status(f"is in a status this script does not know: {name}", Step.WAIT, None)
    return Status(f"is in a status this script does not know: {name}", Step.RECOVER, Exit.NEEDS_RECOVERY)
