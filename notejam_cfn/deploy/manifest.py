"""Reads output/manifest.json: which stacks there are, where they go and what they need."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .exit_codes import BadInput

FORMAT = 1
FILE_NAME = "manifest.json"
BUILD_FIRST = "python -m notejam_cfn build"
DELIVERY = "delivery"
LAYERED, ACCESS = "layered", "access"
IMAGE, URL = "ImageUri", "Url"
"""The parameter that says which image a service runs, and the output that says where it answers."""


@dataclasses.dataclass(frozen=True)
class StackSpec:
    """A stack as output/ describes it. `defaults` are its parameters' defaults, None for one that must be given.

    `values` are of parameters that the configuration knows, such as an account's id. `preview_hours` is how long a
    preview of the stage lasts unless somebody says otherwise. `content` is the template where it is another than the
    file's.
    """

    name: str
    stage: str | None
    form: str
    layer: str
    region: str
    account: str | None
    path: Path
    sha256: str
    depends_on: tuple[str, ...]
    defaults: Mapping[str, str | None]
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    protected: bool
    ipv6_only_tasks: bool = False
    preview_hours: int = 0
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content: str | None = dataclasses.field(default=None, repr=False)

    def text(self) -> str:
        """Return the template. Raises BadInput when the file is not the one in the manifest."""
        if self.content is not None:
            return self.content
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {error.strerror}", f"Run: {BUILD_FIRST}") from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BadInput(f"{self.path} is not the template that was built and linted", f"Run: {BUILD_FIRST}")
        return content.decode()


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Everything that was built."""

    project: str
    stages: tuple[str, ...]
    stacks: tuple[StackSpec, ...]

    def stacks_of(self, stage: str, only: Sequence[str] = ()) -> tuple[StackSpec, ...]:
        """Return the layered stacks of a stage, or the project's own for the stage `delivery`, in order.

        `only` names layers or stacks. What lets the pipeline into another account is there only by name, since it is
        deployed with credentials of that account. Raises BadInput with the nearest name for what does not exist.
        """
        if stage == DELIVERY:
            found = [stack for stack in self.stacks if stack.stage is None and (only or stack.form != ACCESS)]
        else:
            require_name("stage", stage, (*self.stages, DELIVERY))
            found = [stack for stack in self.stacks if stack.stage == stage and stack.form == LAYERED]
        names = [name for stack in found for name in (stack.layer, stack.name)]
        for name in only:
            require_name("stack", name, names)
        return tuple(stack for stack in found if not only or stack.layer in only or stack.name in only)


def read(folder: Path) -> Manifest:
    """Read the manifest in a folder. Raises BadInput when it is missing, broken or of another format."""
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise BadInput(f"{path} has format {document['format']}, this script reads {FORMAT}", f"Run: {BUILD_FIRST}")
        stacks = tuple(_planned(folder, entry, document["stages"]) for entry in document["stacks"])
        return Manifest(document["project"], tuple(document["stages"]), stacks)
    except FileNotFoundError as error:
        raise BadInput(f"{path} does not exist", f"Run: {BUILD_FIRST}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is not a manifest: {error!r}", f"Run: {BUILD_FIRST}") from error


def require_name(what: str, name: str, known: Iterable[str]) -> None:
    """Raise BadInput, with the nearest name, unless the name is known."""
    known = list(dict.fromkeys(known))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"there is no {what} {name!r}{hint}", f"There are: {', '.join(known)}")


def _planned(folder: Path, entry: Mapping[str, Any], stages: Mapping[str, Any]) -> StackSpec:
    return StackSpec(
        name=entry["name"],
        stage=entry["stage"],
        form=entry["form"],
        layer=entry["layer"],
        region=entry["region"],
        account=entry.get("account"),
        path=folder / entry["template"],
        sha256=entry["sha256"],
        depends_on=tuple(entry["depends_on"]),
        defaults={name: facts.get("default") for name, facts in entry["parameters"].items()},
        capabilities=tuple(entry["capabilities"]),
        tags=dict(entry["tags"]),
        protected=entry["termination_protection"],
        values=dict(entry.get("values", {})),
        ipv6_only_tasks=bool(stages.get(entry["stage"], {}).get("ipv6_only_tasks", False)),
        preview_hours=int(stages.get(entry["stage"], {}).get("preview_hours", 0)),
    )
