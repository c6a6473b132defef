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

from ...core.evaluated import EvaluatedTemplate
from .picture import ICON, Box, Edge, Group, Item, Node, Picture, connected, foot

Action: TypeAlias = Mapping[str, Any]
PipelineStage: TypeAlias = Mapping[str, Any]

WIDTH, TOP, EDGE, PAD = 1130.0, 54.0, 20.0, 12.0
PEOPLE, PIPELINE, RUNNING = (20.0, 180.0), (224.0, 702.0), (950.0, 160.0)
PERSON, RUNS = 110.0, 1030.0
SOURCE, PLAN, APPROVE, ROLL_OUT, CHECK = 303.0, 336.0, 482.0, 650.0, 850.0
FIRST, BUILD, GAP = 88.0, 112.0, 30.0
LETTERS, STACKS, SHORT = 22, 28, 6
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
    "approve": (APPROVE, "approval", ""),
    "roll_out": (ROLL_OUT, "cloudformation", ""),
    "check": (CHECK, "build", "Smoke test\ndoes it work?"),
}


@dataclasses.dataclass(frozen=True)
class _Row:
    """A part of the pipeline that ends with a deployment: its stages, from where to where it is drawn."""

    stages: tuple[PipelineStage, ...]
    top: float

    @property
    def name(self) -> str:
        """Return the name of the stage that deploys."""
        return str(self.stages[-1]["Name"])

    @property
    def key(self) -> str:
        return _key("stage", self.name)

    @property
    def actions(self) -> list[Action]:
        return [action for stage in self.stages for action in stage["Actions"]]

    @property
    def stacks(self) -> list[str]:
        """Return what is rolled out: each stack has an action, and may have one before that makes its change set."""
        names = [str(action["Name"]) for action in self.actions if _category(action) == "Deploy"]
        return [name for name in names if not name.endswith("-changes")]

    @property
    def service(self) -> Action:
        """Return the action that rolls out the containers; nothing where the pipeline updates itself."""
        return next((action for action in self.actions if action["Name"] == "service"), {})

    @property
    def taken_back(self) -> bool:
        return any(stage.get("OnFailure", {}).get("Result") == "ROLLBACK" for stage in self.stages)

    @property
    def y(self) -> float:
        """Return the middle of the icons, which make room for a long name."""
        beside = len(self.name) <= SHORT or _category(self.actions[0]) == "Deploy"
        return self.top + (14 if beside else 30) + ICON / 2

    @property
    def bottom(self) -> float:
        return max(self.y + ICON / 2 + foot(label) for label in self.steps().values()) + 8

    def steps(self) -> dict[str, str]:
        """Return what is done, in order, and how it is labelled."""
        order: dict[str, str] = {}
        for action in self.actions:
            step = _step(action, deployed="roll_out" in order)
            order.setdefault(step, STEPS[step][2] or getattr(self, f"_label_to_{step}")())
        return order

    def _label_to_approve(self) -> str:
        skipped = '"SKIP"' in json.dumps(self.stages)
        return "A person decides" + ("\nnot asked when\nnothing changes" if skipped else "")

    def _label_to_roll_out(self) -> str:
        name = "Roll out, stack by stack" if self.service else "The pipeline updates itself"
        return "\n".join([name, *textwrap.wrap(", ".join(self.stacks), STACKS)])


def delivery_flow(templates: Iterable[Mapping[str, Any]]) -> Picture:
    """Return the picture of the delivery. `templates` are the project's own, rendered; one of them has the pipeline."""
    known = [EvaluatedTemplate(template) for template in templates]
    source, *stages = next(iter(_all(known, "AWS::CodePipeline::Pipeline").values()))["Stages"]
    builds, rest = _split(stages)
    rows = _rows(rest, FIRST + BUILD * len(builds) + GAP)
    people = _people(known, _middle(builds))
    bottom = PAD + max(rows[-1].bottom, *(node.foot for node in people))
    items = (
        Group("people", "People", people, _lane(PEOPLE, bottom), "person"),
        Group("pipeline", "AWS CodePipeline", _pipeline(source, builds, rows, known), _lane(PIPELINE, bottom)),
        Group("running", "What runs", _running(builds, rows), _lane(RUNNING, bottom)),
    )
    edges = (*_start(source, builds, rows), *(edge for row in rows for edge in _along(row)), *_down(rows))
    title = "Delivery flow: from a push to running containers"
    summary = _summary(rows)
    return connected(Picture("delivery-flow", title, items, edges, summary, (WIDTH, bottom + EDGE)))


