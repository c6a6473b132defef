"""The delivery flow: from a push to running containers, stage by stage, as the pipeline's template says.

Every stage is a row, from its plan to what runs, and rows follow each other from top to bottom. On the left are the
people and what they may do, on the right is what runs.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ..facts import Facts, Templates
from .picture import ICON, Box, Edge, Group, Item, Node, Picture, connected, foot

Action: TypeAlias = Mapping[str, Any]
PipelineStage: TypeAlias = Mapping[str, Any]

WIDTH, TOP, EDGE, PAD = 1130.0, 54.0, 20.0, 12.0
PEOPLE, PIPELINE, RUNNING = (20.0, 180.0), (224.0, 702.0), (950.0, 160.0)
PERSON, RUNS = 110.0, 1030.0
SOURCE, PLAN, APPROVE, ROLL_OUT, CHECK = 303.0, 336.0, 482.0, 650.0, 850.0
FIRST, BUILD, GAP = 88.0, 112.0, 30.0
LETTERS, SHORT = 22, 6
SMALL, DECISION = 40.0, 64.0
# How the pipeline's source looks, what it is called, and what a developer does with it.
SOURCES = {
    "CodeCommit": ("codecommit", "AWS CodeCommit", "push"),
    "CodeStarSourceConnection": ("git", "Git repository", "push"),
    "S3": ("bucket", "Zip in Amazon S3", "upload"),
}
BUILDS = {"test": "code and templates", "image": "built once, scanned"}
STEPS = {
    "plan": (PLAN, "build", "Plan\nwhat would change"),
    "approve": (APPROVE, "approval", "A person decides,\nwho sees the plan"),
    "deploy": (ROLL_OUT, "cloudformation", "Deploy\nas a laptop does,\nin the stage's role"),
    "smoke": (CHECK, "build", "Smoke test\ndoes it work?"),
}


@dataclasses.dataclass(frozen=True)
class _Row:
    """A stage that is deployed, and from where to where it is drawn."""

    stage: PipelineStage
    top: float

    @property
    def name(self) -> str:
        return str(self.stage["Name"])

    @property
    def key(self) -> str:
        return _key("stage", self.name)

    @property
    def steps(self) -> dict[str, str]:
        """Return what is done, in order, and how it is labelled."""
        return {str(action["Name"]): STEPS[action["Name"]][2] for action in self.stage["Actions"]}

    @property
    def y(self) -> float:
        """Return the middle of the icons, which make room for a long name."""
        return self.top + (14 if len(self.name) <= SHORT else 30) + ICON / 2

    @property
    def bottom(self) -> float:
        return max(self.y + ICON / 2 + foot(label) for label in self.steps.values()) + 8


def delivery_flow(templates: Templates) -> Picture:
    """Return the picture of the delivery. `templates` are the project's own, rendered; one of them has the pipeline."""
    facts = Facts(templates)
    source, *stages = facts.one("AWS::CodePipeline::Pipeline")["Stages"]
    builds: Sequence[Action] = ()
    if not any(action["Name"] == "deploy" for action in stages[0]["Actions"]):  # then the first stage builds
        builds, stages = stages[0]["Actions"], stages[1:]
    rows: list[_Row] = []
    for stage in stages:
        rows.append(_Row(stage, (rows[-1].bottom if rows else FIRST + BUILD * len(builds)) + GAP))
    people = _people(facts, _middle(builds))
    bottom = PAD + max(rows[-1].bottom, *(node.foot for node in people))
    repository = _source(source["Actions"][0], _middle(builds))
    build = [_build(builds, facts)] if builds else []
    pipeline: tuple[Item, ...] = (repository, *build, *(_stage(row) for row in rows))
    items = (
        Group("people", "People", people, _lane(PEOPLE, bottom), "person"),
        Group("pipeline", "AWS CodePipeline", pipeline, _lane(PIPELINE, bottom)),
        Group("running", "What runs", _running(builds, rows), _lane(RUNNING, bottom)),
    )
    edges = (*_start(source, builds, rows), *(edge for row in rows for edge in _along(row)), *_down(rows))
    title = "Delivery flow: from a push to running containers"
    summary = _summary(rows)
    return connected(Picture("delivery-flow", title, items, edges, summary, (WIDTH, bottom + EDGE)))


def _lane(place: tuple[float, float], bottom: float) -> Box:
    return Box(place[0], TOP, place[1], bottom - TOP)


def _key(kind: str, name: str) -> str:
    return f"{kind}_{name}".replace("-", "_")


def _middle(builds: Sequence[Action]) -> float:
    return FIRST + BUILD * max(len(builds), 1) / 2 - 10


def _people(facts: Facts, y: float) -> tuple[Node, ...]:
    """Return the groups of people with what their policies let them do, in the policies' own words, and who is told."""
    people = [Node("developer", "Developer", "developer", PERSON, y)]
    y += 92
    said: set[str] = set()
    policies = facts.all("AWS::IAM::ManagedPolicy").values()
    for group in facts.all("AWS::IAM::Group"):
        described = [str(policy["Description"]) for policy in policies if {"Ref": group} in policy.get("Groups", ())]
        granted = [words for words in described if words not in said]
        said.update(granted)
        if not granted:
            continue
        lines = [line for one in granted for line in textwrap.wrap(f"• {one}", LETTERS, subsequent_indent="   ")]
        label = "\n".join([f"{group}' policies", *lines])
        people.append(
            Node(f"policies_{group}", label, "permissions", PERSON, y, SMALL, label_at=(PEOPLE[0] + 14, y + 38))
        )
        y += 38 + foot(label) + 30
    if facts.has("AWS::SNS::Topic"):
        people.append(Node("notices", "Notices\nof failures\nand approvals", "alarms", PERSON, y, SMALL))
    return tuple(people)


