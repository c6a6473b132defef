"""The information flow of a stage: who talks to whom, from people to the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..cost.known import Known
from .picture import Edge, Group, Item, Node, Picture, connected

Templates = Iterable[Mapping[str, Any]]

EDGES = (
    Edge("people", "firewall", "requests"),
    Edge("firewall", "balancer", "what is\nno attack"),
    Edge("balancer", "task1"),
    Edge("balancer", "task2", "requests and\nhealth checks"),
    Edge("balancer", "task3"),
    Edge("task1", "writer"),
    Edge("task2", "writer", "SQL over TLS"),
    Edge("task3", "writer"),
    Edge("writer", "reader1", "one storage,\nsix copies", minor=True),
    Edge("writer", "reader2", minor=True),
    Edge("task1", "nat", "calls to AWS", minor=True),
    Edge("task3", "secrets", "read passwords", minor=True),
    Edge("task3", "images", "pull the image", minor=True),
    Edge("task3", "logs", "log, measure", minor=True),
    Edge("writer", "vault", "snapshots", length=2),
    Edge("vault", "archive", "monthly,\nas Parquet"),
    Edge("vault", "copies", "copies", minor=True),
    Edge("balancer", "access_logs", minor=True),
    Edge("logs", "alarms", "thresholds", minor=True),
)
UNGUARDED = Edge("people", "balancer", "requests")


class _Facts:
    """Looks things up in all templates of a stage, as they are once a release is deployed."""

    def __init__(self, templates: Templates) -> None:
        self._known = [Known(template) for template in templates]

    def all(self, kind: str) -> list[tuple[Known, Mapping[str, Any]]]:
        """Return each resource of a type with the template it is in."""
        return [(known, properties) for known in self._known for properties in known.of_type(kind).values()]

    def has(self, kind: str) -> bool:
        """Tell whether there is a resource of a type."""
        return bool(self.all(kind))

    def bounds(self, kind: str, path: tuple[str, ...] = ()) -> str:
        """Return the least and the greatest of something as text, such as `3 to 24`."""
        known, properties = self.all(kind)[0]
        for key in path:
            properties = properties[key]
        return " to ".join(f"{known.number(properties[key]):g}" for key in ("MinCapacity", "MaxCapacity"))

    def named(self, kind: str, part: str) -> bool:
        """Tell whether a resource of a type has a logical ID that contains a word."""
        return any(part in name for known in self._known for name in known.of_type(kind))


def information_flow(templates: Templates) -> Picture:
    """Return the picture of a stage. `templates` are its layers, rendered."""
    facts = _Facts(templates)
    guarded = facts.has("AWS::WAFv2::WebACL")
    items: tuple[Item, ...] = (
        Node("people", "People", "people"),
        *_maybe(guarded, Node("firewall", "AWS WAF\nknown attacks, floods", "waf")),
        Group("vpc", f"VPC in {_zones(facts)} Availability Zones", (_public(facts), _private(facts), _isolated(facts))),
        *_safe(facts),
        _around(facts),
    )
    edges = EDGES if guarded else (UNGUARDED, *EDGES)
    return connected(Picture("information-flow", "Information flow of a stage", items, edges))


def _maybe(there: bool, *nodes: Node) -> tuple[Node, ...]:
    return nodes if there else ()


def _zones(facts: _Facts) -> int:
    _, balancer = facts.all("AWS::ElasticLoadBalancingV2::LoadBalancer")[0]
    return len(balancer["Subnets"])


def _public(facts: _Facts) -> Group:
    protocols = sorted({listener["Protocol"] for _, listener in facts.all("AWS::ElasticLoadBalancingV2::Listener")})
    balancer = Node("balancer", f"Application Load Balancer\n{' and '.join(protocols)}", "balancer")
    gateways = len(facts.all("AWS::EC2::NatGateway"))
    out = f"{gateways} NAT gateways" if gateways > 1 else "NAT gateway"
    return Group("public", "Public subnets", (balancer, *_maybe(bool(gateways), Node("nat", out, "nat"))))


def _private(facts: _Facts) -> Group:
    tasks = facts.bounds("AWS::ApplicationAutoScaling::ScalableTarget")
    nodes = (Node(f"task{zone}", f"Tasks\nzone {zone}", "fargate") for zone in range(1, _zones(facts) + 1))
    return Group("private", f"Private subnets: {tasks} tasks on ECS Fargate, by traffic", tuple(nodes))


def _isolated(facts: _Facts) -> Group:
    units = facts.bounds("AWS::RDS::DBCluster", ("ServerlessV2ScalingConfiguration",))
    readers = len(facts.all("AWS::RDS::DBInstance")) - 1
    nodes = [Node("writer", "Aurora Serverless\nPostgreSQL, writer", "aurora")]
    nodes += [Node(f"reader{number}", f"reader {number}\nanother zone", "aurora") for number in range(1, readers + 1)]
    return Group("isolated", f"Isolated subnets: {units} capacity units each", tuple(nodes))


def _around(facts: _Facts) -> Group:
    nodes = (
        Node("secrets", "Secrets Manager\nrotating passwords", "secrets"),
        Node("images", "Container images\nECR", "images"),
        Node("logs", "CloudWatch\nlogs, metrics", "logs"),
        *_maybe(facts.has("AWS::SNS::Topic"), Node("alarms", "Alarms\nby e-mail", "alarms")),
        *_maybe(
            facts.named("AWS::S3::Bucket", "AccessLogs"),
            Node("access_logs", "Access logs in S3\na line a request", "bucket"),
        ),
    )
    return Group("around", "Regional services", nodes)


def _safe(facts: _Facts) -> tuple[Item, ...]:
    if not facts.has("AWS::Backup::BackupPlan"):
        return ()
    elsewhere = any(
        "CopyActions" in rule
        for _, plan in facts.all("AWS::Backup::BackupPlan")
        for rule in plan["BackupPlan"]["BackupPlanRule"]
    )
    nodes = (
        Node("vault", "AWS Backup\nsnapshots", "backup"),
        *_maybe(
            facts.has("AWS::StepFunctions::StateMachine"), Node("archive", "Archive\nS3, later Glacier", "archive")
        ),
        *_maybe(elsewhere, Node("copies", "Copies in\na second region", "backup")),
    )
    return (Group("safe", "Recovery", nodes),)
