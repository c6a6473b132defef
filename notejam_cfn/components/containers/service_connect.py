"""Calls between services by name, over the proxies of ECS Service Connect, which know the tasks and try again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from troposphere import GetStackOutput, ecs, servicediscovery

from ...config.fields import shown
from ...config.settings import ServiceSettings, TaskSettings
from ...core import names
from ...core.template import Template, component
from ...core.values import Value, described
from ..network.security_groups import allow_from_group
from .options import NAME, Options
from .task_definition import log_configuration

if TYPE_CHECKING:
    from .service import Service

PROXY_LOGS = "service-connect"


@dataclasses.dataclass(frozen=True)
class Namespace:
    """Where services find each other by name."""

    arn: Value = described("Namespace that services find each other in")


@dataclasses.dataclass(frozen=True)
class Connect(Options):
    """How a service takes part in calls between services: whom it `calls`, and the `name` that others call it by.

    The name is the service's own in lower case, unless given. A worker calls, and is not called.
    """

    namespace: Namespace
    calls: Sequence[Service] = ()
    name: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
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


def configuration(settings: TaskSettings, connect: Connect, log_group: Value) -> ecs.ServiceConnectConfiguration:
    """Describe a service's part: a proxy in each of its tasks, and its own name when it has a port."""
    found = ecs.ServiceConnectConfiguration(
        Enabled=True,
        Namespace=connect.namespace.arn,
        LogConfiguration=log_configuration(PROXY_LOGS, log_group),
    )
    if isinstance(settings, ServiceSettings):
        name = dns_name(settings, connect)
        alias = ecs.ServiceConnectClientAlias(Port=settings.port, DnsName=name)
        found.Services = [ecs.ServiceConnectService(PortName=name, DiscoveryName=name, ClientAliases=[alias])]
    return found


def allow_calls(template: Template, settings: TaskSettings, group_id: Value, connect: Connect) -> None:
    """Open the way from a service's tasks to those of the services that it calls."""
    for called in connect.calls:
        title = f"{settings.name}Calls{called.name}"
        what = f"calls from {settings.name} to {called.name}"
        allow_from_group(template, title, group_id, called.task_security_group_id, called.port, what)


def called_first(connect: Connect) -> list[str]:
    """Return the logical IDs of the called services of this template: they must be there before the caller.

    Tasks know the names that there were when they started. Source: Amazon ECS Developer Guide, "Amazon ECS Service
    Connect components", deployment order.
    """
    here = [one for one in connect.calls if not isinstance(one.task_security_group_id, GetStackOutput)]
    return [f"{one.name}Service" for one in here]
