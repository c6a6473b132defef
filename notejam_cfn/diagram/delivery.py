"""The delivery flow: from a push to running containers, stage by stage, as the pipeline's template says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from ..cost.known import Known
from .picture import Edge, Group, Node, Picture, connected

ICONS = {
    "Source": "repository",
    "Build": "build",
    "Test": "build",
    "Approval": "approval",
    "Deploy": "cloudformation",
    "Invoke": "build",
}
SOURCES = {"CodeCommit": "AWS CodeCommit", "CodeStarSourceConnection": "Git repository", "S3": "Zip in S3"}


def delivery_flow(template: Mapping[str, Any]) -> Picture:
    """Return the picture of the delivery template, rendered."""
    known = Known(template)
    stages = next(iter(known.of_type("AWS::CodePipeline::Pipeline").values()))["Stages"]
    source, rest = stages[0], stages[1:]
    repository = Node("repository", SOURCES.get(_providers(source)[0], "Repository"), "repository")
    steps = tuple(_step(stage) for stage in rest)
    running = tuple(_running(stage) for stage in rest if _deploys_service(stage))
    items = (
        Node("developer", "Developer\npush or merge", "developer"),
        repository,
        Group("pipeline", "AWS CodePipeline", steps),
        Node("images", "Container image\nECR, by digest", "images"),
        Group("stages", "Running stages, without downtime", running),
    )
    edges = (*_way(steps), *_rollouts(rest), Edge(_builder(rest), "images", "the image, once", minor=True))
    start = (Edge("developer", "repository", "push"), Edge("repository", steps[0].key, "starts"))
    return connected(Picture("delivery-flow", "Delivery flow", items, (*start, *edges)))


def _providers(stage: Mapping[str, Any]) -> list[str]:
    return [action["ActionTypeId"]["Provider"] for action in stage["Actions"]]


def _step(stage: Mapping[str, Any]) -> Node:
    return Node(_key(stage), f"{stage['Name']}\n{_summary(stage)}", ICONS[_main_category(stage)])


def _key(stage: Mapping[str, Any]) -> str:
    return "step_" + str(stage["Name"]).replace("-", "_")


def _main_category(stage: Mapping[str, Any]) -> str:
    """Return what a stage is about: a deployment when it has one, else its first action's category."""
    categories = [action["ActionTypeId"]["Category"] for action in stage["Actions"]]
    return "Deploy" if "Deploy" in categories else categories[0]


def _summary(stage: Mapping[str, Any]) -> str:
    """Say in a few words what a stage does, from the names of its actions."""
    names = [str(action["Name"]) for action in stage["Actions"] if not str(action["Name"]).endswith("-changes")]
    return "\n".join(", ".join(names[start : start + 2]) for start in range(0, len(names), 2))


def _deploys_service(stage: Mapping[str, Any]) -> bool:
    return any(action["Name"] == "service" for action in stage["Actions"])


def _running(stage: Mapping[str, Any]) -> Node:
    return Node(f"running_{stage['Name']}".replace("-", "_"), f"{stage['Name']}\nECS Fargate", "fargate")


def _way(steps: tuple[Node, ...]) -> Iterator[Edge]:
    """Join each step to the next."""
    return (Edge(one.key, after.key) for one, after in itertools.pairwise(steps))


def _rollouts(stages: list[Mapping[str, Any]]) -> Iterator[Edge]:
    for stage in stages:
        if _deploys_service(stage):
            yield Edge(_key(stage), _running(stage).key, "rolls out, or back", minor=True)


def _builder(stages: list[Mapping[str, Any]]) -> str:
    return next((_key(stage) for stage in stages if _main_category(stage) == "Build"), "")
