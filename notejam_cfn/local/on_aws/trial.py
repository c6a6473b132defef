"""A trial: a stage of the project on a real account, under a name of its own, from nothing to nothing.

Every step is the code of a command. What was done is kept in a file, so that a trial goes on where it was cut off, and
whatever fails, the trial ends by removing everything and looking up by tag whether something is left.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...build import build, output
from ...config.settings import Project
from ...deploy import manifest
from ...deploy.aws.client import Aws
from ...deploy.exit_codes import CommandError, Exit
from ...deploy.service import smoke_test
from ...deploy.stacks.deploy import Deployment, Options, read_templates
from ...deploy.stacks.destroy import Destruction
from ...deploy.stacks.destroy import Options as DestroyOptions
from ...deploy.stacks.execution.executor import Prompter
from ...deploy.stacks.execution.outcomes import Outcome, Result
from ...deploy.ui import estimates
from ...deploy.ui.progress import Progress
from ...deploy.ui.summary import exit_status, lines

FOLDER = Path(".rehearsal")
STATE = "trial.json"
YES = Prompter(confirm=lambda question: True, ask=lambda question, choices: "undo")
GLOBAL_REGION = "us-east-1"
# What AWS still lists for a while after it was deleted, and bills nobody for: keys, and what ECS calls INACTIVE.
ENDS_BY_ITSELF = (":key/", ":task-definition/", ":ecs:", ":kms:")
Tell = Callable[[str], None]
Walk = Callable[[str], Iterable[str]]
"""Asks the pages of an address and yields what is wrong with them."""


class TrialError(CommandError):
    """A step did not do on AWS what it does in the rehearsal."""

    exit = Exit.FAILED


@dataclasses.dataclass
class State:
    """What has happened in a trial. `done` has seconds and a note for each step that ended, `failed` a message."""

    project: str
    stage: str
    began: float
    image: str = ""
    done: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write it down, whole or not at all."""
        new = folder / f"{STATE}.new"
        new.write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")
        new.replace(folder / STATE)


class Trial:
    """One trial. `walk` asks the deployed pages; the emulator needs another way to them than the internet."""

    def __init__(
        self, aws: Aws, state: State, folder: Path, progress: type[Progress], tell: Tell, walk: Walk | None = None
    ) -> None:
        self.aws = aws
        self.state = state
        self.folder = folder
        self.tell = tell
        self.walk = walk or smoke_test.problems
        self.stacks = manifest.read(folder / "output").stacks_of(state.stage)
        foreign = [stack.name for stack in self.stacks if stack.tags["project"] != state.project]
        if foreign:
            raise TrialError(f"{foreign[0]} is not the trial's own; nothing was touched")
        self.templates = read_templates(self.stacks)
        self.progress = progress

    @property
    def steps(self) -> dict[str, Callable[[], str]]:
        """The steps in order; each returns a note, and raises when AWS does otherwise."""
        return {
            "deploy": self.deploy,
            "release": self.release,
            "walk": self.use,
            "sizes": self.change_sizes,
            "unchanged": self.find_nothing_to_do,
            "destroy": self.destroy,
            "left": self.find_nothing_left,
        }

    def minutes(self) -> float:
        """Estimate how long it takes: creating, and about half as long again for the rest."""
        seconds = [estimates.of_stack(one, set(one.resources)) for one in self.templates.values()]
        return 1.5 * sum(seconds) / 60

    def run(self, only: Sequence[str] = ()) -> None:
        """Do the steps that are not done. After a failure the stage is still removed; raises the first failure."""
        for name, step in self.steps.items():
            ending = name in ("destroy", "left")
            if name in self.state.done or (only and name not in only) or (self.state.failed and not ending):
                continue
            began = time.monotonic()
            try:
                note = step()
            except CommandError as failure:
                self.state.failed[name] = str(failure)
                self.tell(f"{name}: {failure}")
            else:
                self.state.done[name] = {"seconds": round(time.monotonic() - began), "note": note}
                self.tell(f"{name}: {note}")
            self.state.save(self.folder)
        for name, message in self.state.failed.items():
            raise TrialError(f"{name} failed: {message}")

    def deploy(self) -> str:
        """Create every stack, without an image."""
        return f"created {len(self._deploy())} stacks"

    def release(self) -> str:
        """Deploy an image, when one was given."""
        if not self.state.image:
            return "not tried: no image was given"
        self._deploy(f"ImageUri={self.state.image}")
        return "the service runs the image"

    def use(self) -> str:
        """Ask the stage's pages over the internet."""
        url = smoke_test.address({name: self.aws.stack(spec.region, name) for name, spec in self._by_name().items()})
        if not self.state.image:
            return f"not tried: {url} has no image to answer with"
        wrong = list(self.walk(url))
        if wrong:
            raise TrialError("; ".join(wrong))
        return f"{url} answers"

    def change_sizes(self) -> str:
        """Change the largest number of tasks, which must replace nothing."""
        stack = next(stack for stack in self.stacks if "MaxTasks" in stack.defaults)
        larger = int(float(stack.defaults["MaxTasks"] or 0)) + 1
        before = self._held()
        self._deploy(f"MaxTasks={larger}")
        replaced = [name for name, physical in before.items() if self._held().get(name) != physical]
        if replaced:
            raise TrialError(f"MaxTasks={larger} replaced {', '.join(sorted(replaced))}")
        return f"MaxTasks={larger} replaced nothing"

    def find_nothing_to_do(self) -> str:
        """Deploy again, which must change nothing."""
        changed = [name for name, result in self._deploy().items() if result.fate is not Outcome.UNCHANGED]
        if changed:
            raise TrialError(f"deploying again changed {', '.join(changed)}")
        return "deploying again finds nothing to do"

    def destroy(self) -> str:
        """Remove every stack, protection and all."""
        options = DestroyOptions(yes=True, unprotect=True)
        results = Destruction(self.aws, self.stacks, options, self._progress(), YES).run()
        _require_good(results)
        return f"removed {len(results)} stacks"

    def find_nothing_left(self) -> str:
        """Delete what the templates retain, then look up by tag what is left of the project, in its regions."""
        regions = sorted({stack.region for stack in self.stacks} | {GLOBAL_REGION})
        for region in regions:
            for arn in tagged(self.aws, region, self.state.project):
                _delete_retained(self.aws, region, arn)
        left = [arn for region in regions for arn in tagged(self.aws, region, self.state.project)]
        if left:
            raise TrialError(f"these are left, delete them: {' '.join(left)}")
        return f"nothing is left in {', '.join(regions)}"

    def _deploy(self, *given: str) -> dict[str, Result]:
        options = Options(yes=True, parameters=given)
        results = Deployment(self.aws, self.stacks, options, self._progress(), YES).run()
        _require_good(results)
        return results

    def _progress(self) -> Progress:
        return self.progress({stack.name: stack.layer for stack in self.stacks}, self.templates)

    def _by_name(self) -> Mapping[str, manifest.StackSpec]:
        return {stack.name: stack for stack in self.stacks}

    def _held(self) -> dict[str, str]:
        return {
            f"{stack.layer}.{held.logical_id}": held.physical_id
            for stack in self.stacks
            for held in self.aws.resources(stack.region, stack.name)
        }


