"""`build`: compose, render, lint and write the templates."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.terminal import GREEN, RED, say, say_table, table
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...build.build import Judgement, Rendered
    from ...build.lint import Verdict
    from ...build.output import Changes
    from ...config.settings import Project
    from ...reports.cost import Bill

WRITTEN, UNCHANGED, FRESH, STALE, FINDINGS = "written", "unchanged", "fresh", "stale", "findings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    arguments.add_stages(parser)
    add = parser.add_argument
    add("--output", type=Path, default=arguments.OUTPUT, metavar="DIR", help="where to (default: output)")
    add("--format", choices=("yaml", "json"), default="yaml", help="of the templates (default: yaml)")
    add("--check", action="store_true", help="write nothing; status 1 and a diff when the output is stale")
    add("--no-lint", dest="lint", action="store_false", help="write without linting")
    add("--jobs", type=_positive, metavar="N", help="lint processes (default: one per processor)")
    add("--quiet", action="store_true", help="print findings and differences only")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Build, report and return 1 when there are findings or the output is stale.

    Raises what `config`, `build`, `lint` and `output` raise, with nothing written.
    """
    from ...config import loader

    started = time.perf_counter()
    project = loader.load(options.config)
    report = dataclasses.replace(_build(options, project), seconds=time.perf_counter() - started)
    if options.json:
        arguments.print_json(_document(report))
    else:
        _show(report, options.quiet)
    _suggest(options, report)
    return 1 if report.status in (STALE, FINDINGS) else 0


@dataclasses.dataclass(frozen=True)
class Report:
    """What a build did, for people and machines. `lint` is None when it was left out.

    `diff` is how the output is stale, `pictures` how the page of pictures and its images are.
    """

    status: str
    output: str
    rendered: list[Rendered]
    lint: Judgement | None
    warnings: list[str]
    changes: Changes | None = None
    diff: str = ""
    pictures: str = ""
    seconds: float = 0.0
    bills: Mapping[str, list[Bill]] = dataclasses.field(default_factory=dict)


def _build(options: argparse.Namespace, project: Project) -> Report:
    from ...build import build, manifest, output
    from ...reports import cost

    rendered = build.compose(project, options.stages, options.format)
    lint = (
        build.judge(rendered, jobs=options.jobs, progress=_progress(options, len(rendered))) if options.lint else None
    )
    bills = cost.bills_of(cost.sites_of(project), ((one.stack.stage, one.path, one.body) for one in rendered))
    report = Report(FINDINGS, str(options.output), rendered, lint, project.warnings(), bills=bills)
    if lint and lint.findings:
        return report
    if options.check:
        files = build.files(project, rendered, manifest.read(options.output))
        diff = output.difference(options.output, files)
        pictures = _picture_difference(options, project, rendered)
        return dataclasses.replace(report, status=STALE if diff or pictures else FRESH, diff=diff, pictures=pictures)
    changes = output.write(options.output, build.files(project, rendered, manifest.read(options.output)))
    return dataclasses.replace(report, status=WRITTEN if changes else UNCHANGED, changes=changes)


def _picture_difference(options: argparse.Namespace, project: Project, rendered: list[Rendered]) -> str:
    """Return what is stale on the page of pictures beside the configuration; nothing where there is no such page."""
    from ...reports import diagram

    page = options.config.parent / diagram.FILE
    if options.stages or not page.exists():
        return ""
    return diagram.difference(diagram.pictures_of(rendered, project.stages[-1].name), page)


def _progress(options: argparse.Namespace, total: int) -> Any:
    """Return what tells the person how far lint is: on the error stream, so that the output stays clean."""
    if options.quiet or options.json:
        return None
    done = 0

    def tell(path: str, verdict: Verdict) -> None:
        nonlocal done
        done += 1
        if not verdict.remembered:
            say(f"[{done}/{total}] linted {path}, {verdict.seconds:.1f} s", file=sys.stderr)

    return tell


def _show(report: Report, quiet: bool) -> None:
    if not quiet:
        rows = []
        for one in report.rendered:
            findings, took = "-", "-"
            if report.lint:
                verdict = report.lint.verdicts[one.path]
                findings = str(_count(report.lint, one))
                took = "unchanged" if verdict.remembered else f"{verdict.seconds:.2f} s"
            rows.append([one.path, str(one.resources), f"{one.size:,}", findings, took])
        say_table(table(["template", "resources", "bytes", "findings", "time"], rows, right=(1, 2, 3, 4)))
        say("", *_remarks(report))
    say(*(str(finding) for finding in (report.lint.findings if report.lint else ())), style=RED)
    print(report.diff + report.pictures, end="")
    if not quiet:
        say(_result(report), style="" if report.status in (STALE, FINDINGS) else GREEN)


def _suggest(options: argparse.Namespace, report: Report) -> None:
    if report.status in (WRITTEN, UNCHANGED, FRESH):
        suggest(options, f"deploy {next(one.stack.stage for one in report.rendered if one.stack.stage)}")
    elif report.status == STALE:
        suggest(options, "build" if report.diff else "diagram")
    else:
        suggest(options, "suppressions --details")


def _count(lint: Judgement, one: Rendered) -> int:
    return sum(finding.template == one.path for finding in lint.findings)


def _remarks(report: Report) -> list[str]:
    """Return what each stage costs a month, what the configuration is warned of, and what lint notes."""
    remarks = [
        f"cost a month: {name} ${idle.usd:,.2f} idle, ${typical.usd:,.2f} typical, in {idle.region}; see `cost`"
        for name, (idle, typical, _) in report.bills.items()
    ]
    remarks += [f"warning: {warning}" for warning in report.warnings]
    if report.lint and report.lint.notes:
        count = len(report.lint.notes)
        remarks.append(f"note: {count} resource types do not exist in every region; see `stages --regions`")
    return remarks


def _result(report: Report) -> str:
    took = f"({report.seconds:.1f} s)"
    if report.status == FINDINGS and report.lint:
        return f"{len(report.lint.findings)} findings; {report.output} is left as it was {took}"
    if report.changes:
        created, changed, removed = (
            len(paths) for paths in (report.changes.created, report.changes.changed, report.changes.removed)
        )
        return f"wrote {report.output}: {created} files new, {changed} changed, {removed} removed {took}"
    if report.status == STALE:
        said = f"{report.output} is stale: run `python -m notejam_cfn build`" if report.diff else ""
        pictures = "the pictures are stale: run `python -m notejam_cfn diagram`" if report.pictures else ""
        return f"{'; '.join(filter(None, (said, pictures)))} {took}"
    return f"{report.output} is up to date {took}"


def _document(report: Report) -> dict[str, Any]:
    lint = report.lint
    return {
        "status": report.status,
        "output": report.output,
        "seconds": round(report.seconds, 3),
        "stacks": [_stack(report, one) for one in report.rendered],
        "findings": [dataclasses.asdict(finding) for finding in lint.findings] if lint else None,
        "notes": list(lint.notes) if lint else None,
        "warnings": report.warnings,
        "changes": dataclasses.asdict(report.changes) if report.changes is not None else None,
        "diff": report.diff + report.pictures,
    }


def _stack(report: Report, one: Rendered) -> dict[str, Any]:
    verdict = report.lint.verdicts[one.path] if report.lint else None
    return {
        "name": one.stack.name,
        "template": one.path,
        "resources": one.resources,
        "bytes": one.size,
        "findings": _count(report.lint, one) if report.lint else None,
        "seconds": round(verdict.seconds, 3) if verdict else None,
        "remembered": verdict.remembered if verdict else None,
    }


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number
