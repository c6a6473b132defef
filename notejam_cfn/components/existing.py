"""What exists already, as the objects that components return: a component cannot tell them from its own.

A network, a key and a cluster need no more than their identifiers: `Network(vpc_id=…)`, `Encryption(key_arn=…)`,
`Cluster(name=…)`. A certificate is a setting, `LoadBalancerSettings(certificate_arn=…)`.
"""

from __future__ import annotations

from troposphere import Join, Select, Split

from ..core.inputs import InvalidInput, shown
from ..core.template import Template, component
from ..core.values import Value
from .data.database import PORT, Database, add_database_clients
from .load_balancing.load_balancer import LoadBalancer
from .network.security_groups import allow_from_group
from .network.vpc import Network


def existing_load_balancer(
    listener_arn: Value, security_group_id: Value, url: Value, trusted_proxies: int = 1
) -> LoadBalancer:
    """Return a load balancer that exists, for services to stand behind its listener.

    Its security group must let it out to the tasks; `add_service` adds that way itself. The name by which metrics know
    it is read from the listener's ARN: `arn:…:listener/app/NAME/ID/LISTENER`. Raises `InvalidInput` for another ARN.
    """
    full_name: Value
    if isinstance(listener_arn, str):
        resource = listener_arn.rpartition(":")[2].split("/")
        if len(resource) != 5 or resource[:2] != ["listener", "app"]:
            allowed = "the ARN of an Application Load Balancer's listener (arn:…:listener/app/NAME/ID/LISTENER)"
            raise InvalidInput("listener_arn", f"must be {allowed}, got {shown(listener_arn)}")
        full_name = "/".join(resource[1:4])
    else:
        parts = Split("/", listener_arn)
        full_name = Join("/", [Select(number, parts) for number in (1, 2, 3)])
    return LoadBalancer(
        url=url,
        listener_arn=listener_arn,
        security_group_id=security_group_id,
        full_name=full_name,
        trusted_proxies=trusted_proxies,
    )


@component("database")
def existing_database(
    template: Template,
    network: Network,
    endpoint: Value,
    secret_arn: Value,
    security_group_id: Value,
    name: str = "",
    port: int = PORT,
) -> Database:
    """Return a database that exists, of any engine, and add a security group of those who may connect to it.

    `security_group_id` is the database's own group, which gets a rule that admits the new one on `port`. `secret_arn`
    is a secret with the keys `username` and `password`, as RDS makes them.
    """
    clients_id = add_database_clients(template, network.vpc_id).get_att("GroupId")
    allow_from_group(template, "DatabaseAccess", clients_id, security_group_id, port, "database connections")
    return Database(endpoint, secret_arn, clients_id, name=name, port=port)
