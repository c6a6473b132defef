"""What goes into lint and what comes out, as plain data that crosses processes and outlives them as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...core.composition.partition import REQUEST_BYTES

BUCKET_BYTES = 1_048_576


class LintUnavailable(RuntimeError):
    """The linters are not installed. The message says how to install them and how to do without."""


class LintFailed(RuntimeError):
    """A worker ended before it had answered. The message carries what it said last."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A template to judge: its name in messages, its text, and how large it may be as compact JSON.

    51,200 bytes fit in a request to CloudFormation; 1 MiB is the limit for a template uploaded to a bucket.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """

    name: str
    text: str
    max_bytes: int = REQUEST_BYTES


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong with a template.

    `logical_id` is empty when the template as a whole is meant; `property` is the dotted path below it.
    `source` is where the rule comes from, for whoever doubts it.
    """

    template: str
    logical_id: str
    property: str
    rule: str
    severity: str
    message: str
    linter: str
    source: str
    line: int

    def __str__(self) -> str:
        place = ".".join(part for part in (self.logical_id, self.property) if part) or "template"
        source = f" ({self.source})" if self.source else ""
        return f"{self.template}:{self.line}: {place}: {self.rule} {self.message} [{self.linter}]{source}"


@dataclasses.dataclass(frozen=True, order=True)
class Gap:
    """A resource type that a region does not have."""

    logical_id: str
    type: str
    region: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the linters say about one template, and how long they took.

    `regions` are those it holds for: all that cfn-lint knows. Only gaps in regions that a stage uses are a fault.
    """

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    regions: tuple[str, ...]
    seconds: float
    remembered: bool = False

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """Read what `dataclasses.asdict` returned. Raises `KeyError` or `TypeError` when it is anything else."""
        return cls(
            findings=tuple(Finding(**finding) for finding in data["findings"]),
            gaps=tuple(Gap(**gap) for gap in data["gaps"]),
            regions=tuple(data["regions"]),
            seconds=float(data["seconds"]),
            remembered=bool(data["remembered"]),
        )
