"""Finds the previews of a stage and describes the stack of one, as the commands deploy, look at and remove it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import re

from ...core.durations import duration
from ..aws.client import Aws
from ..aws.models import StackState
from ..exit_codes import BadInput, Refused
from ..manifest import Manifest, StackSpec, require_name
from ..stacks.execution.operations import user

FORM = TAG = "preview"
OWNER = "owner"
NAME, ADDRESS, EXPIRES = "Preview", "Address", "Expires"
NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,19}")
SHORTEST, LONGEST = datetime.timedelta(minutes=1), datetime.timedelta(days=7)
TIME = "%Y-%m-%dT%H:%M:%S"
GONE = "DELETE_COMPLETE"


@dataclasses.dataclass(frozen=True)
class Preview:
    """A preview that is there. `expires` is None where its stack does not say it."""

    name: str
    owner: str
    state: StackState
    address: str
    expires: datetime.datetime | None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://{self.address.partition('/')[2]}" if self.address else ""


def template_of(manifest: Manifest, stage: str) -> StackSpec | None:
    """Return the template of a stage's previews, or None for a stage that allows none."""
    return next((stack for stack in manifest.stacks if stack.stage == stage and stack.form == FORM), None)


def spec(manifest: Manifest, stage: str, name: str) -> StackSpec:
    """Return the stack of a preview. Raises BadInput for a stage that allows none, and a name that none can have."""
    require_name("stage", stage, manifest.stages)
    template = template_of(manifest, stage)
    if template is None:
        raise BadInput(
            f"{stage} allows no previews",
            f"Set previews.enabled = true for it in notejam.toml, build, and deploy {stage} and delivery",
        )
    if not NAME_PATTERN.fullmatch(name):
        raise BadInput(
            f"--preview takes 1 to 20 lower-case letters, digits and hyphens, beginning with a letter, got {name!r}"
        )
    from ...core import names  # it takes troposphere, whose import most commands can do without

    called = names.preview(template.tags["project"], stage, name)
    return dataclasses.replace(template, name=called, tags={**template.tags, TAG: name})


def to_deploy(aws: Aws, manifest: Manifest, stack: StackSpec, expires: str | None, image: str | None) -> StackSpec:
    """Return the stack of a preview with what it gets: an hour to end at and, where it is new, an address and an owner.

    One that is there keeps its address and its owner, and ends no earlier than it would have without `expires`.
    """
    there = aws.stack(stack.region, stack.name)
    hour = end(expires or f"{stack.preview_hours}h", datetime.datetime.now(datetime.UTC))
    values = {NAME: stack.tags[TAG], EXPIRES: hour.strftime(TIME)}
    if there is None or there.status == GONE:
        if not image:
            raise BadInput(f"{stack.name} is new and needs an image", "Give it: --image URI")
        values[ADDRESS] = free_address(aws, manifest, stack)
        return dataclasses.replace(stack, values=values, tags={**stack.tags, OWNER: user()})
    if not expires:
        values[EXPIRES] = max(values[EXPIRES], there.parameters.get(EXPIRES, ""))
    return dataclasses.replace(stack, values=values, tags={**stack.tags, OWNER: there.tags.get(OWNER, user())})


def end(text: str, now: datetime.datetime) -> datetime.datetime:
    """Return the moment that `8h`, `90m` or `2d` from now will be. Raises BadInput for what is too long, or no time."""
    lasting = duration(text)
    if lasting is None or lasting < SHORTEST:
        raise BadInput(f"--expires takes a time such as 90m, 8h or 2d, got {text!r}")
    if lasting > LONGEST:
        raise BadInput(
            f"--expires takes {LONGEST.days} days at the most, got {text!r}", "Deploy it again to prolong it"
        )
    return now + lasting


def free_address(aws: Aws, manifest: Manifest, stack: StackSpec) -> str:
    """Return an address that no preview of the stage has. Raises Refused when there is none."""
    from ...core import names

    stage = str(stack.stage)
    made = [one for one in manifest.stacks_of(stage) if one.layer.partition("-")[0] == names.PREVIEWS]
    outputs = aws.outputs({one.name: one.region for one in made}).values()
    # `NUMBER/HOST` each
    all_of_them = sorted(value for each in outputs for name, value in each.items() if name.startswith(ADDRESS))
    if not all_of_them:
        raise Refused(
            f"{stage} has no addresses for previews yet", f"Deploy it first: python -m notejam_cfn deploy {stage}"
        )
    there = find(aws, stack)
    taken = {each.address for each in there}
    free = [address for address in all_of_them if address not in taken]
    if not free:
        owners = ", ".join(f"{each.name} ({each.owner})" for each in there)
        raise Refused(
            f"all {len(all_of_them)} addresses for previews of {stage} are taken: {owners}",
            f"End one: python -m notejam_cfn destroy {stage} --preview NAME",
            "Or let there be more: previews.most in notejam.toml",
        )
    return free[0]


def find(aws: Aws, template: StackSpec) -> list[Preview]:
    """Return the previews of a stage that are there, by name."""
    project, stage = template.tags["project"], template.stage
    found = []
    for state in aws.stacks(template.region):
        tags, given = state.tags, state.parameters
        if (tags.get("project"), tags.get("stage")) == (project, stage) and TAG in tags:
            expires = None
            with contextlib.suppress(ValueError):
                expires = datetime.datetime.strptime(given.get(EXPIRES, ""), TIME).replace(tzinfo=datetime.UTC)
            found.append(Preview(tags[TAG], tags.get(OWNER, "?"), state, given.get(ADDRESS, ""), expires))
    return sorted(found, key=lambda each: each.name)


def require_there(aws: Aws, stack: StackSpec) -> None:
    """Raise BadInput for a name that no preview of the stage has, with the names that they have."""
    there = [each.name for each in find(aws, stack)]
    if stack.tags[TAG] not in there:
        others = f"There are: {', '.join(there)}" if there else "It has none at the moment"
        raise BadInput(f"{stack.stage} has no preview {stack.tags[TAG]}, or not any more", others)


def refuse_while_there(aws: Aws, manifest: Manifest, stage: str) -> None:
    """Raise Refused while a stage has previews: they stand in what would be removed, and would stay behind broken."""
    template = template_of(manifest, stage)
    there = find(aws, template) if template else []
    if there:
        owners = ", ".join(f"{each.name} ({each.owner})" for each in there)
        raise Refused(
            f"{stage} still has previews: {owners}",
            f"End them first: python -m notejam_cfn destroy {stage} --preview NAME",
        )


def role_arn(aws: Aws, stack: StackSpec) -> str:
    """Return the role that CloudFormation makes previews of the stage in, in the account of the credentials."""
    from ...core import names

    partition, account = aws.identity(stack.region)
    access = names.stage_access(stack.tags["project"], str(stack.stage))
    return f"arn:{partition}:iam::{account}:role/{names.iam_name(access, names.PREVIEWS, stack.region)}"
