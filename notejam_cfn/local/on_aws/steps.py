"""The steps of a trial. Each returns a note of what happened, and raises when AWS does otherwise than the rehearsal."""

from __future__ import annotations

import dataclasses
import functools
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ...deploy.aws.client import Aws, cluster_of
from ...deploy.data import backups
from ...deploy.exit_codes import CommandError, Exit, Interrupted
from ...deploy.manifest import IMAGE, Manifest
from ...deploy.service import smoke_test, stage_status
from ...deploy.service.stages import Part, Stage
from ...deploy.stacks.execution.outcomes import Outcome, Result
from ...deploy.stacks.stack_run import Prompter
from ...deploy.stacks.templates import read_templates
from ...deploy.ui.progress import Progress
from ...deploy.ui.summary import exit_status, lines
from ..commands import Commands
from ..entrance import smoke_client
from . import leftovers, preview

GLOBAL_REGION = "us-east-1"
POLL_SECONDS = 15.0
SCALING_MINUTES, WAKING_MINUTES = 10, 5
# A stage notices that nobody asks some minutes late: metrics come late, and alarms look once a minute.
NOTICING_MINUTES = 15
MISSING = "sha256:" + "0" * 64
# Nobody answers a trial's questions; after Ctrl-C what was begun goes on, and the same command goes on with it.
YES = Prompter(confirm=lambda question: True, ask=lambda question, choices: "leave")


class TrialError(CommandError):
    """A step did not do on AWS what it does in the rehearsal."""

    exit = Exit.FAILED


Account = Mapping[str, str]
"""Who somebody is in the application: `email` and `password`."""


class Visitor:
    """Somebody who uses a trial's stage over the internet."""

    def wait(self, url: str) -> Iterable[str]:
        """Ask until the pages answer, for ten minutes, and yield what is wrong with those that do not."""
        return smoke_test.problems(url)

    def write(self, url: str) -> Account:
        """Sign up, write a note, and return who did. Raises `SmokeError`."""
        return smoke_client.walk(_client(url), lambda words: None)

    def find(self, url: str, account: Account) -> None:
        """Sign in again and find the note. Raises `SmokeError`."""
        smoke_client.find(_client(url), account)


def _client(url: str) -> smoke_client.SmokeClient:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    place = f"{parts.hostname}:{parts.port or (443 if secure else 80)}"
    trusted = ssl.create_default_context() if secure else None
    return smoke_client.SmokeClient(place, parts.netloc, trusted)


