"""The network: a VPC over several zones with public, private and isolated subnets."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence
from typing import Any

from troposphere import Cidr, GetAZs, Select, Sub, Tags, ec2, rds

from ...config.settings import NetworkSettings, ServiceSettings
from ...core import names
from ...core.inputs import Inputs, InvalidInput
from ...core.template import Template, component
from ...core.values import Value, Values, described
from ...iam import policies
from ..data.encryption import Encryption
from ..observability.log_groups import add_log_group
from ..service_role import service_role

# A subnet of each kind in each zone gets one of 16 equal blocks of the VPC; each kind starts at its own block.
BLOCKS_AS_PREFIX_BITS = 4
FIRST_BLOCK = {"Public": 0, "Isolated": 4, "Private": 8}
ANYWHERE = "0.0.0.0/0"
ANYWHERE_IPV6 = "::/0"
HTTPS = 443
# What every Fargate task calls; the second row in regions opened since December 2023. A shell is reached through
# Systems Manager, over a channel that is encrypted with a key. Sources: Amazon ECS Developer Guide, "Amazon ECS
# interface VPC endpoints (AWS PrivateLink)" and "Monitor Amazon ECS containers with ECS Exec".
TASK_ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
AGENT_ENDPOINTS = ("ecs", "ecs-agent", "ecs-telemetry")
SHELL_ENDPOINTS, MAIL_ENDPOINTS = ("ssmmessages", "kms"), ("email",)
PURPOSES = {
    "Public": "Holds what faces the internet in zone {}: a NAT gateway, or a public load balancer.",
    "Private": "Holds tasks in zone {}, out of reach from the internet.",
    "Isolated": "Holds a database instance and an internal load balancer in zone {}, with no way out of the VPC.",
}


@dataclasses.dataclass(frozen=True)
class Network(Inputs):
    """What others need of a network; one that exists is described with its ids, or `elements` of a parameter.

    `ipv6_only_tasks` says that private subnets have no IPv4 addresses: the load balancer then reaches tasks over IPv6.
    `in_order_of_zones` says that the first subnet of a kind is in the first zone of `Fn::GetAZs`, and so on.
    Without `database_subnets_name` a database makes the group of the isolated subnets itself.
    """

    vpc_id: Value = described("VPC")
    public_subnet_ids: Values = described("Public subnet, for the load balancer", default=())
    private_subnet_ids: Values = described("Private subnet, for tasks", default=())
    isolated_subnet_ids: Values = described("Isolated subnet, for the database", default=())
    flow_log_group_name: Value | None = described("Log group of the VPC's traffic", default=None)
    database_subnets_name: Value | None = described("Isolated subnets as the places of databases", default=None)
    dual_stack: bool = False
    ipv6_only_tasks: bool = False
    in_order_of_zones: bool = False

    def require_two_zones(self, kind: str, purpose: str) -> None:
        """Raise `InvalidInput` when there are fewer than two subnets of a kind, such as `isolated`."""
        name = f"{kind}_subnet_ids"
        got = len(getattr(self, name))
        if got < 2:
            raise InvalidInput(
                f"network.{name}", f"must be subnets of two zones at the least, for {purpose}, got {got}"
            )


@component("network")
def add_network(
    template: Template, settings: NetworkSettings, encryption: Encryption, called: Sequence[str] = ()
) -> Network:
    """Add a VPC with its subnets, their ways out and a log of its traffic.

    `called` are the services that tasks call beside those that every task does, for a network that has endpoints only:
    see `called_services`. Zones are taken from `Fn::GetAZs` by number: none is named, and the template fits any region
    with enough of them.
    """
    vpc, ipv6 = add_vpc(template, settings)
    public, private, isolated = (add_subnets(template, settings, vpc, kind, ipv6) for kind in PURPOSES)
    add_public_routes(template, vpc, public, ipv6)
    private_tables = add_private_routes(template, settings, vpc, public, private)
    why = "Keeps the database's traffic inside the VPC."
    isolated_table = add_route_table(template, vpc, "Isolated", why, isolated)
    add_s3_endpoint(template, vpc, [*private_tables, isolated_table], ipv6)
    if settings.egress == "endpoints":
        add_interface_endpoints(template, settings, vpc, private, called)
    flow_logs = add_flow_logs(template, settings, vpc, encryption)
    return Network(
        vpc_id=vpc.ref(),
        public_subnet_ids=tuple(subnet.ref() for subnet in public),
        private_subnet_ids=tuple(subnet.ref() for subnet in private),
        isolated_subnet_ids=tuple(subnet.ref() for subnet in isolated),
        flow_log_group_name=flow_logs,
        database_subnets_name=add_database_subnets(template, [subnet.ref() for subnet in isolated]).ref(),
        dual_stack=ipv6 is not None,
        ipv6_only_tasks=ipv6 is not None,
        in_order_of_zones=True,
    )


def called_services(settings: ServiceSettings) -> tuple[str, ...]:
    """Return the services that tasks call for what is configured: shells and mail."""
    shells = SHELL_ENDPOINTS if settings.exec_access else ()
    return (*shells, *(MAIL_ENDPOINTS if settings.mail_from else ()))


def add_database_subnets(template: Template, isolated_subnet_ids: Sequence[Value]) -> rds.DBSubnetGroup:
    """Add the isolated subnets as the places of databases.

    RDS asks IAM of no subnet, and would put a database into any: who may make or change such a group can reach every
    network of the account. So it belongs to the network, and the roles that deploy what stands in it may only use it.
    """
    return template.add(
        rds.DBSubnetGroup(
            "DatabaseSubnets",
            DBSubnetGroupDescription="Isolated subnets for databases",
            SubnetIds=list(isolated_subnet_ids),
        ),
        why="Places databases where nothing leads in or out of the VPC.",
    )


def add_vpc(template: Template, settings: NetworkSettings) -> tuple[ec2.VPC, ec2.VPCCidrBlock | None]:
    """Add the VPC, and with `ipv6` the /56 of addresses that subnets take theirs from.

    Nothing wears the VPC's default security group, whose rules admit only its wearers.
    """
    vpc = template.add(
        ec2.VPC(
            "Vpc",
            CidrBlock=settings.cidr,
            EnableDnsSupport=True,
            EnableDnsHostnames=True,
            Tags=Tags(Name=names.of_stack("")),
        ),
        why="Keeps the stage's traffic apart from every other network.",
    )
    if settings.egress != "ipv6":
        return vpc, None
    return vpc, template.add(
        ec2.VPCCidrBlock("VpcIpv6", VpcId=vpc.ref(), AmazonProvidedIpv6CidrBlock=True),
        why="Gives the VPC IPv6 addresses, which need no NAT gateway to reach AWS services.",
    )


def add_subnets(
    template: Template, settings: NetworkSettings, vpc: ec2.VPC, kind: str, ipv6: ec2.VPCCidrBlock | None
) -> list[ec2.Subnet]:
    """Add a subnet of one kind in each zone. With IPv6, private ones have no IPv4 at all and the others have both.

    A subnet without IPv4 has a name of its own, so that a change of `egress` makes new ones beside those that tasks
    run in, which go once the tasks have moved.
    """
    native = ipv6 is not None and kind == "Private"
    ipv4_blocks = list(ipaddress.IPv4Network(settings.cidr).subnets(BLOCKS_AS_PREFIX_BITS))
    ipv6_blocks = Cidr(Select(0, vpc.get_att("Ipv6CidrBlocks")), 1 << BLOCKS_AS_PREFIX_BITS, 64)
    subnets = []
    for zone in range(settings.zones):
        block = FIRST_BLOCK[kind] + zone
        subnet = ec2.Subnet(
            f"{kind}{'Ipv6' if native else ''}Subnet{zone + 1}",
            VpcId=vpc.ref(),
            AvailabilityZone=Select(zone, GetAZs("")),
            Tags=Tags(Name=names.of_stack(f"-{kind.lower()}-{zone + 1}")),
        )
        if not native:
            subnet.CidrBlock = str(ipv4_blocks[block])
        if ipv6 is not None:
            subnet.Ipv6CidrBlock = Select(block, ipv6_blocks)
            subnet.AssignIpv6AddressOnCreation = True
            subnet.DependsOn = ipv6.title
        if native:
            subnet.Ipv6Native = True
        subnets.append(template.add(subnet, why=PURPOSES[kind].format(zone + 1)))
    return subnets


def add_public_routes(
    template: Template, vpc: ec2.VPC, subnets: Sequence[ec2.Subnet], ipv6: ec2.VPCCidrBlock | None
) -> None:
    """Route the public subnets to the internet."""
    gateway = template.add(
        ec2.InternetGateway("InternetGateway", Tags=Tags(Name=names.of_stack(""))),
        why="Leads to the internet; CloudFront asks for one even where only its VPC origin is used.",
    )
    template.add(
        ec2.VPCGatewayAttachment("InternetGatewayAttachment", VpcId=vpc.ref(), InternetGatewayId=gateway.ref()),
        why="Joins the internet gateway to the VPC.",
    )
    table = add_route_table(template, vpc, "Public", "Sends what leaves the public subnets to the internet.", subnets)
    destinations: dict[str, dict[str, Any]] = {"": {"DestinationCidrBlock": ANYWHERE}}
    if ipv6 is not None:
        destinations["Ipv6"] = {"DestinationIpv6CidrBlock": ANYWHERE_IPV6}
    for suffix, destination in destinations.items():
        template.add(
            ec2.Route(f"PublicRoute{suffix}", RouteTableId=table.ref(), GatewayId=gateway.ref(), **destination),
            why="Leads what faces the internet there.",
        )


def add_private_routes(
    template: Template,
    settings: NetworkSettings,
    vpc: ec2.VPC,
    public: Sequence[ec2.Subnet],
    private: Sequence[ec2.Subnet],
) -> list[ec2.RouteTable]:
    """Route the private subnets by the configured egress, and return their tables.

    The one NAT gateway of `nat` is the first of `nat-per-zone`, and so is its table: from one to the other nothing of
    the first zone changes, and the subnets of the others move to tables that are complete.
    """
    if settings.egress in ("nat", "nat-per-zone"):
        served = [private] if settings.egress == "nat" else [[subnet] for subnet in private]
        return [
            add_nat_table(template, vpc, number, public[number - 1], subnets)
            for number, subnets in enumerate(served, start=1)
        ]
    table = add_route_table(template, vpc, "Private", "Keeps what the private subnets send to known ways.", private)
    if settings.egress == "ipv6":
        gateway = template.add(
            ec2.EgressOnlyInternetGateway("EgressOnlyGateway", VpcId=vpc.ref()),
            why="Lets tasks call out over IPv6, and nobody call them, with no hourly cost.",
        )
        template.add(
            ec2.Route(
                "PrivateRouteIpv6",
                RouteTableId=table.ref(),
                DestinationIpv6CidrBlock=ANYWHERE_IPV6,
                EgressOnlyInternetGatewayId=gateway.ref(),
            ),
            why="Gives tasks a way out that is no way in.",
        )
    return [table]


def add_nat_table(
    template: Template, vpc: ec2.VPC, number: int, public: ec2.Subnet, private: Sequence[ec2.Subnet]
) -> ec2.RouteTable:
    """Add a NAT gateway in a public subnet, and the table that leads private subnets there."""
    address = template.add(
        ec2.EIP(f"NatAddress{number}", Domain="vpc", Tags=Tags(Name=names.of_stack(f"-nat{number}"))),
        why="Gives the NAT gateway an address that stays the same.",
    )
    gateway = template.add(
        ec2.NatGateway(
            f"NatGateway{number}",
            AllocationId=address.get_att("AllocationId"),
            SubnetId=public.ref(),
            Tags=Tags(Name=names.of_stack(f"-nat{number}")),
        ),
        why="Lets tasks call AWS services and others, and nobody call them.",
    )
    why = "Sends what leaves the private subnets through a NAT gateway."
    table = add_route_table(template, vpc, f"Private{number}", why, private)
    template.add(
        ec2.Route(
            f"PrivateRoute{number}",
            RouteTableId=table.ref(),
            DestinationCidrBlock=ANYWHERE,
            NatGatewayId=gateway.ref(),
        ),
        why="Gives tasks a way out that is no way in.",
    )
    return table


def add_route_table(
    template: Template, vpc: ec2.VPC, name: str, why: str, subnets: Sequence[ec2.Subnet]
) -> ec2.RouteTable:
    """Add a route table and associate subnets with it."""
    table = template.add(
        ec2.RouteTable(f"{name}RouteTable", VpcId=vpc.ref(), Tags=Tags(Name=names.of_stack(f"-{name.lower()}"))),
        why=why,
    )
    for subnet in subnets:
        template.add(
            ec2.SubnetRouteTableAssociation(f"{subnet.title}Routes", SubnetId=subnet.ref(), RouteTableId=table.ref()),
            why="Makes the subnet use its route table.",
        )
    return table


def add_s3_endpoint(
    template: Template, vpc: ec2.VPC, tables: Sequence[ec2.RouteTable], ipv6: ec2.VPCCidrBlock | None
) -> None:
    """Add the gateway endpoint for S3, which is free and carries the layers of container images."""
    endpoint = ec2.VPCEndpoint(
        "S3Endpoint",
        VpcId=vpc.ref(),
        VpcEndpointType="Gateway",
        ServiceName=Sub("com.amazonaws.${AWS::Region}.s3"),
        RouteTableIds=[table.ref() for table in tables],
    )
    if ipv6 is not None:
        endpoint.IpAddressType = "dualstack"
    template.add(endpoint, why="Keeps traffic to S3, such as container images, off the internet and off the bill.")


def add_interface_endpoints(
    template: Template,
    settings: NetworkSettings,
    vpc: ec2.VPC,
    subnets: Sequence[ec2.Subnet],
    called: Sequence[str],
) -> None:
    """Add an interface endpoint for each service tasks call, for a network with no way to the internet."""
    group = template.add(
        ec2.SecurityGroup(
            "EndpointSecurityGroup",
            VpcId=vpc.ref(),
            GroupDescription="VPC endpoints: HTTPS from inside the VPC",
            SecurityGroupIngress=[
                ec2.SecurityGroupRule(
                    Description="HTTPS from the VPC",
                    IpProtocol="tcp",
                    FromPort=HTTPS,
                    ToPort=HTTPS,
                    CidrIp=settings.cidr,
                )
            ],
        ),
        why="Admits only HTTPS, and only from this VPC, to the endpoints.",
    )
    for service in (*TASK_ENDPOINTS, *AGENT_ENDPOINTS, *called):
        template.add(
            ec2.VPCEndpoint(
                f"{''.join(word.capitalize() for word in service.replace('.', '-').split('-'))}Endpoint",
                VpcId=vpc.ref(),
                VpcEndpointType="Interface",
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                PrivateDnsEnabled=True,
                SubnetIds=[subnet.ref() for subnet in subnets],
                SecurityGroupIds=[group.ref()],
            ),
            why=f"Lets tasks call {service} without the internet.",
        )


def add_flow_logs(template: Template, settings: NetworkSettings, vpc: ec2.VPC, encryption: Encryption) -> Value:
    """Record who talked to whom in the VPC, allowed or not, and return the log group's name."""
    group = add_log_group(
        template,
        "FlowLogGroup",
        settings.log_retention_days,
        encryption,
        "Keeps the record of network traffic for as long as the stage asks.",
    )
    writing = policies.allow_writing_flow_logs(group.get_att("Arn"))
    role = template.add(
        service_role("FlowLogRole", "vpc-flow-logs", *writing, policy_name="write-flow-logs"),
        why="Lets VPC flow logs write to their log group and nowhere else.",
    )
    template.add(
        ec2.FlowLog(
            "FlowLog",
            ResourceType="VPC",
            ResourceId=vpc.ref(),
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=group.ref(),
            DeliverLogsPermissionArn=role.get_att("Arn"),
            MaxAggregationInterval=600,
        ),
        why="Shows who talked to whom, and what was refused, when something is wrong.",
    )
    return group.ref()
