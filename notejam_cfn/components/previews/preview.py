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
    rule = lender.copied(f"{name}ListenerRule", elb.ListenerRule, *own)
    rule.Priority = number  # which nothing else has
    rule.Conditions = [behind(number)]
    template.add(rule, why="Sends the preview what comes by its address.")
    service = lender.copied(f"{name}Service", ecs.Service, *own, without=drop_alarms)
    service.DependsOn = rule.title  # by which it takes its requests
    # What wakes it knows its number, and so its name.
    service.ServiceName = Join("-", [names.preview_template(stage.project, stage.name), number])
    template.add(service, why="Keeps one container of the preview running, and replaces it without downtime.")
    add_sleep(template, stage, lender, service, group)
    add_expiry(template, stage.project, stage.name, hour.ref())
    template.add_output_for_people("Url", url, "Open this address: the preview")
    template.add_output_for_people("Until", hour.ref(), "Hour in UTC at which the preview ends")


def add_parameters(template: Template, stage: Stage, lender: Lender) -> tuple[Parameter, Parameter, Parameter]:
    """Ask what a preview is made of; its name is a tag, which its stack's name repeats."""
    prefix = f"{stage.project}-{stage.name}"
    questions = {
        NAME: (
            "Name",
            NAME_PATTERN,
            "1 to 20 lower-case letters, digits and hyphens, beginning with a letter",
            f"Name of the preview, such as alice. Call the stack {prefix}-preview-NAME.",
        ),
        IMAGE: (
            "Container image",
            lender.template.parameters[IMAGE].AllowedPattern.removeprefix("|"),
            "an image such as REGISTRY/REPOSITORY@sha256:DIGEST, by the name that the stage takes",
            f"The image to run. Push it to the output ImagesUri of {prefix}-previews.",
        ),
        ADDRESS: (
            "Address",
            r"1\d\d/[a-z0-9.-]+",
            "a number and a host, such as 101/d111111abcdef8.cloudfront.net",
            f"An output Address… of the stacks {prefix}-previews that no other preview has.",
        ),
        EXPIRES: (
            "Ends at",
            r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d",
            "a time in UTC such as 2026-11-25T18:00:00",
            "The hour, in UTC, at which the preview deletes itself, such as 2026-11-25T18:00:00.",
        ),
    }
    _, image, address, hour = (
        template.add_parameter_in(
            GROUP, label, name, Type="String", AllowedPattern=pattern, ConstraintDescription=such, Description=meaning
        )
        for name, (label, pattern, such, meaning) in questions.items()
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


def drop_alarms(service: ecs.Service) -> None:
    """Let no alarm watch deployments, as each costs; one that does not get healthy goes back all the same."""
    service.DeploymentConfiguration.properties.pop("Alarms", None)


def add_sleep(template: Template, stage: Stage, lender: Lender, service: ecs.Service, group: elb.TargetGroup) -> None:
    """Run one task at the most, and none while nobody asks. The stage wakes it: see `waking`."""
    balancer = lender.seen(lender.template.resources["LoadBalancer"].get_att("LoadBalancerFullName"))
    behind = [
        cloudwatch.MetricDimension(Name="LoadBalancer", Value=balancer),
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
