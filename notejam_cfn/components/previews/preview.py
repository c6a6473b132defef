"""A preview: what the stage's service runs, with another image, address and database, for some hours."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from troposphere import Join, Parameter, Select, Split, StackId, Sub, cloudwatch, ecs, logs
from troposphere import applicationautoscaling as scaling
from troposphere import elasticloadbalancingv2 as elb

from ...config.settings import Stage
from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ..containers.scaling import DIMENSION, NAMESPACE, add_quiet_alarm, step_policy
from .addresses import behind
from .borrowing import Lender
from .ending import add_expiry

GROUP = "Preview"
NAME, IMAGE, ADDRESS, EXPIRES = "Preview", "ImageUri", "Address", "Expires"
NAME_PATTERN = "[a-z][a-z0-9-]{0,19}"
# The variables of a container, the address and the name of the database of its own → the variables of a preview's.
Told = Callable[[Mapping[str, Value], Value, Value], Mapping[str, Value]]


@component("preview")
def add_preview(template: Template, stage: Stage, lender: Lender, told: Told) -> None:
    """Add a preview's own resources, none of which is IAM's; everything else is the stage's."""
    image, address, hour = add_parameters(template, stage, lender)
    number, host = (Select(place, Split("/", address.ref())) for place in (0, 1))
    url = Sub("https://${Host}", Host=host)
    name = stage.service.name
    own = tuple(f"{name}{part}" for part in ("LogGroup", "TaskDefinition", "Targets"))
    log_group, definition, targets = own
    log = lender.copied(log_group, logs.LogGroup)
    log.UpdateReplacePolicy = "Delete"
    template.add(log, why="Keeps what the preview's containers log, until it ends.")
    change = functools.partial(change_containers, image=image, url=url, told=told)
    task = lender.copied(definition, ecs.TaskDefinition, *own, without=change)
    template.add(task, why="Describes the containers: the stage's own, with another image and database.")
    group = lender.copied(targets, elb.TargetGroup)
    template.add(group, why="Knows the preview's task while it is healthy.")
    add_rule(template, lender.copied(f"{name}ListenerRule", elb.ListenerRule, *own), number)
    service = lender.copied(f"{name}Service", ecs.Service, *own, without=drop_alarms)
    add_service(
        template, service, f"{name}ListenerRule", Join("-", [names.preview_template(stage.project, stage.name), number])
    )
    add_sleep(template, stage, lender, service, group)
    add_expiry(template, stage.project, stage.name, hour.ref())
    template.add_output_for_people("Url", url, "Open this address: the preview")
    template.add_output_for_people("Until", hour.ref(), "Hour in UTC at which the preview ends")


def add_parameters(template: Template, stage: Stage, lender: Lender) -> tuple[Parameter, Parameter, Parameter]:
    """Ask what a preview is made of; its name is a tag, which its stack's name repeats."""
    prefix = f"{stage.project}-{stage.name}"
    add = template.add_parameter_in
    add(
        GROUP,
        "Name",
        NAME,
        Type="String",
        AllowedPattern=NAME_PATTERN,
        ConstraintDescription="1 to 20 lower-case letters, digits and hyphens, beginning with a letter",
        Description=f"Name of the preview, such as alice. Call the stack {prefix}-preview-NAME.",
    )
    image = add(
        GROUP,
        "Container image",
        IMAGE,
        Type="String",
        AllowedPattern=lender.template.parameters[IMAGE].AllowedPattern.removeprefix("|"),
        ConstraintDescription="an image such as REGISTRY/REPOSITORY@sha256:DIGEST, by the name that the stage takes",
        Description=f"The image to run. Push it to the output ImagesUri of {prefix}-previews.",
    )
    address = add(
        GROUP,
        "Address",
        ADDRESS,
        Type="String",
        AllowedPattern=r"1\d\d/[a-z0-9.-]+",
        ConstraintDescription="a number and a host, such as 101/d111111abcdef8.cloudfront.net",
        Description=f"An output Address… of the stacks {prefix}-previews that no other preview has.",
    )
    hour = add(
        GROUP,
        "Ends at",
        EXPIRES,
        Type="String",
        AllowedPattern=r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d",
        ConstraintDescription="a time in UTC such as 2026-11-25T18:00:00",
        Description="The hour, in UTC, at which the preview deletes itself, such as 2026-11-25T18:00:00.",
    )
    return image, address, hour


def change_containers(definition: ecs.TaskDefinition, image: Parameter, url: Value, told: Told) -> None:
    """Give the stage's containers this image, and tell them the preview's address and a database of its own."""
    database = Join("_", ["preview", Select(2, Split("/", StackId))])
    for container in definition.ContainerDefinitions:
        container.Image = image.ref()
        given = {one.Name: one.Value for one in container.Environment}
        told_now = told(given, url, database)
        container.Environment = [ecs.Environment(Name=name, Value=value) for name, value in told_now.items()]


def add_rule(template: Template, rule: elb.ListenerRule, number: Value) -> None:
    """Send the preview what comes by its address. Its number is the priority too, which nothing else has."""
    rule.Priority = number
    rule.Conditions = [behind(number)]
    template.add(rule, why="Sends the preview what comes by its address.")


def add_service(template: Template, service: ecs.Service, rule: str, name: Value) -> None:
    """Add the service, which takes its requests by a rule. What wakes it knows its number, and so its name."""
    service.DependsOn = rule
    service.ServiceName = name
    template.add(service, why="Keeps one container of the preview running, and replaces it without downtime.")


def drop_alarms(service: ecs.Service) -> None:
    """Let no alarm watch deployments, as each costs; one that does not get healthy goes back all the same."""
    service.DeploymentConfiguration.properties.pop("Alarms", None)


def add_sleep(template: Template, stage: Stage, lender: Lender, service: ecs.Service, group: elb.TargetGroup) -> None:
    """Run one task at the most, and none while nobody asks. The stage wakes it: see `waking`."""
    behind = [
        cloudwatch.MetricDimension(Name="LoadBalancer", Value=full_name_of_balancer(lender)),
        cloudwatch.MetricDimension(Name="TargetGroup", Value=group.get_att("TargetGroupFullName")),
    ]
    target = template.add(
        scaling.ScalableTarget(
            "ScalableTarget",
            ServiceNamespace=NAMESPACE,
            ScalableDimension=DIMENSION,
            ResourceId=Join("/", ["service", service.Cluster, service.get_att("Name")]),
            MinCapacity=0,
            MaxCapacity=1,
        ),
        why="Lets the preview have one task or none.",
    )
    sleep = template.add(
        step_policy("Sleep", target, "ExactCapacity", 0), why="Stops the task when nobody has asked for a while."
    )
    told = "Nobody has asked for a while: the preview's task stops. Nothing to do."
    add_quiet_alarm(template, "Quiet", told, behind, stage.previews.sleep_after_minutes, sleep)


def full_name_of_balancer(lender: Lender) -> Value:
    """Return the load balancer as metrics name it."""
    return lender.seen(lender.template.resources["LoadBalancer"].get_att("LoadBalancerFullName"))
