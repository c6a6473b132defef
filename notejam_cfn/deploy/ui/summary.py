"""How a deployment went, in words for people and as data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ...core.terminal import GREEN, RED
from ..exit_codes import Exit
from ..manifest import IMAGE, URL
from ..stacks.execution.outcomes import Outcome, Result
from ..stacks.execution.root_cause import hint
from ..stacks.execution.statuses import status
from .progress import minutes

NEXT = {"release": "smoke", "restore": "smoke", "move": "smoke", "destroy": "deploy", "recover": "deploy"}
# A stack that needs help outweighs one that was taken back, and both outweigh what did not begin.
WORST_FIRST = (
    *(Exit.NEEDS_RECOVERY, Exit.AWS_TROUBLE, Exit.FAILED, Exit.REFUSED, Exit.BAD_INPUT),
    *(Exit.INTERRUPTED, Exit.DONE),
)


def exit_status(results: Mapping[str, Result], tell_unchanged: bool = False) -> Exit:
    """Return the exit status of a deployment: that of the stack that fared worst."""
    found = {result.exit for result in results.values()}
    worst = next((status for status in WORST_FIRST if status in found), Exit.DONE)
    if worst is Exit.DONE and tell_unchanged and all(r.fate is Outcome.UNCHANGED for r in results.values()):
        return Exit.NOTHING_TO_DO
    return worst


def lines(results: Mapping[str, Result], seconds: float, again: str) -> list[str]:
    """Say how it went: the failures with their first cause, the counts, the address. `again` repeats the command."""
    told = [line for result in results.values() for line in _failure(result)]
    ended = exit_status(results)
    if ended not in (Exit.DONE, Exit.INTERRUPTED):
        skipped = [name for name, result in results.items() if result.fate is Outcome.SKIPPED]
        told += [f"{name} was skipped: it needs what failed." for name in skipped]
    verdict = {Exit.DONE: "Done", Exit.INTERRUPTED: "Interrupted"}.get(ended, "Failed")
    if any(result.fate is Outcome.REVIEWED for result in results.values()):
        verdict = "Nothing was changed"
    counts = Counter(result.fate.value for result in results.values())
    counted = ", ".join(f"{number} {fate}" for fate, number in counts.items()) or "there was nothing to do"
    told.append(f"{verdict} in {minutes(seconds)}: {counted}.")
    if ended is Exit.INTERRUPTED:
        told += [f"  {name}: {result.fate.value}" for name, result in results.items()]
        told.append(f"  → Continue with: {again}")
    return told + _addresses(results) + _next_step(results)


def following(command: str, results: Mapping[str, Result]) -> str:
    """Return the command that usually comes after one that ended so."""
    if any(result.fate is Outcome.REVIEWED for result in results.values()):
        return command
    return NEXT.get(command, "status") if exit_status(results) is Exit.DONE else "status"


def style(line: str) -> str:
    """Return the style in which a line is shown to a person."""
    return GREEN if line.startswith("Done") else RED if line.startswith("Failed") or " failed. " in line else ""


def document(results: Mapping[str, Result], seconds: float) -> dict[str, Any]:
    """Return the same as data."""
    return {
        "exit": int(exit_status(results)),
        "seconds": round(seconds, 1),
        "url": next(iter(_addresses(results)), None),
        "stacks": {name: _entry(result) for name, result in results.items()},
    }


def _next_step(results: Mapping[str, Result]) -> list[str]:
    """Say how a stage that is up gets its first release: until then it has no image, and nothing runs."""
    for result in results.values():
        if result.good and result.state and result.state.parameters.get(IMAGE) == "" and URL in result.state.outputs:
            return [f"  → Nothing runs there yet: python -m notejam_cfn release {result.stack.stage}"]
    return []


def _failure(result: Result) -> list[str]:
    if result.fate is not Outcome.FAILED:
        return []
    state = f"It {status(result.state.status).meaning} ({result.state.status})." if result.state else ""
    told = [f"{result.stack.name} failed. {result.error or state}"]
    if result.cause:
        event, others = result.cause.event, result.cause.followers
        followed = f" ({others} more failed because of it)" if others else ""
        told += [f"  First cause: {event.logical_id} ({event.type}){followed}", f"    {event.reason}"]
    for task in result.stopped_tasks:
        told.append(f"  Task {task.id} stopped: {task.reason}")
        told += [f"    {container}" for container in task.containers]
        told += [f"    | {line}" for line in task.log_lines]
    return [*told, *_advice(result), ""]


def _advice(result: Result) -> list[str]:
    steps = list(result.error.advice) if result.error else []
    if result.cause:
        reasons = " ".join([result.cause.event.reason, *(task.reason for task in result.stopped_tasks)])
        steps += [found for found in (result.cause.hint or hint(reasons),) if found]
    if result.state and result.exit is Exit.NEEDS_RECOVERY:
        steps.append(f"Then: python -m notejam_cfn recover {result.stack.stage or result.stack.layer}")
    return [f"  → {step}" for step in steps]


def _addresses(results: Mapping[str, Result]) -> list[str]:
    if exit_status(results) is not Exit.DONE:
        return []
    up = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.REVIEWED)
    states = [result.state for result in results.values() if result.state and result.fate in up]
    return [state.outputs[URL] for state in states if URL in state.outputs]


def _entry(result: Result) -> dict[str, Any]:
    cause = result.cause
    return {
        "fate": result.fate.value,
        "status": result.state.status if result.state else None,
        "seconds": round(result.seconds, 1),
        "outputs": dict(result.state.outputs) if result.state else {},
        "cause": {"resource": cause.event.logical_id, "reason": cause.event.reason} if cause else None,
        "error": str(result.error) if result.error else None,
        "advice": [line.removeprefix("  → ") for line in _advice(result)] if result.fate is Outcome.FAILED else [],
    }
