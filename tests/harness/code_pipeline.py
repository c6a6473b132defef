"""Runs the pipeline of a delivery template: stage after stage, action after action, as CodePipeline does.

It reads the rendered definition, so that a wrong variable, order or artifact shows. What an action does is the
caller's: `run` is given the project's name, the action's variables and its input artifacts.
Source: AWS CodePipeline User Guide, "Pipeline structure reference" and "How pipeline executions work", on stages that
one execution at a time is in.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

VARIABLE = re.compile(r"#\{([\w-]+)\.(\w+)\}")


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a build left: whether it failed and its log, the variables that it exported, and its artifact."""

    failed: bool
    log: str
    variables: Mapping[str, str]
    artifact: str = ""


Run = Callable[[str, Mapping[str, str], Mapping[str, str]], Ran]
Approve = Callable[[str], bool]


class Busy(Exception):
    """A stage is not free: another execution is in it."""


@dataclasses.dataclass
class Pipeline:
    """The pipeline, and which execution is in which stage."""

    definition: Mapping[str, Any]
    run: Run
    within: dict[str, Execution] = dataclasses.field(default_factory=dict)

    def stages(self) -> list[str]:
        """The names of the stages that deploy something."""
        return [stage["Name"] for stage in self.definition["Stages"][2:]]

    def start(self, commit: str, image: str) -> Execution:
        """Begin an execution whose source and image build have succeeded."""
        variables = {("source", "CommitId"): commit, ("image", "IMAGE_URI"): image}
        return Execution(self, variables)


@dataclasses.dataclass
class Execution:
    """One change on its way. `told` are the messages that approvers got; `log` what the last build said."""

    pipeline: Pipeline
    variables: dict[tuple[str, str], str]
    artifacts: dict[str, str] = dataclasses.field(default_factory=dict)
    told: list[str] = dataclasses.field(default_factory=list)
    log: str = ""

    def through(self, name: str, approve: Approve = lambda message: False, only: str = "") -> str:
        """Go through a stage; return "" or the name of the action that failed, in which case the stage is left.

        `only` retries one action. Raises `Busy` while another execution is in the stage.
        """
        if self.pipeline.within.setdefault(name, self) is not self:
            raise Busy(name)
        try:
            (stage,) = (one for one in self.pipeline.definition["Stages"] if one["Name"] == name)
            actions = sorted(stage["Actions"], key=lambda one: int(one["RunOrder"]))
            failing = (one["Name"] for one in actions if only in ("", one["Name"]) and not self._does(one, approve))
            return next(failing, "")
        finally:
            self.pipeline.within.pop(name)

    def _does(self, action: Mapping[str, Any], approve: Approve) -> bool:
        given = action["Configuration"]
        if action["ActionTypeId"]["Provider"] == "Manual":
            self.told.append(self._filled(given["CustomData"]))
            return approve(self.told[-1])
        listed = json.loads(self._filled(resolved(given["EnvironmentVariables"])))
        inputs = {one["Name"]: self.artifacts.get(one["Name"], "") for one in action["InputArtifacts"]}
        ran = self.pipeline.run(given["ProjectName"]["Ref"], {one["name"]: one["value"] for one in listed}, inputs)
        self.log = ran.log
        space = action.get("Namespace", action["Name"])
        self.variables |= {(space, name): value for name, value in ran.variables.items()}
        self.artifacts |= {one["Name"]: ran.artifact for one in action.get("OutputArtifacts", ())}
        return not ran.failed

    def _filled(self, text: str) -> str:
        return VARIABLE.sub(lambda found: self.variables[found[1], found[2]], text)


def resolved(value: Any, account: str = "123456789012") -> str:
    """Return a text of a template; attributes of what the template makes stand as `Name.Attribute`."""
    if isinstance(value, str):
        return value
    if "Fn::GetAtt" in value:
        return ".".join(value["Fn::GetAtt"])
    text, names = value["Fn::Sub"], {}
    if isinstance(text, list):
        text, names = text
    place = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": account}
    known = place | {key: resolved(one) for key, one in names.items()}
    return re.sub(r"\$\{([\w:]+)\}", lambda found: known[found[1]], text)
