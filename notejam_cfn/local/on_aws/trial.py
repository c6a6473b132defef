"""A trial: a stage of the project on a real account, under a name of its own, from nothing to nothing.

Every step is the code of a command. What was done is kept in a file, so that a trial goes on where it was cut off, and
whatever fails, the trial ends by removing everything and looking up by tag whether something is left.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...build import build, output
from ...config.settings import Project
from ...core import names
from ...deploy import manifest
from ...deploy.aws.client import Aws
from ...deploy.exit_codes import BadInput, CommandError, Interrupted, NoAccess, Throttled, Unreachable
from ...deploy.ui import estimates
from ...deploy.ui.progress import Progress
from ..roles import handlers
from . import preview
from .steps import NOTICING_MINUTES, Steps, TrialError, Visitor

FOLDER = Path(".rehearsal")
STATE = "trial.json"
# The shortest that a service may be told: an hour more of a trial would show nothing more.
SLEEP_MINUTES = 10
# The services that the steps themselves ask, besides what CloudFormation asks for the resources.
ASKED = ("backup", "cloudformation", "ec2", "ecs", "iam", "logs", "rds", "s3", "servicequotas", "sts", "tag")
Tell = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Step:
    """A step: how many minutes it usually takes besides those of its stacks, and what has to be there for it."""

    minutes: float
    needs_image: bool = False
    needs_sleep: bool = False
    needs_previews: bool = False


# In their order. The last two are done whatever has failed.
STEPS = {
    "deploy": Step(0),
    "release": Step(5, needs_image=True),
    "walk": Step(1, needs_image=True),
    "scale": Step(8, needs_image=True),
    "sizes": Step(2),
    "unchanged": Step(1),
    "restore": Step(40, needs_image=True),
    "failure": Step(12, needs_image=True),
    "preview": Step(12 + preview.ENDS_MINUTES, needs_image=True, needs_previews=True),
    "sleep": Step(SLEEP_MINUTES + NOTICING_MINUTES, needs_image=True, needs_sleep=True),
    "destroy": Step(20),
    "left": Step(2),
}
ENDING = ("destroy", "left")
NOT_TRIED = "not tried: "


@dataclasses.dataclass
class State:
    """What has happened in a trial. `done` has seconds and a note for each step that ended, `failed` a message.

    `facts` are what steps keep for themselves and for those after them.
    """

    project: str
    stage: str
    began: float
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    done: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write it down, whole or not at all."""
        new = folder / f"{STATE}.new"
        new.write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")
        new.replace(folder / STATE)


