"""CloudFront's private way to an internal load balancer, and the security group that admits nobody else."""

from __future__ import annotations

from troposphere import Equals, FindInMap, If, Ref, cloudfront, ec2
from troposphere import elasticloadbalancingv2 as elb

from ...core import cloudfront as facts
from ...core import names
from ...core.template import Template
from ...core.values import Value
from ..network.security_groups import add_security_group

GROUP = "Entrance"
HTTP, HTTPS = 80, 443
MAPPING, KEY = "CloudFrontPrefixLists", "Id"
LOOKED_UP = "LooksUpCloudFrontPrefixList"
# What stands for regions whose id nobody has published. EC2's answer to it names the parameter to set.
UNKNOWN = f"pl-set-parameter-{facts.PREFIX_LIST_PARAMETER}"


def add_vpc_origin(template: Template, balancer: elb.LoadBalancer) -> cloudfront.VpcOrigin:
    """Add the VPC origin of an internal load balancer; AWS takes up to 15 minutes to deploy it.

    CloudFront speaks HTTP to it, inside AWS's network: a certificate for a name that AWS owns cannot be had, and a VPC
    origin that is in use cannot change its protocol, so a stage that gets a domain later would have to be replaced.
    Its name is unique in the account, not in a region: `failover` makes the same stack in another one.
    Source: Amazon CloudFront Developer Guide, "Restrict access with VPC origins".
    """
    return template.add(
        cloudfront.VpcOrigin(
            "VpcOrigin",
            VpcOriginEndpointConfig=cloudfront.VpcOriginEndpointConfig(
                Name=names.of_stack("-${AWS::Region}"),
                Arn=balancer.ref(),
                HTTPPort=HTTP,
                HTTPSPort=HTTPS,
                OriginProtocolPolicy="http-only",
                OriginSSLProtocols=["TLSv1.2"],
            ),
        ),
        why="Lets CloudFront reach the load balancer without a public address.",
    )


def add_cloudfront_security_group(template: Template, vpc_id: Value) -> ec2.SecurityGroup:
    """Admit CloudFront's servers, and nobody in the VPC.

    The prefix list counts as 55 of the 60 rules that a group may have, so it has a group of its own.
    Source: Amazon VPC User Guide, "AWS-managed prefix lists", weight.
    """
    group = add_security_group(
        template,
        "CloudFrontSecurityGroup",
        vpc_id,
        "Load balancer: in from CloudFront only",
        "Admits CloudFront's servers by AWS's own list of them, and nobody else.",
    )
    group.SecurityGroupIngress = [
        ec2.SecurityGroupRule(
            Description="HTTP from CloudFront",
            IpProtocol="tcp",
            FromPort=HTTP,
            ToPort=HTTP,
            SourcePrefixListId=add_prefix_list(template),
        )
    ]
    return group


def add_prefix_list(template: Template) -> Value:
    """Return the id of CloudFront's prefix list: the parameter's when it is given, else the table's for the region."""
    parameter = template.add_parameter_in(
        GROUP,
        "CloudFront's prefix list",
        facts.PREFIX_LIST_PARAMETER,
        Type="String",
        Default="",
        AllowedPattern="|pl-[0-9a-f]{8,17}",
        ConstraintDescription="empty, or the id of a prefix list such as pl-3b927c52",
        Description=(
            f"Id of {facts.PREFIX_LIST_NAME} in this region: VPC console, Managed prefix lists. "
            "Empty takes the id this template knows for the region; deploy.py asks the account."
        ),
    )
    # An entry for every region that has VPC origins, since `Fn::FindInMap` fails where it finds none.
    known, regions = facts.prefix_list_ids(), facts.regions_with_vpc_origins()
    template.add_mapping(MAPPING, {region: {KEY: known.get(region, UNKNOWN)} for region in regions})
    template.add_condition(LOOKED_UP, Equals(parameter.ref(), ""))
    return If(LOOKED_UP, FindInMap(MAPPING, Ref("AWS::Region"), KEY), parameter.ref())