def prepare(project: Project, stage: str, image: str, folder: Path = FOLDER) -> tuple[State, Path]:
    """Return the trial of a stage that was begun and did not end, or begin one under a name nobody else uses.

    A new one has templates of its own, built from the project's configuration under the throw-away name.
    """
    for path in sorted(folder.glob(f"*/{STATE}")):
        state = State(**json.loads(path.read_text(encoding="utf-8")))
        if state.stage == stage and "left" not in state.done:
            state.failed.clear()
            state.image = image or state.image
            return state, path.parent
    name = f"trial-{secrets.token_hex(3)}"
    stages = tuple(dataclasses.replace(one, project=name) for one in project.stages)
    throwaway = dataclasses.replace(project, name=name, stages=stages)
    place = folder / name
    place.mkdir(parents=True)
    output.write(place / "output", build.files(throwaway, build.compose(throwaway, [stage])))
    state = State(name, stage, time.time(), image)
    state.save(place)
    return state, place


def tagged(aws: Aws, region: str, project: str) -> list[str]:
    """Return the ARNs of everything that carries a project's tag in a region, save what ends by itself."""
    found = aws.call(
        "resourcegroupstaggingapi", region, "get_resources", TagFilters=[{"Key": "project", "Values": [project]}]
    )
    arns = [str(one["ResourceARN"]) for one in found["ResourceTagMappingList"]]
    return [arn for arn in arns if not any(part in arn for part in ENDS_BY_ITSELF)]


def _delete_retained(aws: Aws, region: str, arn: str) -> None:
    """Delete what outlives its stack by design: a vault without backups, a log group, a bucket with its objects."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    if service == "backup" and ":backup-vault:" in arn:
        aws.call("backup", region, "delete_backup_vault", BackupVaultName=name)
    elif service == "logs":
        aws.call("logs", region, "delete_log_group", logGroupName=arn.partition(":log-group:")[2].removesuffix(":*"))
    elif service == "s3":
        versions = aws.call("s3", region, "list_object_versions", Bucket=name)
        while found := [*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())]:
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            aws.call("s3", region, "delete_objects", Bucket=name, Delete={"Objects": objects, "Quiet": True})
            versions = aws.call("s3", region, "list_object_versions", Bucket=name)
        aws.call("s3", region, "delete_bucket", Bucket=name)


def _require_good(results: Mapping[str, Result]) -> None:
    if exit_status(results) is not Exit.DONE:
        raise TrialError("\n".join(lines(results, 0, "")))