class Trial:
    """One trial. `visitor` uses the deployed pages; the emulator needs another way to them than the internet."""

    def __init__(
        self,
        aws: Aws,
        state: State,
        folder: Path,
        progress: type[Progress],
        tell: Tell,
        visitor: Visitor | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.aws = aws
        self.state = state
        self.folder = folder
        self.tell = tell
        built = manifest.read(folder / "output")
        self.stacks = built.stacks_of(state.stage)
        foreign = [stack.name for stack in built.stacks if stack.tags["project"] != state.project]
        if foreign:
            raise TrialError(f"{foreign[0]} is not the trial's own; nothing was touched")
        self.steps = Steps(aws, built, state.stage, state.facts, progress, visitor or Visitor(), pause)

    def made(self, only: Sequence[str] = ()) -> tuple[manifest.StackSpec, ...]:
        """Return the stacks that the steps make which are not done."""
        beside = self.steps.preview_stack if "preview" in self._open(only) and not self._lacks("preview") else None
        more = (*preview.access(self.steps.manifest, self.state.stage), beside) if beside else ()
        return (*self.stacks, *more)

    def minutes(self, only: Sequence[str] = ()) -> float:
        """Estimate how long the steps that are not done take."""
        seconds = sum(estimates.of_stack(one, set(one.resources)) for one in self.steps.templates.values())
        made = seconds / 60 if "deploy" in self._open(only) else 0
        return made + sum(STEPS[name].minutes for name in self._open(only) if not self._lacks(name))

    def run(self, only: Sequence[str] = ()) -> None:
        """Do the steps that are not done. After a failure the stage is still removed; raises the first failure.

        What interrupts, a person, a network that is gone or credentials that have expired, is no failure: everything
        stays as it is, and the next run goes on.
        """
        for name in self._open(only):
            if self.state.failed and name not in ENDING:
                continue
            began = time.monotonic()
            try:
                note = self._lacks(name) or getattr(self.steps, name)()
            except (Interrupted, NoAccess, Throttled, Unreachable):
                raise
            except CommandError as failure:
                self.state.failed[name] = str(failure)
                self.tell(f"{name}: {failure}")
            else:
                self.state.done[name] = {"seconds": round(time.monotonic() - began), "note": note}
                self.tell(f"{name}: {note}")
            finally:
                self.state.save(self.folder)
        for name, message in self.state.failed.items():
            raise TrialError(f"{name} failed: {message}")

    def _open(self, only: Sequence[str]) -> Iterator[str]:
        return (name for name in STEPS if name not in self.state.done and (not only or name in only))

    def _lacks(self, name: str) -> str:
        """Say why a step cannot be tried, or nothing."""
        if STEPS[name].needs_image and not self.steps.image:
            return f"{NOT_TRIED}no image was given (--image-uri)"
        if STEPS[name].needs_sleep and not self.steps.quiet_minutes():
            return f"{NOT_TRIED}this stage never sleeps"
        if STEPS[name].needs_previews and not self.steps.preview_stack:
            return f"{NOT_TRIED}this stage allows no previews"
        return ""


def require_known(only: Sequence[str]) -> None:
    """Raise BadInput for a step that there is none of."""
    unknown = [name for name in only if name not in STEPS]
    if unknown:
        raise BadInput(f"there is no step {unknown[0]}", f"Choose from {', '.join(STEPS)}")


def needed(kinds: Iterable[str]) -> str:
    """Say what a trial needs of the person who starts it, where its stacks have resources of some types."""
    operations = ("create", "read", "update", "delete")
    actions = {name for kind in kinds for each in operations for name in handlers.permissions(kind, each, {})}
    services = ", ".join(sorted({name.partition(":")[0] for name in actions} | set(ASKED)))
    return f"an administrator's permissions, or these of {services}: {len(actions)} actions of CloudFormation's"


def prepare(project: Project, stage: str, image: str, folder: Path = FOLDER) -> tuple[State, Path]:
    """Return the trial of a stage that was begun and did not end, or begin one under a name nobody else uses.

    A new one has templates of its own, built from the project's configuration under the throw-away name.
    """
    manifest.require_name("stage", stage, [one.name for one in project.stages])
    given = {"image": image} if image else {}
    for path in sorted(folder.glob(f"*/{STATE}")):
        state = State(**json.loads(path.read_text(encoding="utf-8")))
        if state.stage == stage and "left" not in state.done:
            state.failed.clear()
            state.facts |= given
            return state, path.parent
    name = f"try-{secrets.token_hex(2)}"  # short: a template names the project a hundred times, and has a limit
    if not project.delivery_gaps and (problem := names.pair_problem(name, stage)):
        raise TrialError(f"a trial names the project {name}; a stage's name {problem}")
    throwaway = _throwaway(project, name, stage)
    place = folder / name
    place.mkdir(parents=True)
    output.write(place / "output", build.files(throwaway, build.compose(throwaway)))
    state = State(name, stage, time.time(), dict(given))
    state.save(place)
    return state, place


def _throwaway(project: Project, name: str, stage: str) -> Project:
    """Return the project under another name, with one stage; a service sleeps after the shortest time that it may."""
    (found,) = (one for one in project.stages if one.name == stage)
    sleeps = bool(found.service.sleep_after_minutes)
    service = dataclasses.replace(found.service, sleep_after_minutes=SLEEP_MINUTES) if sleeps else found.service
    return dataclasses.replace(project, name=name, stages=(dataclasses.replace(found, project=name, service=service),))
