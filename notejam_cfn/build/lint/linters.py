"""Runs the two linters over one template. Loaded and at work they take 500 MB: only workers import this module."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudformation_validate  # type: ignore[import-untyped]
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.helpers import REGIONS
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.runner import Runner, run_template_by_data
from cloudformation_validate import Diagnostic, Severity, TemplateContent

from ...core.suppressions import suppressed_rules
from ..rules.template.portable_literals import EXISTING
from .findings import Finding, Gap, Subject, Verdict

RULES = Path(__file__).resolve().parent.parent / "rules"
OWN_IDS = ("E95", "W95")
OWN = "notejam"
CFN_LINT = "cfn-lint"
VALIDATE = "cloudformation-validate"
MISSING_TYPE = "E3006"
GAP = re.compile(r"Resource type '(?P<type>[^']+)' does not exist in '(?P<region>[^']+)'")
# What E9505 judges in their place: an ARN is right as it is where a person names what exists.
JUDGED_HERE = frozenset({"W9002", "W9013"})
HARDCODED_PARTITION = "I3042"
# Its informational diagnostics describe rather than object: that a property is create-only, for one.
SEVERITIES = {Severity.FATAL: "error", Severity.ERROR: "error", Severity.WARN: "warning"}


class Linters:
    """Both linters, loaded once and used for any number of templates; of cfn-lint all `rules` unless told, and ours."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Runner(_config(Subject("", ""))).rules
        self._validator = cloudformation_validate.CelEngine()

    def judge(self, subject: Subject) -> Verdict:
        """Return everything the linters find."""
        started = time.perf_counter()
        matches = self._cfn_lint(subject)
        gaps = sorted(gap for match in matches for gap in [_gap(match)] if gap)
        found = {_of_match(subject, match) for match in matches if not _gap(match)}
        # The other linter carries a port of many of cfn-lint's rules: what cfn-lint has said already is left out.
        said = {(finding.logical_id, finding.rule) for finding in found}
        found |= {finding for finding in self._validate(subject) if (finding.logical_id, finding.rule) not in said}
        return Verdict(tuple(sorted(found)), tuple(gaps), tuple(REGIONS), time.perf_counter() - started)

    def _cfn_lint(self, subject: Subject) -> list[Match]:
        template, problems = decode_str(subject.text)
        if problems or template is None:
            return list(problems)
        found = run_template_by_data(template, _config(subject), self._rules)
        return [match for match in found if not _names_what_exists(template, match)]

    def _validate(self, subject: Subject) -> Iterator[Finding]:
        report = self._validator.validate_template(TemplateContent(subject.text, subject.name))
        found = [_of_diagnostic(subject, each) for each in report.diagnostics if each.severity in SEVERITIES]
        found = [finding for finding in found if finding.rule not in JUDGED_HERE]
        if found:  # a template says, with a reason, which rules its resources are right to break
            template, _ = decode_str(subject.text)
            rules = suppressed_rules(template or {})
            suppressed = {(one.logical_id, one.rule) for one in rules if one.linter == "validate"}
            yield from (finding for finding in found if (finding.logical_id, finding.rule) not in suppressed)
        if report.metadata.suppressed or report.status.name == "ANALYSIS_INCOMPLETE":
            # The linter says that it has left something out: silence must mean that all is well.
            message = f"the analysis is incomplete: {report.metadata.suppressed} diagnostics suppressed"
            yield Finding(subject.name, "", "", report.status.name, "error", message, VALIDATE, "", 1)


def _config(subject: Subject) -> ConfigMixIn:
    """Return the strictest configuration, deaf to configuration files and to ignores within templates."""
    return ConfigMixIn(
        ["--append-rules", str(RULES), "--config-file", os.devnull],
        regions=["ALL_REGIONS"],
        include_checks=["I"],
        include_experimental=True,
        mandatory_checks=["E", "W", "I"],
        configure_rules={"E3012": {"strict": True}, "E9509": {"bytes": subject.max_bytes}},
    )


def _gap(match: Match) -> Gap | None:
    found = GAP.match(match.message) if match.rule.id == MISSING_TYPE else None
    return Gap(_path(match)[1], found["type"], found["region"]) if found else None


def _names_what_exists(template: Any, match: Match) -> bool:
    """Tell whether cfn-lint misses a partition in the whole ARN of something that a person configured."""
    value = template
    for part in match.path if match.rule.id == HARDCODED_PARTITION else ():  # type: ignore[attr-defined]
        value = value[part]
    return isinstance(value, str) and EXISTING.fullmatch(value) is not None


def _path(match: Match) -> list[str]:
    return [str(part) for part in getattr(match, "path", [])]


def _of_match(subject: Subject, match: Match) -> Finding:
    path = _path(match)
    # A path of one part names a section, or the template's own key, and nothing in it.
    logical_id, below = (path[1], path[2:]) if len(path) > 1 else ("", path)
    return Finding(
        template=subject.name,
        logical_id=logical_id,
        property=".".join(below),
        rule=match.rule.id,
        severity=match.rule.severity,
        message=match.message,
        linter=OWN if match.rule.id.startswith(OWN_IDS) else CFN_LINT,
        source=match.rule.source_url,
        line=match.linenumber,
    )


def _of_diagnostic(subject: Subject, diagnostic: Diagnostic) -> Finding:
    return Finding(
        template=subject.name,
        logical_id=diagnostic.entity.logical_id if diagnostic.entity else "",
        property=_property(diagnostic),
        rule=diagnostic.rule_id,
        severity=SEVERITIES[diagnostic.severity],
        message=diagnostic.message,
        linter=VALIDATE,
        source=diagnostic.documentation_url or "",
        line=diagnostic.start_line or 1,
    )


def _property(diagnostic: Diagnostic) -> str:
    """Return the path below what is named; outside Resources the linter writes it from the section on, with slashes."""
    path = (diagnostic.property_path or "").replace("/", ".")
    section = re.match(r"(Parameters|Mappings|Conditions|Rules|Outputs)\.[^.]+\.?", path)
    return path[section.end() :] if section else path
