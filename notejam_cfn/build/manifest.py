"""output/manifest.json: what deploying needs to know about each template. Everything downstream reads only this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..config.settings import Project, Stage
from ..core import names, render
from ..stacks import Stack

FILE_NAME = "manifest.json"
FORMAT = 1

Entry = dict[str, Any]


def entry(stack: Stack, path: str, text: str, body: Mapping[str, Any]) -> Entry:
    """Describe one stack; `path` is its template's, relative to the manifest."""
    return {
        "name": stack.name,
        "stage": stack.stage,
        "form": stack.form,
        "layer": stack.layer,
        "region": stack.region,
        "account": stack.account,
        "template": path,
        "sha256": digest(text),
        "depends_on": sorted(stack.depends_on),
        "parameters": {
            name: {"type": each["Type"], "default": each.get("Default"), "description": each.get("Description", "")}
            for name, each in sorted(body.get("Parameters", {}).items())
        },
        **({"values": dict(sorted(stack.values.items()))} if stack.values else {}),
        "capabilities": sorted(stack.capabilities),
        "tags": dict(sorted(stack.tags.items())),
        "termination_protection": stack.termination_protection,
        "outputs": sorted(body.get("Outputs", {})),
    }


def text(project: Project, entries: Iterable[Entry], previous: Mapping[str, Any] | None = None) -> str:
    """Return the manifest as text.

    Stacks of the project's other stages are taken over from the previous manifest. Stacks stand in the order of the
    configuration's stages, the whole project's last and, within a stage, of deployment.
    """
    built = list(entries)
    known = {stage.name: index for index, stage in enumerate(project.stages)}
    stages_built = {each["stage"] for each in built}
    before = [each for each in (previous or {}).get("stacks", []) if each["stage"] not in stages_built]
    kept = [each for each in before if each["stage"] is None or each["stage"] in known]
    stacks = sorted([*built, *kept], key=lambda each: known.get(each["stage"], len(known)))
    stages = {
        stage.name: stage_entry(stage, stage.size, stage.network.egress == "ipv6")
        | ({"preview_hours": stage.previews.hours} if stage.allows_previews else {})
        for stage in project.stages
    }
    return document(project.name, stages, stacks)


def document(project: str, stages: Mapping[str, Entry], stacks: Iterable[Entry]) -> str:
    """Return the manifest of a project with these stages, by name, and stacks."""
    content = {"format": FORMAT, "project": project, "stages": stages, "stacks": list(stacks)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def stage_entry(stage: Stage | Stack, size: str, ipv6_only_tasks: bool) -> Entry:
    """Describe a stage, of which each stack knows where it is."""
    return {
        "ipv6_only_tasks": ipv6_only_tasks,
        "region": stage.region,
        "account": stage.account or None,
        "size": size,
        "termination_protection": stage.termination_protection,
    }


def written(each: Mapping[str, Any]) -> dict[str, str]:
    """Return the files a build wrote for an entry, path → digest: the template, and its parameters where it has any."""
    files = {each["template"]: each["sha256"]}
    if each.get("values"):
        path = names.parameters_of(each["template"].rpartition(".")[0])
        files[path] = digest(configuration(each["values"]))
    return files


def configuration(values: Mapping[str, str]) -> str:
    """Return parameters as CodePipeline takes them beside a template."""
    return render.to_json({"Parameters": dict(values)})


def read(directory: Path) -> dict[str, Any] | None:
    """Return the manifest of an output directory, or None when it has none that can be read."""
    try:
        content = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("format") == FORMAT else None


def digest(text: str) -> str:
    """Return the SHA-256 of a file with this text."""
    return hashlib.sha256(text.encode()).hexdigest()
