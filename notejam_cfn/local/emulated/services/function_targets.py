"""Registers the functions that target groups name, as CloudFormation does; ministack leaves a template's targets out.

A function is only taken when its own policy lets load balancers invoke it. Source: Elastic Load Balancing, "Use Lambda
functions as targets of an Application Load Balancer", permissions.
"""

from __future__ import annotations

import importlib
from typing import Any

TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
INVOKER = "elasticloadbalancing.amazonaws.com"


def register() -> None:
    """Change ministack in this process."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    alb: Any = importlib.import_module("ministack.services.alb")
    own = provisioners._RESOURCE_HANDLERS[TARGET_GROUP]

    def hold(physical_id: str, properties: dict[str, Any]) -> None:
        if properties.get("TargetType") == "lambda":
            for target in properties.get("Targets", ()):
                _require_permission(str(target["Id"]))
            alb._targets[physical_id] = [{"Id": str(target["Id"])} for target in properties.get("Targets", ())]

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        made = own["create"](logical_id, properties, stack_name)
        hold(made[0], properties)
        return made

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, *rest: Any) -> Any:
        changed = own["update"](physical_id, old, new, stack_name, *rest)
        hold(changed[0], new)
        return changed

    provisioners._RESOURCE_HANDLERS[TARGET_GROUP] = own | {"create": create, "update": update}


def _require_permission(arn: str) -> None:
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    _, region, account = arn.split(":")[2:5]
    function, _, _ = functions._get_func_record_for_ref_in_scope(arn, account_id=account, region=region)
    statements = function["policy"]["Statement"] if function else []
    if not any(INVOKER in str(statement.get("Principal")) for statement in statements):
        raise ValueError(f"{INVOKER} does not have permission to invoke {arn} from its target group")
