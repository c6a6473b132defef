"""A service's place behind the load balancer: the group of its tasks, and the rule that sends them their requests."""

from __future__ import annotations

import dataclasses

from troposphere import cloudwatch
from troposphere import elasticloadbalancingv2 as elb

from ...config.settings import ServiceSettings
from ...core.template import Template
from ...core.values import Value
from ..network.vpc import Network
from .load_balancer import LoadBalancer
from .routing import Route, add_route

# A target group's port is used only for targets registered without one. Source: Elastic Load Balancing API Reference,
# "CreateTargetGroup".
REGISTERED_WITH_ANOTHER = 80


@dataclasses.dataclass(frozen=True)
class Targets:
    """The tasks behind a load balancer, and the names by which metrics know both.

    `shared` says that others sleep behind the load balancer too, so that its count of refusals is about them as well.
    """

    group: elb.TargetGroup
    balancer_full_name: Value
    shared: bool = False

    @property
    def group_full_name(self) -> Value:
        """The group, as metrics name it."""
        return self.group.get_att("TargetGroupFullName")

    @property
    def dimensions(self) -> list[cloudwatch.MetricDimension]:
        """The dimensions of the load balancer's metrics about the group, of which the first is the load balancer."""
        return [
            cloudwatch.MetricDimension(Name="LoadBalancer", Value=self.balancer_full_name),
            cloudwatch.MetricDimension(Name="TargetGroup", Value=self.group_full_name),
        ]


def add_targets(
    template: Template, settings: ServiceSettings, network: Network, load_balancer: LoadBalancer, condition: str
) -> Targets:
    """Add the group of tasks and the rule that sends them their requests.

    ECS registers each task with the container's port, so the group's own is one that never changes: changing it would
    replace the group, and send people to an empty one. A new task is in service after two checks, 10 seconds apart; a
    stopped one has 20 seconds to finish its requests: deployments are as fast as that allows.
    """
    route = add_route(load_balancer.routes, settings)
    group = template.add(
        elb.TargetGroup(
            f"{settings.name}Targets",
            VpcId=network.vpc_id,
            TargetType="ip",
            IpAddressType="ipv6" if network.ipv6_only_tasks else "ipv4",
            Protocol="HTTP",
            Port=REGISTERED_WITH_ANOTHER,
            HealthCheckPath=settings.health_path,
            HealthCheckIntervalSeconds=10,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=3,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=[
                elb.TargetGroupAttribute(
                    Key="deregistration_delay.timeout_seconds", Value=str(settings.deregistration_seconds)
                ),
                elb.TargetGroupAttribute(Key="load_balancing.algorithm.type", Value="least_outstanding_requests"),
            ],
            Condition=condition,
        ),
        why="Knows the healthy tasks that may get requests.",
    )
    template.add(
        elb.ListenerRule(
            f"{settings.name}ListenerRule",
            ListenerArn=load_balancer.listener_arn,
            Priority=route.priority,
            Conditions=route_conditions(route),
            Actions=[elb.ListenerRuleAction(Type="forward", TargetGroupArn=group.ref())],
            Condition=condition,
        ),
        why="Sends the service its requests.",
    )
    return Targets(group, load_balancer.full_name, load_balancer.shared)


def route_conditions(route: Route) -> list[elb.Condition]:
    """Describe which requests a rule takes."""
    path = elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=[route.path]))
    if not route.host:
        return [path]
    return [elb.Condition(Field="host-header", HostHeaderConfig=elb.HostHeaderConfig(Values=[route.host])), path]
