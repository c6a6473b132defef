"""Takes a whole application over: the composition, and what is not in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from . import environments, workloads, writer
from .fields import Fields, Note
from .manifests import ENVIRONMENTS, OVERRIDES, PIPELINES, Application, Manifest
from .workloads import JOB, SERVICE, Translation

# Where an application has no environment, so that there is one to begin with.
FIRST = "test"


@dataclasses.dataclass(frozen=True)
class TakenOver:
    """The composition as Python, the names of the workloads in it, and what was not taken over."""

    text: str
    workloads: tuple[str, ...]
    stages: tuple[str, ...]
    notes: tuple[Note, ...]


def take_over(application: Application, file: str, region: str, account: str) -> TakenOver:
    """Translate every environment and workload, and write the composition."""
    stages = tuple(sorted(application.environments, key=lambda name: ("prod" in name, name))) or (FIRST,)
    notes = list(_of_beside(application))
    places = {}
    for stage in stages:
        manifest = application.environments.get(stage) or Manifest("", {}, {})
        fields = Fields(manifest, stage, _variables(application, stage, ""))
        places[stage] = environments.translate(fields)
        notes += [*fields.notes, *fields.notes_of_the_rest(environments.KNOWN)]
    found = [
        by_stage
        for name, manifest in application.workloads.items()
        if (by_stage := _workload(application, name, manifest, stages, notes))
    ]
    found.sort(key=_order)
    made = [next(iter(by_stage.values())) for by_stage in found]
    if any(each.kind == SERVICE for each in made):
        what = "a job cannot call services by name: let it call their public address, or add a queue"
        notes += [Note(application.workloads[each.name].path, 0, what) for each in made if each.kind == JOB]
    regions = dict.fromkeys(stages, region)
    text = writer.composition(application.name, file, regions, account, places, found)
    return TakenOver(text, tuple(each.name for each in made), stages, tuple(sorted(set(notes))))


def _workload(
    application: Application, name: str, manifest: Manifest, stages: Sequence[str], notes: list[Note]
) -> dict[str, Translation]:
    found = {}
    for stage in stages:
        fields = Fields(manifest, stage, _variables(application, stage, name))
        translation = workloads.translate(fields, name, application.root)
        notes += fields.notes
        if translation is not None:
            found[stage] = translation
            notes += fields.notes_of_the_rest(workloads.KNOWN)
    return found


def _variables(application: Application, stage: str, name: str) -> dict[str, str]:
    """Return what Copilot fills in for `${…}`. Source: aws/copilot-cli, "Manifest", "Environment variables"."""
    given = {"APPLICATION": application.name, "ENVIRONMENT": stage, "SERVICE": name, "JOB": name}
    return {f"COPILOT_{key}_NAME": value for key, value in given.items() if value}


def _order(by_stage: Mapping[str, Translation]) -> tuple[bool, bool, str]:
    """Make first what others call."""
    each = next(iter(by_stage.values()))
    return each.kind != SERVICE, each.public, each.name


def _of_beside(application: Application) -> Iterator[Note]:
    for path in application.beside:
        if path.name == OVERRIDES:
            yield Note(str(path), 0, "overrides are not taken over: change the resources in the composition")
        elif PIPELINES in path.parts:
            yield Note(str(path), 0, "the pipeline is not taken over: let it run the composition and `deploy STAGE`")
        else:
            shared = "stack beside the environment's" if ENVIRONMENTS in path.parts else "stack of its own"
            yield Note(str(path), 0, f"an addon stays a CloudFormation template: deploy it as a {shared}")
