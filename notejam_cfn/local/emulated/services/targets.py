"""Targets as their services have them: a rule's as EventBridge's API spells them, and functions of target groups.

ministack keeps a rule's targets as the template has them, so that a client does not find the subnets of a target's
task, and leaves the targets of a template's target groups out. A function is only taken when its own policy lets load
balancers invoke it. Source: Elastic Load Balancing, "Use Lambda functions as targets of an Application Load Balancer",
permissions.
"""

from __future__ import annotations

import copy

from ..ministack import Properties, change_type, module

INVOKER = "elasticloadbalancing.amazonaws.com"


def register() -> None:
    """Change ministack in this process."""
    change_type("AWS::Events::Rule", given=_as_in_api)
    change_type("AWS::ElasticLoadBalancingV2::TargetGroup", done=_register_functions)


def _as_in_api(rule: Properties) -> Properties:
    found = copy.deepcopy(rule)
    for target in found.get("Targets", ()):
        place = target.get("EcsParameters", {}).get("NetworkConfiguration", {})
        if "AwsVpcConfiguration" in place:
            place["awsvpcConfiguration"] = place.pop("AwsVpcConfiguration")
    return found


def _register_functions(group: str, properties: Properties) -> None:
    if properties.get("TargetType") != "lambda":
        return
    arns = [str(target["Id"]) for target in properties.get("Targets", ())]
    for arn in arns:
        _, region, account = arn.split(":")[2:5]
        function, _, _ = module("services.lambda_svc")._get_func_record_for_ref_in_scope(
            arn, account_id=account, region=region
        )
        statements = function["policy"]["Statement"] if function else []
        if not any(INVOKER in str(statement.get("Principal")) for statement in statements):
            raise ValueError(f"{INVOKER} does not have permission to invoke {arn} from its target group")
    module("services.alb")._targets[group] = [{"Id": arn} for arn in arns]
