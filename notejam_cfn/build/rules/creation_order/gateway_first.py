"""E9518: what needs an internet gateway waits until the gateway is attached."""

from __future__ import annotations

import networkx
from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

ATTACHMENT = "AWS::EC2::VPCGatewayAttachment"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
WAITING = ("AWS::CloudFront::VpcOrigin", "AWS::EC2::EIP", "AWS::EC2::NatGateway", BALANCER)


class GatewayFirst(CloudFormationLintRule):
    """In the template of a gateway's attachment, whatever has a public address depends on it.

    No property refers to the attachment, so without DependsOn creation fails by chance, and deletion with "has some
    mapped public address(es)".
    """

    id = "E9518"
    shortdesc = "Public addresses wait for the internet gateway's attachment"
    description = "EIP, NatGateway, VpcOrigin and an internet-facing LoadBalancer depend on VPCGatewayAttachment"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html"
        "#gatewayattachment"
    )

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each resource that does not wait."""
        attachments = {
            name
            for name, attachment in cfn.get_resources(ATTACHMENT).items()
            if "InternetGatewayId" in attachment.get("Properties", {})
        }
        if not attachments or cfn.graph is None:
            return []
        return [
            RuleMatch(["Resources", name], f"{resource['Type']} needs DependsOn: {min(attachments)}")
            for name, resource in cfn.get_resources().items()
            if resource.get("Type") in WAITING and resource.get("Properties", {}).get("Scheme") != "internal"
            if not attachments & networkx.descendants(cfn.graph.graph, name)
        ]