def _all(known: Iterable[EvaluatedTemplate], kind: str) -> dict[str, Mapping[str, Any]]:
    return {name: properties for one in known for name, properties in one.of_type(kind).items()}


def _lane(place: tuple[float, float], bottom: float) -> Box:
    return Box(place[0], TOP, place[1], bottom - TOP)


def _key(kind: str, name: str) -> str:
    return f"{kind}_{name}".replace("-", "_")


def _category(action: Action) -> str:
    return str(action["ActionTypeId"]["Category"])


def _deploys(stage: PipelineStage) -> bool:
    return any(_category(action) == "Deploy" for action in stage["Actions"])


def _step(action: Action, deployed: bool) -> str:
    by_category = {"Approval": "approve", "Deploy": "roll_out"}
    return by_category.get(_category(action), "check" if deployed else "plan")


def _split(stages: Sequence[PipelineStage]) -> tuple[list[Action], Sequence[PipelineStage]]:
    """Return the actions of the build, which comes first, and the other stages."""
    return (list(stages[0]["Actions"]), stages[1:]) if not _deploys(stages[0]) else ([], stages)


def _rows(stages: Iterable[PipelineStage], top: float) -> list[_Row]:
    """Return a row for each stage that deploys, with those before it that lead to it, such as an approval."""
    rows: list[_Row] = []
    waiting: list[PipelineStage] = []
    for stage in stages:
        waiting.append(stage)
        if _deploys(stage):
            rows.append(_Row(tuple(waiting), rows[-1].bottom + GAP if rows else top))
            waiting = []
    return rows


def _middle(builds: Sequence[Action]) -> float:
    return FIRST + BUILD * max(len(builds), 1) / 2 - 10


def _people(known: Sequence[EvaluatedTemplate], y: float) -> tuple[Node, ...]:
    """Return the groups of people with what their policies let them do, in the policies' own words, and who is told."""
    people = [Node("developer", "Developer", "developer", PERSON, y)]
    y += 92
    said: set[str] = set()
    for group in _all(known, "AWS::IAM::Group"):
        granted = [words for words in _granted(known, group) if words not in said]
        said.update(granted)
        if not granted:
            continue
        lines = [line for one in granted for line in textwrap.wrap(f"• {one}", LETTERS, subsequent_indent="   ")]
        label = "\n".join([f"{group}' policies", *lines])
        people.append(
            Node(f"policies_{group}", label, "permissions", PERSON, y, SMALL, label_at=(PEOPLE[0] + 14, y + 38))
        )
        y += 38 + foot(label) + 30
    if _all(known, "AWS::SNS::Topic"):
        people.append(Node("notices", "Notices\nof failures\nand approvals", "alarms", PERSON, y, SMALL))
    return tuple(people)


def _granted(known: Sequence[EvaluatedTemplate], group: str) -> list[str]:
    """Return what the managed policies of a group say they are for."""
    policies = _all(known, "AWS::IAM::ManagedPolicy").values()
    return [str(policy["Description"]) for policy in policies if {"Ref": group} in policy.get("Groups", ())]


def _pipeline(
    source: PipelineStage, builds: Sequence[Action], rows: Sequence[_Row], known: Iterable[EvaluatedTemplate]
) -> tuple[Item, ...]:
    repository = _source(source["Actions"][0], _middle(builds))
    return (repository, *([_build(builds, known)] if builds else []), *(_stage(row) for row in rows))


def _source(action: Action, y: float) -> Node:
    icon, name, _ = SOURCES[action["ActionTypeId"]["Provider"]]
    settings = action["Configuration"]
    branch = [f"branch {settings['BranchName']}"] if "BranchName" in settings else []
    repository = str(settings.get("FullRepositoryId", "")).replace("/", "/\n").splitlines()
    return Node("repository", "\n".join([name, *repository, *branch]), icon, SOURCE, y)


def _build(builds: Sequence[Action], known: Iterable[EvaluatedTemplate]) -> Group:
    rows = [FIRST + BUILD * number + BUILD / 2 - 14 for number in range(len(builds))]
    nodes = [
        Node(_key("build", action["Name"]), _build_label(action["Name"]), "build", APPROVE, y)
        for action, y in zip(builds, rows, strict=True)
    ]
    if "codebuild:CreateReport" in json.dumps(list(_all(known, "AWS::IAM::Role").values())):
        nodes.append(Node("reports", "Reports\ntests and coverage", "documents", ROLL_OUT, rows[0]))
    return Group("build", "build", tuple(nodes), Box(386, FIRST, 360, BUILD * len(builds)), "stage")


