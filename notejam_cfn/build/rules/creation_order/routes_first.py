"""E9519: a subnet is associated with a route table when the table's routes are there."""

from __future__ import annotations

from typing import Any

import networkx
from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

ROUTE, ASSOCIATION = "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation"


class RoutesFirst(CloudFormationLintRule):
    """An association depends on every route of its table.

    Both refer to the table and neither to the other. An update that moves a subnet to another table would leave it
    without a way out until the route is there; on deletion the route would go first.
    """

    id = "E9519"
    shortdesc = "A route table's routes come before its associations"
    description = "SubnetRouteTableAssociation depends on each Route of the same RouteTableId"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each association that a route does not come before."""
        return [
            RuleMatch(["Resources", name], f"needs DependsOn: {route}, a route of its table")
            for name, association in cfn.get_resources(ASSOCIATION).items()
            for route, resource in cfn.get_resources(ROUTE).items()
            if _table(association) and _table(association) == _table(resource)
            if cfn.graph is not None and route not in networkx.descendants(cfn.graph.graph, name)
        ]


def _table(resource: dict[str, Any]) -> Any:
    return resource.get("Properties", {}).get("RouteTableId")