@dataclasses.dataclass
class Steps:
    """What is done with one stage. `facts` outlive an interruption; `pause` waits for some seconds."""

    aws: Aws
    manifest: Manifest
    stage: str
    facts: dict[str, Any]
    progress: type[Progress]
    visitor: Visitor
    pause: Callable[[float], None]

    def __post_init__(self) -> None:
        self.stacks = self.manifest.stacks_of(self.stage)
        self.preview_stack = preview.template(self.manifest, self.stage)
        self.templates = read_templates(self.stacks)
        self.commands = Commands(self.aws, self.stacks, self.progress, (), YES, _require_good)

    @property
    def image(self) -> str:
        """The image that is released, or nothing."""
        return str(self.facts.get("image", ""))

    def deploy(self) -> str:
        """Create every stack, without an image."""
        return f"created {len(self.commands.deploy())} stacks"

    def release(self) -> str:
        """Deploy the image."""
        self.commands.deploy(f"{IMAGE}={self.image}")
        return "the service runs the image"

    def walk(self) -> str:
        """Use the application over the internet: sign up, write a note, find it again."""
        url = self._answering()
        self.visited(lambda: self.visitor.write(url))
        return f"signed up, wrote and found a note at {url}"

    def scale(self) -> str:
        """Raise the smallest number of tasks, and wait until so many run."""
        stack = next(stack for stack in self.stacks if "MinTasks" in stack.defaults)
        parameter = self.templates[stack.name].document["Parameters"]["MinTasks"]
        before = int(float(stack.defaults["MinTasks"] or 0))
        wanted = min(max(before, 1) + 1, int(parameter.get("MaxValue", before)))
        self.commands.deploy(f"MinTasks={wanted}")
        self.wait(lambda: self._tasks()[1] >= wanted, SCALING_MINUTES, f"{wanted} tasks do not run")
        self.commands.deploy(f"MinTasks={before}")
        return f"{wanted} tasks run where at least {wanted} are asked for"

    def sizes(self) -> str:
        """Change the largest number of tasks, which must replace nothing."""
        before, larger = self.commands.held(), self.commands.larger("MaxTasks")
        self.commands.deploy(larger)
        replaced = self.commands.replaced(before)
        if replaced:
            raise TrialError(f"{larger} replaced {', '.join(replaced)}")
        return f"{larger} replaced nothing"

    def unchanged(self) -> str:
        """Deploy again, which must change nothing."""
        changed = [name for name, result in self.commands.deploy().items() if result.fate is not Outcome.UNCHANGED]
        if changed:
            raise TrialError(f"deploying again changed {', '.join(changed)}")
        return "deploying again finds nothing to do"

    def restore(self) -> str:
        """Take a snapshot of a database with a note in it, restore it in place, and find the note."""
        url, known = self._answering(), backups.facts(self.aws, self.stacks)
        begun = self.facts.setdefault("restore", {})
        if "snapshot" not in begun:
            begun["account"] = self.visited(lambda: self.visitor.write(url))
            begun["snapshot"] = backups.take(self.aws, known, retention_days=1)
        _require_good(self.commands.restoring(begun["snapshot"]).in_place())
        self._answering()
        self.visited(lambda: self.visitor.find(url, begun["account"]))
        kept = self.commands.restoring(begun["snapshot"]).discard_old()
        return (
            f"restored {begun['snapshot'].rpartition(':')[2]}, with the note; {len(kept)} older cluster was discarded"
        )

    def failure(self) -> str:
        """Deploy an image that does not exist: the service must go on with the one before."""
        missing = f"{self.image.partition('@')[0]}@{MISSING}"
        results = self.commands.attempt(f"{IMAGE}={missing}")
        if exit_status(results) is Exit.DONE:
            raise TrialError(f"{missing} was deployed as if it were there")
        stack = Stage(self.aws, self.stacks).service_stack
        state = self.aws.stack(stack.region, stack.name)
        if state is None or state.parameters.get(IMAGE) != self.image:
            raise TrialError(f"{stack.name} did not get its image back")
        self._answering()
        cause = next((line.strip() for line in lines(results, 0, "") if "fail" in line.lower()), "taken back")
        return f"the image before runs: {cause}"

    def sleep(self) -> str:
        """Ask nothing until no task runs; then ask, and wait until one answers."""
        self.wait(lambda: self._tasks() == (0, 0), self.quiet_minutes() + NOTICING_MINUTES, "tasks still run")
        database = stage_status.report(Stage(self.aws, self.stacks), self.templates)["databases"][0]
        began = time.monotonic()
        self._answering()
        self.wait(lambda: self._tasks()[1] > 0, WAKING_MINUTES, "no task runs although somebody asked")
        seconds = time.monotonic() - began
        slept = f"slept after {self.quiet_minutes()} quiet minutes, the database {database['status']}"
        return f"{slept}, and answered {seconds:.0f} s after a request"

    def preview(self) -> str:
        """Make a preview, use it, and wait until it ends by itself at its hour."""
        assert self.preview_stack
        return preview.try_one(self, self.preview_stack)

    def destroy(self) -> str:
        """Remove every stack, protection and all: a preview before the stage, and the roles it was made in last."""
        results: dict[str, Result] = {}
        beside = self.preview_stack
        if beside and self.aws.stack(beside.region, beside.name):
            results |= self.commands.of([beside], preview.in_role(self.aws, beside)).destroy()
        results |= self.commands.destroy()
        results |= self.commands.of(preview.access(self.manifest, self.stage)).destroy()
        return f"removed {sum(result.fate is Outcome.REMOVED for result in results.values())} stacks"

    def left(self) -> str:
        """Delete what the templates retain, then look up by tag what is left of the project, in its regions."""
        regions = sorted({stack.region for stack in self.stacks} | {GLOBAL_REGION})
        project = self.stacks[0].tags["project"]
        found = [arn for region in regions for arn in leftovers.remove(self.aws, region, project, self.pause)]
        if found:
            raise TrialError(f"these are left, delete them: {' '.join(found)}")
        return f"nothing is left in {', '.join(regions)}"

    def quiet_minutes(self) -> int:
        """Return after how many minutes without a request the service stops its tasks; 0 is never."""
        alarms = [
            resource["Properties"]
            for template in self.templates.values()
            for name, resource in template.document["Resources"].items()
            if resource["Type"] == "AWS::CloudWatch::Alarm" and name.endswith("Quiet")
        ]
        return int(alarms[0]["EvaluationPeriods"]) if alarms else 0

    def _answering(self) -> str:
        """Return the stage's address when its pages answer."""
        states = {stack.name: self.aws.stack(stack.region, stack.name) for stack in self.stacks}
        url = smoke_test.address(states)
        self.require_answer(url)
        return url

    def require_answer(self, url: str) -> None:
        """Wait until pages answer. Raises TrialError with what is wrong with them."""
        wrong = list(self.visitor.wait(url))
        if wrong:
            raise TrialError("; ".join(wrong))

    @staticmethod
    def visited(visit: Callable[[], Any]) -> Any:
        """Use pages as somebody does. Raises TrialError when they are not what they should be."""
        try:
            return visit()
        except (smoke_client.SmokeError, OSError) as failure:
            raise TrialError(f"the pages are not what they should be: {failure}") from failure

    def wait(self, reached: Callable[[], bool], minutes: float, otherwise: str) -> None:
        """Look every few seconds until something is so. Raises TrialError with `otherwise` after some minutes."""
        for _ in range(round(minutes * 60 / POLL_SECONDS)):
            if reached():
                return
            self.pause(POLL_SECONDS)
        raise TrialError(f"{otherwise} after {minutes:g} minutes")

    @functools.cached_property
    def _service(self) -> Part:
        """The service, which nothing in a trial replaces."""
        return Stage(self.aws, self.stacks).service()

    def _tasks(self) -> tuple[int, int]:
        """Return how many tasks the service is to run, and how many run."""
        arn, region = self._service.resource.physical_id, self._service.stack.region
        (found,) = self.aws.call("ecs", region, "describe_services", cluster=cluster_of(arn), services=[arn])[
            "services"
        ]
        return int(found["desiredCount"]), int(found["runningCount"])


def _require_good(results: Mapping[str, Result]) -> None:
    status = exit_status(results)
    if status in (Exit.INTERRUPTED, Exit.AWS_TROUBLE):
        raise Interrupted("cut off; AWS goes on with what was begun", *lines(results, 0, ""))
    if status is not Exit.DONE:
        raise TrialError("\n".join(lines(results, 0, "")))
