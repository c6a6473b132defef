"""E9522: a service's tasks start when their way out is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx
from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references

# The property by which each belongs to a subnet or a security group; an endpoint belongs to the whole network.
BELONGS_BY = {
    "AWS::EC2::SubnetRouteTableAssociation": "SubnetId",
    "AWS::EC2::SecurityGroupEgress": "GroupId",
    "AWS::EC2::SecurityGroupIngress": "GroupId",
}
ENDPOINT = "AWS::EC2::VPCEndpoint"


class WaysOutFirst(CloudFormationLintRule):
    """An ECS service depends on the associations of its subnets, the rules of its groups, and the VPC's endpoints.

    Tasks pull their image as soon as the service is there. A service that comes first starts tasks that fail, until the
    circuit breaker gives the deployment up; on deletion their way out would go first.
    """

    id = "E9522"
    shortdesc = "An ECS service comes after its tasks' way out"
    description = "AWS::ECS::Service depends on route table associations, security group rules and VPC endpoints"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each thing that a service does not wait for."""
        return [
            RuleMatch(["Resources", name], f"needs DependsOn: {earlier}, a part of its tasks' way out")
            for name, service in cfn.get_resources("AWS::ECS::Service").items()
            for earlier in _ways_out(cfn, service.get("Properties", {}).get("NetworkConfiguration"))
            if cfn.graph is not None and earlier not in networkx.descendants(cfn.graph.graph, name)
        ]


def _ways_out(cfn: Template, network: Any) -> Iterator[str]:
    named = set(references(network))
    for name, resource in cfn.get_resources().items():
        kind = resource.get("Type", "")
        key = BELONGS_BY.get(kind, "")
        if kind == ENDPOINT or named & set(references(resource.get("Properties", {}).get(key))):
            yield name
