"""IAM statements about where a stage's services and load balancers may be put: in subnets of its own network only.

A task or load balancer in another stage's network could use that network's security groups. Of databases IAM knows no
subnet: they are put by a group of subnets, which belongs to the network and which no role here may make or change.
Sources: Service Authorization Reference, the actions that know `ecs:subnet`, `elasticloadbalancing:Subnet` and
`lambda:VpcIds`, and those of Amazon RDS, which know none. `ecs:RunTask` does not either:
aws/containers-roadmap, issue 2499.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Condition, ForAllValuesStringEquals, Null, Statement

from ..core.values import Value
from .policies import allow, in_account, on

# What says in which subnets databases are: administrators only do it, with the network.
WITHHELD = frozenset({"rds:CreateDBSubnetGroup", "rds:ModifyDBSubnetGroup"})
# What says where something is, and is allowed by the statements below, or to nobody.
PLACING = WITHHELD | {
    *("ecs:CreateService", "ecs:UpdateService"),
    *("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:SetSubnets"),
    *("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"),
}


@dataclasses.dataclass(frozen=True)
class StageSubnets:
    """The subnets of a stage's network: those of tasks, and those of load balancers."""

    tasks: Sequence[Value]
    load_balancers: Sequence[Value]


def allow_placing_services(services: Sequence[Value], subnets: Sequence[Value]) -> Statement:
    """Make and change ECS services whose tasks are in these subnets. A change need not speak of the network."""
    here = Condition([ForAllValuesStringEquals("ecs:subnet", list(subnets))])
    return allow(on("ecs", "CreateService", "UpdateService"), services, here)


def allow_functions_in_no_network(functions: Sequence[Value]) -> Statement:
    """Make and change functions that are in no network of ours. Those that a stage has call AWS only.

    Source: AWS Lambda Developer Guide, "Using IAM condition keys for VPC settings".
    """
    nowhere = Condition([Null("lambda:VpcIds", True)])
    return allow(on("lambda", "CreateFunction", "UpdateFunctionConfiguration"), functions, nowhere)


def allow_placing_load_balancers(subnets: Sequence[Value], of_new: Condition, of_stage: Condition) -> list[Statement]:
    """Make load balancers in these subnets, and move the stage's own to others of them."""
    key = "elasticloadbalancing:Subnet"
    here = [ForAllValuesStringEquals(key, list(subnets)), Null(key, False)]
    balancers = [in_account("elasticloadbalancing:*:${AWS::AccountId}:loadbalancer/*")]
    return [
        allow(on("elasticloadbalancing", name), balancers, Condition([*whose.conditions, *here]))
        for name, whose in (("CreateLoadBalancer", of_new), ("SetSubnets", of_stage))
    ]
