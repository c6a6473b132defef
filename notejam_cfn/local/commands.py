"""The commands with which a stage is rehearsed here and tried on AWS, run by somebody who says yes to everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..deploy.aws.client import Aws
from ..deploy.data.restore import Restore, RestoreOptions
from ..deploy.exit_codes import Exit
from ..deploy.manifest import StackSpec
from ..deploy.stacks.deploy import Deployment, Options
from ..deploy.stacks.destroy import Destruction
from ..deploy.stacks.destroy import Options as DestroyOptions
from ..deploy.stacks.execution.outcomes import Result
from ..deploy.stacks.stack_run import Prompter, Session
from ..deploy.stacks.templates import read_templates
from ..deploy.ui.progress import Progress, Silent
from ..deploy.ui.summary import exit_status, lines

NOBODY = Prompter(confirm=lambda question: True, ask=lambda question, choices: "undo")
# What a release replaces by design: a task definition has revisions.
REVISED = "AWS::ECS::TaskDefinition"


class RehearsalError(RuntimeError):
    """The stage does not do what it promises."""


def require_good(results: Mapping[str, Result]) -> None:
    """Raise RehearsalError, with what a person is told, unless everything went well."""
    if exit_status(results) is not Exit.DONE:
        raise RehearsalError("\n".join(lines(results, 0, "")))


@dataclasses.dataclass(frozen=True)
class Commands:
    """The commands over some stacks. `aws` is AWS as who runs them reaches it; `parameters` every deployment is given.

    What `require_good` raises ends a command that went wrong.
    """

    aws: Aws
    stacks: Sequence[StackSpec]
    progress: type[Progress] = Silent
    parameters: tuple[str, ...] = ()
    prompter: Prompter = NOBODY
    require_good: Callable[[Mapping[str, Result]], None] = require_good

    def of(self, stacks: Sequence[StackSpec], aws: Aws | None = None) -> Commands:
        """Return the same commands over other stacks, and where `aws` is given as somebody else runs them."""
        return dataclasses.replace(self, stacks=stacks, aws=aws or self.aws)

    def attempt(self, *parameters: str, **options: Any) -> dict[str, Result]:
        """Deploy with parameters and options of `deploy`, and return what became of each stack, be it good or not."""
        asked = Options(yes=True, wait=True, parameters=(*self.parameters, *parameters), **options)
        return Deployment(self._session(), asked).run()

    def deploy(self, *parameters: str) -> dict[str, Result]:
        """Deploy, and return what became of each stack."""
        results = self.attempt(*parameters)
        self.require_good(results)
        return results

    def destroy(self, *, unprotect: bool = True) -> dict[str, Result]:
        """Remove the stacks, protection and all, and return what became of each."""
        results = Destruction(self._session(), DestroyOptions(yes=True, unprotect=unprotect)).run()
        self.require_good(results)
        return results

    def restoring(self, snapshot: str) -> Restore:
        """Return the restore of the database from a snapshot."""
        return Restore(self._session(), RestoreOptions(snapshot, yes=True))

    def held(self) -> dict[str, str]:
        """Return what every resource is, by LAYER.ID; revisions of a task definition count as one."""
        return {
            f"{stack.layer}.{one.logical_id}": one.physical_id.rpartition(":")[0]
            if one.type == REVISED
            else one.physical_id
            for stack in self.stacks
            for one in self.aws.resources(stack.region, stack.name)
        }

    def replaced(self, before: Mapping[str, str]) -> list[str]:
        """Name the resources that are no longer what `held` returned before."""
        now = self.held()
        return sorted(name for name, physical_id in before.items() if now.get(name) != physical_id)

    def larger(self, name: str) -> str:
        """Return a parameter with the next value above its default that its template allows."""
        stack = next(stack for stack in self.stacks if name in stack.defaults)
        default = float(stack.defaults[name] or 0)
        parameter = read_templates([stack])[stack.name].document["Parameters"][name]
        choices = map(float, parameter.get("AllowedValues", (default + 1,)))
        return f"{name}={min(choice for choice in choices if choice > default):g}"

    def _session(self) -> Session:
        progress = self.progress({stack.name: stack.layer for stack in self.stacks}, read_templates(self.stacks))
        return Session(self.aws, tuple(self.stacks), progress, self.prompter)
