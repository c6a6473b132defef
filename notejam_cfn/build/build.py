"""Builds: compose → render → lint. What comes out is files as text; `output` writes them.

BuildError
 └─ the build cannot be done as asked; the message is one line that says what to do
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ..config.settings import Project
from ..core import names, render
from ..core.composition.partition import REQUEST_BYTES
from ..iam.permissions import UnknownPermissions
from ..stacks import Stack, stacks_of
from . import manifest
from .lint import Finding, Subject, Verdict, lint
from .lint.findings import BUCKET_BYTES

FORMATS: Mapping[str, Callable[[dict[str, Any]], str]] = {"yaml": render.to_yaml, "json": render.to_json}
# The console uploads these to a bucket of its own, and deploy.py through the stack's: no request limits them.
THROUGH_A_BUCKET = ("console", "delivery")
MISSING_TYPE = "E3006"
REGIONS_PAGE = "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"

Progress = Callable[[str, Verdict], None]


class BuildError(ValueError):
    """The build cannot be done as asked. The message is one line that says what to do."""


@dataclasses.dataclass(frozen=True)
class Rendered:
    """A stack with its template; `path` is its place below output/, `form` what its text is: `yaml` or `json`."""

    stack: Stack
    path: str
    body: Mapping[str, Any]
    form: str

    @functools.cached_property
    def text(self) -> str:
        """The template as text. Writing YAML takes as long as composing, so it is done where somebody reads it."""
        return FORMATS[self.form](dict(self.body))

    @property
    def resources(self) -> int:
        """The number of resources."""
        return len(self.body["Resources"])

    @functools.cached_property
    def size(self) -> int:
        """The bytes that CloudFormation's limit counts: the template as JSON without white space."""
        return len(render.compact_json(dict(self.body)).encode())


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What lint says about a build: findings stop it, notes are for whoever moves a stage to another region."""

    verdicts: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def compose(project: Project, stages: Collection[str] | None = None, form: str = "yaml") -> list[Rendered]:
    """Compose the stacks of a project, or of some of its stages, in deployment order, as templates to be written.

    `form` is `yaml` or `json`. The same project gives the same text, on any machine. Raises `BuildError`.
    """
    known = [stage.name for stage in project.stages]
    if unknown := [name for name in stages or () if name not in known]:
        raise BuildError(f"no stage named {unknown[0]!r} in the configuration; its stages: {', '.join(known)}")
    try:
        composed = stacks_of(project, stages)
        return [Rendered(each, f"{each.path}.{form}", each.template.to_dict(), form) for each in composed]
    except UnknownPermissions as error:
        raise BuildError(str(error)) from error


def judge(rendered: Sequence[Rendered], *, jobs: int | None = None, progress: Progress | None = None) -> Judgement:
    """Lint templates and weigh what is found by the regions their stages use.

    A resource type that a stage's own region lacks is a finding; that another region lacks it is a note. Raises
    `LintUnavailable` or `LintFailed`.
    """
    tell = progress or (lambda path, verdict: None)
    limits = [BUCKET_BYTES if one.stack.layer in THROUGH_A_BUCKET else REQUEST_BYTES for one in rendered]
    verdicts = lint(
        [Subject(one.path, one.text, limit) for one, limit in zip(rendered, limits, strict=True)],
        jobs=jobs,
        progress=lambda subject, verdict: tell(subject.name, verdict),
    )
    by_path = {one.path: verdict for one, verdict in zip(rendered, verdicts, strict=True)}
    findings = [f for one in rendered for f in (*by_path[one.path].findings, *_region_findings(one, by_path[one.path]))]
    notes = [
        f"{kind} does not exist in {len(regions)} regions: {', '.join(sorted(regions))}"
        for kind, regions in sorted(missing_types(verdicts).items())
    ]
    return Judgement(by_path, tuple(sorted(findings)), tuple(notes))


def files(project: Project, rendered: Iterable[Rendered], previous: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the output directory's files, path → text, the manifest last.

    `previous` is the manifest of the build before: the stacks of stages that were not built now stay in the new one.
    """
    rendered = list(rendered)
    entries = [manifest.entry(one.stack, one.path, one.text, one.body) for one in rendered]
    texts = {one.path: one.text for one in rendered}
    values = {one.stack.path: one.stack.values for one in rendered if one.stack.values}
    texts |= {names.parameters_of(path): manifest.configuration(given) for path, given in values.items()}
    return texts | {manifest.FILE_NAME: manifest.text(project, entries, previous)}


def _region_findings(one: Rendered, verdict: Verdict) -> list[Finding]:
    region = one.stack.region
    if region not in verdict.regions:
        return [_region_finding(one, "", "", f"cfn-lint knows no region {region!r}: correct it, or update cfn-lint")]
    return [
        _region_finding(one, gap.logical_id, "Type", f"{gap.type} does not exist in {region}, where the stack belongs")
        for gap in verdict.gaps
        if gap.region == region
    ]


def _region_finding(one: Rendered, logical_id: str, within: str, message: str) -> Finding:
    return Finding(one.path, logical_id, within, MISSING_TYPE, "error", message, "cfn-lint", REGIONS_PAGE, 1)


def missing_types(verdicts: Iterable[Verdict]) -> dict[str, set[str]]:
    """Return each resource type that some region lacks with the regions that lack it."""
    missing: dict[str, set[str]] = collections.defaultdict(set)
    for verdict in verdicts:
        for gap in verdict.gaps:
            missing[gap.type].add(gap.region)
    return dict(missing)
