"""E9508: the world reaches the load balancer's two ports and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references

WORLD = frozenset({"0.0.0.0/0", "::/0"})
WEB_PORTS = frozenset({"80", "443"})
Path = list[Any]


class WorldOpen(CloudFormationLintRule):
    """Ingress from everywhere is for ports 80 and 443 of a security group that a load balancer wears."""

    id = "E9508"
    shortdesc = "Only the load balancer's ports 80 and 443 are open to the world"
    description = "Any other rule that admits 0.0.0.0/0 or ::/0 exposes what belongs in private subnets"
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each ingress rule that admits the world elsewhere."""
        balancers = cfn.get_resources("AWS::ElasticLoadBalancingV2::LoadBalancer").values()
        worn = {name for each in balancers for name in references(each.get("Properties", {}).get("SecurityGroups"))}
        return [
            RuleMatch(path, f"admits {source} on {_ports(rule)}: only ports 80 and 443 of a load balancer may")
            for path, group, rule in _ingress(cfn)
            for source in _sources(cfn, rule) & WORLD
            if not (group in worn and _is_web_port(rule))
        ]


def _ingress(cfn: Template) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield the path, the group's logical ID and the body of every ingress rule."""
    for name, group in cfn.get_resources("AWS::EC2::SecurityGroup").items():
        rules = group.get("Properties", {}).get("SecurityGroupIngress", [])
        for index, rule in enumerate(rules if isinstance(rules, list) else [rules]):
            if isinstance(rule, dict):
                yield ["Resources", name, "Properties", "SecurityGroupIngress", index], name, rule
    for name, resource in cfn.get_resources("AWS::EC2::SecurityGroupIngress").items():
        rule = resource.get("Properties", {})
        yield ["Resources", name, "Properties"], next(iter(references(rule.get("GroupId"))), ""), rule


def _sources(cfn: Template, rule: dict[str, Any]) -> set[str]:
    """Return the addresses a rule admits; a parameter's default stands for its value."""
    values = [rule.get("CidrIp"), rule.get("CidrIpv6")]
    parameters = cfn.template.get("Parameters", {})
    return {
        str(parameters.get(value.get("Ref"), {}).get("Default") if isinstance(value, dict) else value)
        for value in values
    }


def _is_web_port(rule: dict[str, Any]) -> bool:
    """Tell whether a rule admits TCP on one web port; HTTP/3 is UDP, and no load balancer here speaks it."""
    first, last = str(rule.get("FromPort")), str(rule.get("ToPort"))
    return str(rule.get("IpProtocol")) in {"tcp", "6"} and first == last and first in WEB_PORTS


def _ports(rule: dict[str, Any]) -> str:
    if str(rule.get("IpProtocol")) == "-1":
        return "every port"
    return f"{rule.get('IpProtocol')} {rule.get('FromPort')}-{rule.get('ToPort')}"
