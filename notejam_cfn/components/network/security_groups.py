"""Security groups that admit by group, never by address, and start with no way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troposphere import Tags, ec2

from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template
from ...core.values import Value


def add_security_group(
    template: Template, title: str, vpc_id: Value, description: str, why: str, suppress: Sequence[Suppression] = ()
) -> ec2.SecurityGroup:
    """Add a group that admits nothing and lets nothing out; `allow_from_group` opens it.

    EC2 opens every way out of a group that names none, so it names one that leads nowhere.
    """
    nowhere = ec2.SecurityGroupRule(
        Description="Leads nowhere",
        IpProtocol="icmp",
        FromPort=252,
        ToPort=86,
        CidrIp="255.255.255.255/32",
    )
    return template.add(
        ec2.SecurityGroup(
            title,
            VpcId=vpc_id,
            GroupDescription=description,
            SecurityGroupEgress=[nowhere],
            Tags=Tags(Name=names.of_stack(f"-{title}")),
        ),
        why=why,
        suppress=suppress,
    )


def add_client_groups(template: Template, name: str, vpc_id: Value, what: str, use: str) -> tuple[Value, Value]:
    """Add the groups around what only its clients reach, such as a `cache` that they `use`: theirs and its own."""
    clients = add_security_group(
        template, f"{name}Clients", vpc_id, f"Clients of the {what}", f"Worn by tasks that {use} the {what}."
    )
    server = add_security_group(
        template,
        f"{name}Server",
        vpc_id,
        f"{what.capitalize()}: in from its clients",
        f"Closes the {what} to everything but its clients.",
    )
    return clients.get_att("GroupId"), server.get_att("GroupId")


def allow_from_group(template: Template, title: str, source: Value, target: Value, port: int, what: str) -> None:
    """Let wearers of one group reach wearers of another on a TCP port: a way out of one, a way in to the other."""
    traffic: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": what}
    template.add(
        ec2.SecurityGroupEgress(f"{title}Egress", GroupId=source, DestinationSecurityGroupId=target, **traffic),
        why=f"Opens the way out for {what}.",
    )
    template.add(
        ec2.SecurityGroupIngress(f"{title}Ingress", GroupId=target, SourceSecurityGroupId=source, **traffic),
        why=f"Admits {what}.",
    )


def allow_to_internet(template: Template, title: str, group: Value, port: int, ipv6: bool, what: str) -> None:
    """Let wearers of a group call any address on a TCP port, over IPv4 and, where there is any, IPv6."""
    families: dict[str, dict[str, Any]] = {"Ipv4": {"CidrIp": "0.0.0.0/0"}} | (
        {"Ipv6": {"CidrIpv6": "::/0"}} if ipv6 else {}
    )
    rule: dict[str, Any] = {
        "GroupId": group,
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "Description": what,
    }
    for family, addresses in families.items():
        template.add(
            ec2.SecurityGroupEgress(f"{title}{family}", **rule, **addresses), why=f"Opens the way out for {what}."
        )