def _source(action: Action, y: float) -> Node:
    icon, name, _ = SOURCES[action["ActionTypeId"]["Provider"]]
    settings = action["Configuration"]
    branch = [f"branch {settings['BranchName']}"] if "BranchName" in settings else []
    named = settings.get("FullRepositoryId")
    repository = named.replace("/", "/\n").splitlines() if isinstance(named, str) else []
    return Node("repository", "\n".join([name, *repository, *branch]), icon, SOURCE, y)


def _build_row(number: int) -> float:
    """Return the middle of an action of the build, by its number from 1."""
    return FIRST + BUILD * number - BUILD / 2 - 14


def _build(builds: Sequence[Action], facts: Facts) -> Group:
    nodes = []
    for number, action in enumerate(builds, start=1):
        name = str(action["Name"])
        label = f"{name.capitalize()}\n{BUILDS.get(name, '')}".strip()
        nodes.append(Node(_key("build", name), label, "build", APPROVE, _build_row(number)))
    if "codebuild:CreateReport" in json.dumps(list(facts.all("AWS::IAM::Role").values())):
        nodes.append(Node("reports", "Reports\ntests and coverage", "documents", ROLL_OUT, _build_row(1)))
    return Group("build", "build", tuple(nodes), Box(386, FIRST, 360, BUILD * len(builds)), "stage")


def _stage(row: _Row) -> Group:
    nodes = (
        Node(f"{row.key}_{step}", label, STEPS[step][1], STEPS[step][0], row.y, DECISION if step == "approve" else ICON)
        for step, label in row.steps.items()
    )
    box = Box(PIPELINE[0] + PAD, row.top, PIPELINE[1] - 2 * PAD, row.bottom - row.top)
    return Group(row.key, row.name, tuple(nodes), box, "stage")


def _running(builds: Sequence[Action], rows: Iterable[_Row]) -> tuple[Node, ...]:
    y = _build_row(max(len(builds), 1))
    running = (
        Node(_key("running", row.name), f"{row.name}\non ECS Fargate{_region(row.stage)}", "fargate", RUNS, row.y)
        for row in rows
    )
    return (Node("images", "Container image\nAmazon ECR", "images", RUNS, y), *running)


def _region(stage: PipelineStage) -> str:
    """Say in which region containers run, when it is not the pipeline's: that is where they pull their image."""
    found = re.search(r'"Region": "([a-z0-9-]+)"', json.dumps(stage["Actions"]))
    return f"\nin {found[1]}" if found else ""


def _start(source: PipelineStage, builds: Sequence[Action], rows: Sequence[_Row]) -> Iterator[Edge]:
    *_, hands_over = SOURCES[source["Actions"][0]["ActionTypeId"]["Provider"]]
    yield Edge("developer", "repository", hands_over, label_at=(146, _middle(builds) - 12))
    yield Edge("repository", "build" if builds else rows[0].key)
    yield Edge("pipeline", "notices", minor=True)
    if builds:
        yield Edge(_key("build", builds[0]["Name"]), "reports", minor=True)
        above_last = (756, _build_row(len(builds)) - 12)
        yield Edge(_key("build", builds[-1]["Name"]), "images", "pushed once", minor=True, label_at=above_last)
        yield Edge("build", rows[0].key, at=ROLL_OUT)


def _along(row: _Row) -> Iterator[Edge]:
    """Yield the arrows of a row: from step to step, back when the stage does not work, and to what runs."""
    for one, after in itertools.pairwise(row.steps):
        from_step, to_step = f"{row.key}_{one}", f"{row.key}_{after}"
        if after != "smoke":
            yield Edge(from_step, to_step, "yes" if one == "approve" else "", at=row.y)
            continue
        yield Edge(from_step, to_step, at=row.y - 9)
        taken_back = "fails: the image\nis taken back"
        yield Edge(to_step, from_step, taken_back, minor=True, at=row.y + 9, label_at=(692, row.y + 22))
    yield Edge(row.key, _key("running", row.name), at=row.y)


def _down(rows: Sequence[_Row]) -> Iterator[Edge]:
    """Yield the arrows from row to row, and those of the image from stage to stage."""
    for one, after in itertools.pairwise(rows):
        yield Edge(one.key, after.key, at=PLAN)
    running = ["images", *(_key("running", row.name) for row in rows)]
    for number, (over, under) in enumerate(itertools.pairwise(running)):
        yield Edge(over, under, "" if number else "the same\nimage", minor=True)


def _summary(rows: Sequence[_Row]) -> str:
    """Say in a few sentences what the picture shows."""
    asked = [row.name for row in rows if "approve" in row.steps]
    approval = f", {' and '.join(asked)} only after a person's approval" if asked else ""
    return (
        "A developer's change is merged. AWS CodePipeline tests the code with reports, builds one container image for "
        f"Amazon ECR, then deploys stage by stage, {', '.join(row.name for row in rows)}{approval}. Each is planned, "
        "deployed by the command that people use too, and tested; when that fails the image is taken back."
    )
