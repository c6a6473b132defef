"""A plan in words."""

from __future__ import annotations

from collections import Counter

from ...core.terminal import GREEN, RED, YELLOW
from ..stacks.execution.statuses import status
from ..ui.progress import counted
from .changes import REPLACING, Action
from .effects.findings import Verdict
from .effects.verdicts import Judged
from .model import Kind, Plan, StackPlan

SIGNS = {Action.ADD: "+", Action.CHANGE: "~", Action.REPLACE: "±", Action.MAYBE_REPLACE: "±", Action.REMOVE: "-"}
STYLES = {"+": GREEN, "~": YELLOW, "±": RED, "-": RED}
COUNTED = {
    Action.ADD: "added",
    Action.CHANGE: "changed",
    Action.REPLACE: "replaced",
    Action.MAYBE_REPLACE: "replaced, maybe",
    Action.REMOVE: "removed",
}
# Changes of these alone concern nobody who uses the stage.
TEXT = frozenset({"Metadata", "DeletionPolicy", "UpdateReplacePolicy"})


def lines(plan: Plan) -> list[str]:
    """Return the lines that show a plan to a person."""
    width = max((len(each.stack.layer) for each in plan.stacks.values()), default=0)
    told = [line for stack in plan.stacks.values() for line in _stack_lines(stack, width)]
    told += [f"note: {notice}" for notice in plan.notices]
    for each in plan.left:
        cost = f", ${each.monthly_usd:,.2f} a month idle" if each.monthly_usd is not None else ""
        holds = counted(each.holds, "resource")
        told.append(f"left: {each.name} ({each.region}) is no longer built; it holds {holds}{cost}")
        told.append(f"      remove it: python -m notejam_cfn destroy {each.stage} --left")
    return told


def style(line: str) -> str:
    """Return the style in which a line of a plan is shown: by its sign, and red for what is refused."""
    text = line.lstrip()
    if any(text.startswith(f"{verdict.value.upper()}:") for verdict in Verdict):
        return RED
    return STYLES.get(text[:1], "") if text[1:2] == " " and line != text else ""


def _stack_lines(plan: StackPlan, width: int) -> list[str]:
    told = [f"{plan.stack.layer:<{width}}  {_summary(plan)}"]
    if plan.cleared is not None and plan.state:
        told.append(f"    {plan.state.name} {status(plan.state.status).meaning}; it is deleted first")
        told += [f"    - {held.logical_id} ({held.type}, {held.status})" for held in plan.cleared]
    added: dict[str, list[str]] = {}
    for each in plan.changes:
        if each.change.action is Action.ADD:
            added.setdefault(each.change.type.removeprefix("AWS::"), []).append(each.change.logical_id)
    told += [f"    + {kind}: {', '.join(names)}" for kind, names in sorted(added.items())]
    seen = [each for each in plan.changes if each.change.action is not Action.ADD and not _is_text(each)]
    told += [line for each in seen for line in _change_lines(each)]
    texts = sum(map(_is_text, plan.changes))
    told += [f"    ~ {texts} change in their description only"] if texts else []
    for given in plan.parameters:
        if plan.kind is Kind.UNCHANGED:
            told.append(f"    {given.name} matters to nothing there yet")
        else:
            told.append(f"      {given.name}: {given.old or '(empty)'} → {given.new or '(empty)'}")
    return told


def _summary(plan: StackPlan) -> str:
    protection = {True: "protected against deletion", False: "no longer protected against deletion"}
    guard = f"; {protection[plan.protection]}" if plan.protection is not None else ""
    if plan.kind is Kind.UNCHANGED:
        return f"unchanged{guard}"
    counts = Counter(COUNTED[each.change.action] for each in plan.changes)
    told = ", ".join(f"{count} {effect}" for effect, count in counts.items())
    steps = ", in two steps" if plan.first else ""
    word = "new" if plan.kind is Kind.CREATE else plan.kind.value
    return f"{word}: {told or 'parameters and outputs only'}{steps}{guard}"


def _is_text(judged: Judged) -> bool:
    change = judged.change
    return change.action is Action.CHANGE and bool(change.properties) and set(change.properties) <= TEXT


def _change_lines(judged: Judged) -> list[str]:
    change = judged.change
    what = ", ".join(change.properties)
    if change.action in REPLACING:
        what = f"replaced{', maybe' if change.action is Action.MAYBE_REPLACE else ''} ({what})"
    if change.because:
        what += f", because of {', '.join(change.because)}"
    told = f"    {SIGNS[change.action]} {change.logical_id} ({change.type.removeprefix('AWS::')})"
    if change.action is not Action.REMOVE:
        told += f": {what}"
    findings = sorted((each for each in judged.findings if each.reason), key=lambda each: each.weight)
    why = [
        f"{each.verdict.value.upper() if each.refused else each.verdict.value}: {each.reason}"
        if each.verdict is not Verdict.NOTHING
        else each.reason
        for each in findings
    ]
    return [told, *(f"        {text}" for text in why)]
