"""How long things usually take, so that people know whether to wait or to get a coffee.

Figures are what AWS usually takes for a first creation, from experience with these types; they were not measured here,
and are shown as "usually".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..stacks.templates import Template

SECONDS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": 5,
    "AWS::CertificateManager::Certificate": 180,
    "AWS::EC2::NatGateway": 110,
    "AWS::EC2::VPCEndpoint": 60,
    "AWS::ECS::Service": 150,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 150,
    "AWS::IAM::Role": 20,
    "AWS::KMS::Key": 60,
    "AWS::RDS::DBCluster": 150,
    "AWS::RDS::DBInstance": 480,
    "AWS::S3::Bucket": 20,
    "AWS::WAFv2::WebACL": 15,
}
OTHERS_SECONDS = 4
SLOW_SECONDS = 60


def of_type(kind: str) -> int:
    """Return the seconds a resource of this type usually takes."""
    return SECONDS.get(kind, OTHERS_SECONDS)


def of_stack(template: Template, changed: Collection[str]) -> int:
    """Return the seconds that changing these resources usually takes: those of the longest chain among them."""
    resources = template.resources
    seconds = {name: of_type(each.type) if name in changed else 0 for name, each in resources.items()}
    return longest(seconds, {name: each.needs for name, each in resources.items()})


def longest(seconds: Mapping[str, int], needs: Mapping[str, Collection[str]]) -> int:
    """Return the seconds of the longest chain of things that wait for each other. Needs outside count as there."""
    finished: dict[str, int] = {}

    def finish(name: str) -> int:
        if name not in finished:
            finished[name] = 0  # a circle, which CloudFormation would refuse, must not hang this
            finished[name] = seconds[name] + max((finish(need) for need in needs[name] if need in seconds), default=0)
        return finished[name]

    return max(map(finish, seconds), default=0)


def words(seconds: float) -> str:
    """Say a duration as people do: `about 8 min`, `40 s`."""
    if seconds < SLOW_SECONDS:
        return f"{round(seconds)} s"
    return f"about {round(seconds / 60)} min"
