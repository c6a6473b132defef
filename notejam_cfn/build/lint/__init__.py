"""Judges templates with cfn-lint, AWS's own offline linter and Notejam's rules, in parallel, and remembers verdicts.

    lint(subjects) → Verdict per subject → Finding, Gap

    LintUnavailable   the linters are not installed
    LintFailed        a linter or one of its processes broke

Importing this package imports no linter: they are loaded by the processes that do the work.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

from .findings import Finding, Gap, LintFailed, LintUnavailable, Subject, Verdict

__all__ = ["Finding", "Gap", "LintFailed", "LintUnavailable", "Subject", "Verdict", "lint"]

MODULES = ("cfnlint", "cloudformation_validate")
Progress = Callable[[Subject, Verdict], None]


def lint(
    subjects: Sequence[Subject], *, jobs: int | None = None, progress: Progress = lambda subject, verdict: None
) -> list[Verdict]:
    """Return a verdict for each template, in the order given.

    `jobs` is the number of processes, one per processor unless given; `progress` is called as verdicts become known.
    Verdicts are remembered by content: see `lint.cache`. Raises `LintUnavailable` or `LintFailed`.
    """
    from . import cache, pool  # a build without lint does not wait for what starts processes

    if missing := [name for name in MODULES if importlib.util.find_spec(name) is None]:
        raise LintUnavailable(
            f"lint needs {' and '.join(missing)}: install them with `pip install 'notejam[lint]'`, or use --no-lint"
        )
    verdicts = {subject: verdict for subject in subjects for verdict in [cache.recall(subject)] if verdict}
    for subject, verdict in verdicts.items():
        progress(subject, verdict)
    unknown = [subject for subject in dict.fromkeys(subjects) if subject not in verdicts]
    for subject, verdict in pool.judge(unknown, jobs):
        cache.remember(subject, verdict)
        verdicts[subject] = verdict
        progress(subject, verdict)
    if unknown:
        cache.forget()
    return [verdicts[subject] for subject in subjects]
