"""What the tests of the generator share: composed stages, and ways to look into a template."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build
from notejam_cfn.build.build import Rendered
from notejam_cfn.config import loader
from notejam_cfn.config.loader import parse
from notejam_cfn.config.settings import Project, Stage
from notejam_cfn.stacks import stacks_of, stacks_of_stage
from notejam_cfn.stacks.stack import Stack
from tests.harness import wheel

KEPT_COMPOSITIONS = 8
Composed = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def make_stage() -> Callable[..., Stage]:
    """Make a stage as notejam.toml would: `make_stage("resilient", database={"readers": 1})`."""

    def make(size: str = "economy", name: str = "dev", region: str = "eu-central-1", **overrides: Any) -> Stage:
        table = {"region": region, "size": size, **overrides}
        return parse({"project": {"name": "notejam"}, "stages": {name: table}}).stages[0]

    return make


@pytest.fixture(scope="session")
def compose(make_stage: Callable[..., Stage]) -> Callable[..., Composed]:
    """Compose a stage into rendered templates by layer: `compose("standard")["service"]`. Each call gives a copy."""
    known: dict[str, str] = {}

    def composed(size: str = "economy", **overrides: Any) -> Composed:
        stage = make_stage(size, **overrides)
        key = repr(stage)  # settings that say what is so anyway make no other stage
        if key not in known:
            stacks = stacks_of_stage(stage)
            known[key] = json.dumps({stack.layer: stack.template.to_dict() for stack in stacks})
        copy: Composed = json.loads(known[key])
        return copy

    return composed


@pytest.fixture(scope="session")
def starter_stacks() -> list[Stack]:
    """Every stack of the configuration that `init` writes."""
    import tomllib

    return stacks_of(parse(tomllib.loads(loader.starter())))


@pytest.fixture(scope="session")
def starter_templates(starter_stacks: list[Stack]) -> dict[str, dict[str, Any]]:
    """The rendered templates of the starter configuration by path, such as `dev/network`."""
    return {stack.path: stack.template.to_dict() for stack in starter_stacks}


@pytest.fixture(scope="session", autouse=True)
def _compositions_are_kept() -> Iterator[None]:
    """Compose a configuration once, however many commands of a test module look at it: it takes half a second."""
    known: dict[str, list[Rendered]] = {}
    really = build.compose

    def compose(project: Project, stages: Collection[str] | None = None, form: str = "yaml") -> list[Rendered]:
        key = repr((project, stages, form))
        if key not in known:
            composed = really(project, stages, form)
            while len(known) >= KEPT_COMPOSITIONS:
                known.pop(next(iter(known)))
            known[key] = composed
        return list(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "compose", compose)
        yield


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has only the project's wheel, and what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    return wheel.install(wheel.build(folder), folder)


@pytest.fixture(scope="session")
def linters() -> Any:
    """Both linters, loaded in this process: what tests judge here does not wait for others to start."""
    pytest.importorskip("cfnlint")
    from notejam_cfn.build.lint.linters import Linters

    return Linters()


@pytest.fixture(scope="session")
def of_type() -> Callable[[dict[str, Any], str], dict[str, dict[str, Any]]]:
    """Return the properties of a template's resources of one type by logical id."""

    def select(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
        return {
            name: resource.get("Properties", {})
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    return select
