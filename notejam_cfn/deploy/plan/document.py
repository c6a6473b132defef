"""A plan as a file: written for a person to approve, and carried out only when it would still be the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..exit_codes import BadInput, Refused
from . import wording
from .effects.verdicts import Judged
from .model import Plan, StackPlan

FORMAT = 1


def document(plan: Plan) -> dict[str, Any]:
    """Return a plan as data. `digest` covers what would be done; neither the time nor the wording is part of it."""
    content = {
        "stacks": [_stack(each) for each in plan.stacks.values()],
        "changes": [_change(each, plan) for each in plan.judged],
    }
    return {
        "format": FORMAT,
        "stage": plan.stage,
        "account": plan.account,
        "digest": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        "empty": plan.empty,
        "given": {
            "parameters": dict(plan.parameters),
            "allow": sorted(plan.allowed),
            "only": list(plan.only),
        },
        "summary": wording.lines(plan),
        **content,
        "notices": list(plan.notices),
        "left": [vars(each) for each in plan.left],
    }


def write(path: Path, plan: Plan) -> None:
    """Write a plan to a file. Raises BadInput when that is not possible."""
    try:
        path.write_text(json.dumps(document(plan), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error


def read(path: Path, stage: str) -> Mapping[str, Any]:
    """Read the file of a plan for a stage. Raises BadInput when it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise BadInput(f"{path} is a plan of format {found['format']}, this command reads {FORMAT}", "Plan again")
        if found["stage"] != stage:
            raise BadInput(f"{path} is a plan for {found['stage']}, not for {stage}")
        _ = found["digest"], found["given"]["parameters"], found["given"]["allow"], found["given"]["only"]
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", f"Make it: deploy {stage} --plan {path}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is not a plan: {error!r}", f"Make it: deploy {stage} --plan {path}") from error
    return dict(found)


def require_same(approved: Mapping[str, Any], plan: Plan) -> None:
    """Raise Refused, with what is different, when a plan is not the one that was approved."""
    now = document(plan)
    if now["digest"] == approved["digest"]:
        return
    before, after = (
        {f"{change['action']} {change['id']}: {change['verdict']}" for change in each.get("changes", ())}
        for each in (approved, now)
    )
    told = [f"no longer: {line}" for line in sorted(before - after)]
    told += [f"new: {line}" for line in sorted(after - before)]
    raise Refused(
        "things are no longer as they were when this plan was made",
        *(told or ["the templates, parameters or stacks are others"]),
        "Plan again, and look at the new plan",
    )


def _stack(plan: StackPlan) -> dict[str, Any]:
    return {
        "name": plan.stack.name,
        "layer": plan.stack.layer,
        "region": plan.stack.region,
        "id": plan.state.id if plan.state else None,
        "kind": plan.kind.value,
        "steps": 2 if plan.first else 1,
        "template": plan.stack.sha256,
        "parameters": [vars(each) for each in plan.parameters],
        "cleared": [each.logical_id for each in plan.cleared or ()],
        "protection": {True: "on", False: "off", None: None}[plan.protection],
    }


def _change(judged: Judged, plan: Plan) -> dict[str, Any]:
    change, worst = judged.change, judged.worst
    return {
        "id": change.id,
        "stack": change.stack,
        "type": change.type,
        "action": change.action.value,
        "properties": list(change.properties),
        "because": list(change.because),
        "verdict": worst.verdict.value,
        "reason": worst.reason,
        "source": worst.source,
        "findings": [{"verdict": each.verdict.value, "reason": each.reason} for each in judged.findings],
        "refused": worst.refused,
        "allowed": change.id in plan.allowed,
    }
