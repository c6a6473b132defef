"""The actions of AWS Budgets: what a deployed budget does when so much is spent, in the role that it is given.

ministack keeps budgets, and knows no actions.
Source: AWS Cost Management User Guide, "Configuring budget actions".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...roles import services
from ...roles.arns import Place, Resource
from ...roles.enforcement import ENFORCEMENT
from ..ministack import module, within

BUDGET, ACTION = "AWS::Budgets::Budget", "AWS::Budgets::BudgetsAction"


def spend(document: Mapping[str, Any]) -> list[str]:
    """Let a budget see what was spent, and its actions do what they do from their threshold on.

    `document` has the budget's name as `budget`, and `usd`. Returns what the actions are refused.
    """
    refused = []
    for place in {Place(*key[:2]) for key in ENFORCEMENT.resources}:
        with within(place.account, place.region):
            world = ENFORCEMENT.world(place)
            for action in _reached(world, str(document["budget"]), float(document["usd"])):
                refused += list(_acted(action, world))
    return refused


def _reached(world: services.World, name: str, usd: float) -> Iterator[Resource]:
    """Yield the actions of a budget whose threshold, a percentage, is reached."""
    budgets = [one for one in world.resources if one.kind == BUDGET and one.physical_id == name]
    limits = [float(one.properties["Budget"]["BudgetLimit"]["Amount"]) for one in budgets]
    for one in world.resources:
        threshold = one.properties.get("ActionThreshold", {})
        if one.kind == ACTION and one.properties["BudgetName"] == name and limits:
            assert threshold["Type"] == "PERCENTAGE", threshold
            if usd >= limits[0] * float(threshold["Value"]) / 100 and one.properties["ApprovalModel"] == "AUTOMATIC":
                yield one


def _acted(action: Resource, world: services.World) -> Iterator[str]:
    """Attach the policy to the roles, as the role allows it, and yield what it does not allow."""
    definition = action.properties["Definition"]["IamActionDefinition"]
    for need in services.budget_action(action, world):
        decision = ENFORCEMENT.decide_need(need)
        if not decision.allowed:
            yield f"{need.request.action} on {need.request.resource} ({decision.reason})"
            return
    iam = module("services.iam")
    for name in definition.get("Roles", ()):
        iam.attach_managed_policy(iam._roles.get(name), definition["PolicyArn"])
