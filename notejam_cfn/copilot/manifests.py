"""Reads the directory of a Copilot application: its name, its environments and its workloads' manifests."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..build.build import BuildError

WORKSPACE, MANIFEST = ".workspace", "manifest.yml"
ENVIRONMENTS, PIPELINES, ADDONS, OVERRIDES = "environments", "pipelines", "addons", "overrides"


class Loader(yaml.SafeLoader):
    """Reads as Copilot does: `on` is a word, as in a job's `on: schedule`, where YAML 1.1 takes it for true."""


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false|True|False|TRUE|FALSE"), list("tTfF"))


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A manifest as data, with the line of each field by its path: `http.healthcheck.path`."""

    path: str
    content: Mapping[str, Any]
    lines: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Application:
    """What a directory holds. `beside` are files and folders that change what Copilot deploys, and are no manifests."""

    name: str
    root: Path
    environments: Mapping[str, Manifest]
    workloads: Mapping[str, Manifest]
    beside: tuple[Path, ...]


def read(directory: Path) -> Application:
    """Read an application from its folder, or from the folder `copilot` in it. Raises `BuildError`."""
    folder = next((each for each in (directory / "copilot", directory) if (each / WORKSPACE).is_file()), None)
    if folder is None:
        raise BuildError(f"{directory} is no Copilot application: it has no copilot/{WORKSPACE}")
    workspace = _manifest(folder / WORKSPACE, folder.parent).content
    if not isinstance(workspace.get("application"), str):
        raise BuildError(f"{folder / WORKSPACE} does not name the application (application: NAME)")
    return Application(
        name=workspace["application"],
        root=folder.parent,
        environments={
            each.parent.name: _manifest(each, folder.parent)
            for each in sorted(folder.glob(f"{ENVIRONMENTS}/*/{MANIFEST}"))
        },
        workloads={each.parent.name: _manifest(each, folder.parent) for each in sorted(folder.glob(f"*/{MANIFEST}"))},
        beside=tuple(
            each.relative_to(folder.parent)
            for pattern in (f"**/{ADDONS}/*.y*ml", f"**/{OVERRIDES}", f"{PIPELINES}/*/{MANIFEST}")
            for each in sorted(folder.glob(pattern))
        ),
    )


def _manifest(path: Path, root: Path) -> Manifest:
    name = str(path.relative_to(root))
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader)
        content = yaml.load(text, Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise BuildError(f"{name}{line} is no YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(content, dict) or node is None:
        raise BuildError(f"{name} is no manifest: it must be a mapping of fields")
    return Manifest(name, content, dict(_lines(node, "")))


def _lines(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = f"{path}.{key.value}" if path else str(key.value)
            yield below, key.start_mark.line + 1
            yield from _lines(value, below)
