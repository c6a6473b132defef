"""Judges templates with cfn-lint, AWS's own offline linter and Notejam's rules, in parallel, and remembers verdicts.

    lint(subjects) → Verdict per subject → Finding, Gap

    LintUnavailable   the linters are not installed
    LintFailed        a linter or one of its processes broke

Importing this package imports no linter: they are loaded by the processes that do the work.
"""

from __future__ import annotations

from .findings import Finding, Gap, LintFailed, LintUnavailable, Subject, Verdict
from .judge import lint

__all__ = ["Finding", "Gap", "LintFailed", "LintUnavailable", "Subject", "Verdict", "lint"]
