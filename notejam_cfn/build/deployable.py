"""Makes a folder that `deploy` takes from templates of any project, not only from notejam.toml's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core import names, render
from ..core.inputs import InvalidInput
from ..core.template import Template
from ..reports.cost.usage import TYPICAL_SIZE
from ..reports.graph import flows_into
from ..stacks.stack import LAYERED, Stack
from . import manifest, output


def stack(layer: str, template: Template, *, region: str, account: str | None = None, protected: bool = False) -> Stack:
    """Make a stack of a template: `PROJECT-STAGE-LAYER`, with the project and the stage of the template's tags.

    `account` is that of the stage when deploying must refuse any other; `protected` turns on termination protection.
    Raises InvalidInput when the template's tags name no project or no stage.
    """
    missing = [key for key in ("project", "stage") if not template.stack_tags.get(key)]
    if missing:
        raise InvalidInput("tags", f"must have {' and '.join(missing)} in a template that is deployed as a stack")
    project, stage = template.stack_tags["project"], template.stack_tags["stage"]
    return Stack(
        name=names.stack(project, stage, layer),
        stage=stage,
        form=LAYERED,
        layer=layer,
        region=region,
        account=account,
        template=template,
        path=f"{stage}/{layer}",
        termination_protection=protected,
        tags=template.stack_tags,
    )


def write_output(directory: str | Path, stacks: Iterable[Stack]) -> output.Changes:
    """Write the stacks of one project as YAML, with the manifest that the commands read: `deploy STAGE --output DIR`.

    A stack depends on those whose outputs its template reads. What an earlier call wrote and this one does not is
    removed, unless somebody changed it. Raises InvalidInput for stacks of two projects, or two of one name, and for one
    that reads what it publishes itself.
    """
    bodies = [(one, one.template.to_dict()) for one in stacks]
    _require_one_project([one for one, _ in bodies])
    known = {one.name for one, _ in bodies}
    files: dict[str, str] = {}
    entries: list[manifest.Entry] = []
    for one, body in bodies:
        path, text = f"{one.path}.yaml", render.to_yaml(body)
        needed = tuple(flow.source for flow in flows_into(body) if flow.source in known)
        if one.name in needed:
            raise InvalidInput(one.layer, "must not read an output of its own: give it what the component returned")
        entries.append(manifest.entry(dataclasses.replace(one, depends_on=needed), path, text, body))
        files[path] = text
    return output.write(Path(directory), files | {manifest.FILE_NAME: _manifest(bodies, entries)})


def _manifest(bodies: Sequence[tuple[Stack, Mapping[str, Any]]], entries: list[manifest.Entry]) -> str:
    with_ipv6_only = {
        one.stage
        for one, body in bodies
        for each in body["Resources"].values()
        if each["Type"] == "AWS::EC2::Subnet" and each["Properties"].get("Ipv6Native")
    }
    stages = {str(one.stage): manifest.stage_entry(one, TYPICAL_SIZE, one.stage in with_ipv6_only) for one, _ in bodies}
    return manifest.document(bodies[0][0].tags["project"], stages, entries)


def _require_one_project(stacks: Sequence[Stack]) -> None:
    projects = sorted({one.tags["project"] for one in stacks})
    if len(projects) != 1:
        raise InvalidInput("stacks", f"must be of one project, got {', '.join(projects) or 'none'}")
    found = [one.name for one in stacks]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise InvalidInput("stacks", f"must have names of their own, got {', '.join(twice)} twice")
