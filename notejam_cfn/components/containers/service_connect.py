"""Calls between services by name, over the proxies of ECS Service Connect, which know the tasks and try again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from troposphere import GetStackOutput, ecs, servicediscovery

from ...config.settings import ServiceSettings, TaskSettings
from ...core import names
from ...core.inputs import Inputs, shown
from ...core.references import depends_on
from ...core.template import Template, component
from ...core.values import Value, described
from ..network.security_groups import allow_from_group
from .options import NAME
from .outputs import Service
from .task_definition import log_configuration

PROXY_LOGS = "service-connect"


@dataclasses.dataclass(frozen=True)
class Namespace(Inputs):
    """Where services find each other by name."""

    arn: Value = described("Namespace that services find each other in")


@dataclasses.dataclass(frozen=True)
class Connect(Inputs):
    """How a service takes part in calls between services: whom it `calls`, and the `name` that others call it by.

    The name is the service's own in lower case, unless given. A worker calls, and is not called.
    """

    namespace: Namespace
    calls: Sequence[Service] = ()
    name: str = ""

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.name and not NAME.fullmatch(self.name):
            yield "name", f"must be lower-case letters, digits and hyphens, got {shown(self.name)}"
        for called in self.calls:
            if called.internal_url is None:
                yield "calls", f"must be services that have a name, got {called.name}: give it connect=Connect(…) too"


@component("namespace")
def add_namespace(template: Template) -> Namespace:
    """Add a namespace. It costs nothing, and answers through the proxies only: no DNS zone is made."""
    namespace = template.add(
        servicediscovery.HttpNamespace("Namespace", Name=names.of_this_stack()),
        why="Holds the names that services call each other by.",
    )
    return Namespace(arn=namespace.get_att("Arn"))


def port_mapping(settings: ServiceSettings, connect: Connect | None) -> ecs.PortMapping:
    """Describe the service's port: known to Service Connect as HTTP where other services call it."""
    port = ecs.PortMapping(ContainerPort=settings.port, Protocol="tcp")
    if connect is not None:
        port.Name, port.AppProtocol = dns_name(settings, connect), "http"
    return port


def dns_name(settings: TaskSettings, connect: Connect) -> str:
    """Return the name that other services call a service by."""
    return connect.name or settings.name.lower()


def internal_url(settings: ServiceSettings, connect: Connect) -> str:
    """Return the address that other services call a service at."""
    return f"http://{dns_name(settings, connect)}:{settings.port}"


def take_part(
    template: Template, service: ecs.Service, settings: TaskSettings, group_id: Value, connect: Connect, log: Value
) -> None:
    """Give each task of a service a proxy, the service a name when it has a port, and open its way to those it calls.

    Tasks know the names that there were when they started, so the called services of this template are made first: the
    parameter that holds a service's name is always there, and waits for the service where that is made.
    Source: Amazon ECS Developer Guide, "Amazon ECS Service Connect components", deployment order.
    """
    found = ecs.ServiceConnectConfiguration(
        Enabled=True, Namespace=connect.namespace.arn, LogConfiguration=log_configuration(PROXY_LOGS, log)
    )
    if isinstance(settings, ServiceSettings):
        name = dns_name(settings, connect)
        alias = ecs.ServiceConnectClientAlias(Port=settings.port, DnsName=name)
        found.Services = [ecs.ServiceConnectService(PortName=name, DiscoveryName=name, ClientAliases=[alias])]
    service.ServiceConnectConfiguration = found
    for called in connect.calls:
        title, target = f"{settings.name}Calls{called.name}", called.task_security_group_id
        allow_from_group(template, title, group_id, target, called.port, f"calls from {settings.name} to {called.name}")
    here = [one.name for one in connect.calls if not isinstance(one.task_security_group_id, GetStackOutput)]
    if here:
        service.DependsOn = [*depends_on(service.resource), *(f"{name}ServiceName" for name in here)]