def _build_label(name: str) -> str:
    return f"{name.capitalize()}\n{BUILDS.get(name, '')}".strip()


def _stage(row: _Row) -> Group:
    nodes = (
        Node(f"{row.key}_{step}", label, STEPS[step][1], STEPS[step][0], row.y, DECISION if step == "approve" else ICON)
        for step, label in row.steps().items()
    )
    box = Box(PIPELINE[0] + PAD, row.top, PIPELINE[1] - 2 * PAD, row.bottom - row.top)
    return Group(row.key, row.name, tuple(nodes), box, "stage")


def _running(builds: Sequence[Action], rows: Iterable[_Row]) -> tuple[Node, ...]:
    y = FIRST + BUILD * max(len(builds), 1) - BUILD / 2 - 14
    running = (
        Node(_key("running", row.name), f"{row.name}\n{_where(row.service)}", "fargate", RUNS, row.y)
        for row in rows
        if row.service
    )
    return (Node("images", "Container image\nAmazon ECR", "images", RUNS, y), *running)


def _where(service: Action) -> str:
    """Say where containers run, as far as it is not where the pipeline is."""
    region = f"\nin {service['Region']}" if "Region" in service else ""
    account = re.search(r"\b\d{12}\b", json.dumps(service.get("RoleArn", "")))
    return f"on ECS Fargate{region}" + (f"\naccount {account[0]}" if account else "")


def _start(source: PipelineStage, builds: Sequence[Action], rows: Sequence[_Row]) -> Iterator[Edge]:
    *_, hands_over = SOURCES[source["Actions"][0]["ActionTypeId"]["Provider"]]
    yield Edge("developer", "repository", hands_over, label_at=(146, _middle(builds) - 12))
    yield Edge("repository", "build" if builds else rows[0].key)
    yield Edge("pipeline", "notices", minor=True)
    if builds:
        last = FIRST + BUILD * len(builds) - BUILD / 2 - 14
        yield Edge(_key("build", builds[0]["Name"]), "reports", minor=True)
        yield Edge(_key("build", builds[-1]["Name"]), "images", "pushed once", minor=True, label_at=(756, last - 12))
        yield Edge("build", rows[0].key, at=ROLL_OUT)


def _along(row: _Row) -> Iterator[Edge]:
    """Yield the arrows of a row: from step to step, back when it fails, and to what runs."""
    *before, last = itertools.pairwise(row.steps()) if len(row.steps()) > 1 else [("", "")]
    for one, after in before:
        yield Edge(f"{row.key}_{one}", f"{row.key}_{after}", "yes" if one == "approve" else "", at=row.y)
    if row.taken_back:
        one, after = (f"{row.key}_{step}" for step in last)
        yield Edge(one, after, at=row.y - 9)
        yield Edge(after, one, "fails: taken back", minor=True, at=row.y + 9, label_at=(692, row.y + 22))
    if row.service:
        yield Edge(row.key, _key("running", row.name), at=row.y)


def _down(rows: Sequence[_Row]) -> Iterator[Edge]:
    """Yield the arrows from row to row, and those of the image from stage to stage."""
    for one, after in itertools.pairwise(rows):
        yield Edge(one.key, after.key, at=PLAN)
    running = ["images", *(_key("running", row.name) for row in rows if row.service)]
    for number, (over, under) in enumerate(itertools.pairwise(running)):
        yield Edge(over, under, "" if number else "the same\nimage", minor=True)


def _summary(rows: Sequence[_Row]) -> str:
    """Say in a few sentences what the picture shows."""
    stages = [row for row in rows if row.service]
    asked = [row.name for row in stages if "approve" in row.steps()]
    approval = f", {' and '.join(asked)} only after a person's approval" if asked else ""
    return (
        "A developer pushes. AWS CodePipeline tests the code with reports, builds one container image for Amazon ECR, "
        f"updates itself, then rolls out stage by stage, {', '.join(row.name for row in stages)}{approval}. "
        "Each is planned, rolled out stack by stack and tested, and taken back when that fails; all run the same image."
    )
