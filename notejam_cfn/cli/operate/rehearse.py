"""`rehearse`: deploy, use, update and remove a stage on this machine, without AWS and without Docker."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ...core import render
from ...core.terminal import GREEN, RED, say, say_table, table
from ...deploy.exit_codes import BadInput, Exit
from ...deploy.ui.progress import KINDS, Silent, minutes
from ..arguments import print_json
from ..following import suggest
from . import session

if TYPE_CHECKING:
    from ...config.settings import Project
    from ...local.on_aws.trial import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser, stage=False)
    parser.add_argument("stage", metavar="STAGE", nargs="?", default="dev", help="a stage of notejam.toml")
    parser.add_argument("--keep", action="store_true", help="leave it running for a browser until Enter is pressed")
    parser.add_argument(
        "--image",
        action=argparse.BooleanOptionalAction,
        help="run the containers in the application's image, building it if need be; by default when it is built",
    )
    parser.add_argument("--unused", action="store_true", help="list the permissions of its roles that nothing has used")
    parser.add_argument(
        "--day", action="store_true", help="simulate days of traffic on the stage's scaling instead, in seconds"
    )
    parser.add_argument(
        "--load",
        type=float,
        metavar="N",
        help="with --day: requests a second of the typical load; by default that of the stage's size",
    )
    parser.add_argument(
        "--on-aws",
        action="store_true",
        help="do the steps on an AWS account, under a throw-away name, after asking; goes on where it was cut off",
    )
    parser.add_argument("--image-uri", default="", help="with --on-aws: an image in a registry, for release and walk")
    parser.add_argument("--only", action="append", default=[], metavar="STEP", help="with --on-aws: this step only")
    parser.add_argument("--yes", action="store_true", help="with --on-aws: do not ask")
    parser.add_argument("--progress", choices=KINDS, help="show the deployments inside, and how")


def run(asked: argparse.Namespace) -> int:
    """Rehearse, and return how it went."""
    if asked.day:
        return _simulate(asked)
    if asked.on_aws:
        return _try(asked)
    from ...local.rehearse import FAILURES, Settings, rehearse

    keep = _keep if asked.keep else None
    settings = Settings(asked.stage, Path.cwd(), asked.image, keep, KINDS.get(asked.progress, Silent))
    try:
        report = rehearse(session.manifest(asked), settings, _teller(session.talk(asked)))
    except FAILURES as failure:
        say("", f"The rehearsal of {asked.stage} failed: {failure}", style=RED, file=session.talk(asked))
        say(*(f"  → {step}" for step in getattr(failure, "advice", ())), hang=4, file=session.talk(asked))
        return Exit.FAILED
    except KeyboardInterrupt:
        say("", "Interrupted; nothing is left running.", file=session.talk(asked))
        return Exit.INTERRUPTED
    if asked.json:
        document = {"stage": asked.stage, "seconds": round(report.seconds), "unused_permissions": report.unused}
        print_json(document)
        return Exit.DONE
    if asked.unused:
        say("", "Nothing has used:", *(f"  {one}" for one in report.unused), hang=4)
    say(f"The rehearsal of {asked.stage} went well, in {report.seconds:.0f} s.", style=GREEN)
    suggest(asked, f"deploy {asked.stage}")
    return Exit.DONE


def _simulate(asked: argparse.Namespace) -> int:
    """Print what days of traffic would be like."""
    from ...config.loader import load
    from ...core.evaluated import EvaluatedTemplate
    from ...local.day import configuration, report
    from ...reports.cost.prices import read_prices
    from ...reports.cost.usage import TYPICAL_REQUESTS_PER_SECOND, TYPICAL_SIZE

    stacks = session.manifest(asked).stacks_of(asked.stage)
    try:
        found = configuration.read([EvaluatedTemplate(render.load(stack.text())) for stack in stacks])
    except LookupError as error:
        raise BadInput(f"there is nothing to simulate: {error}", "Run: python -m notejam_cfn build") from error
    typical = asked.load
    if typical is None:
        sizes = {one.name: one.size for one in load().stages}
        typical = TYPICAL_REQUESTS_PER_SECOND[sizes.get(asked.stage, TYPICAL_SIZE)]
    if typical <= 0:
        raise BadInput("--load must be above 0", "Give the requests a second of the typical load: --load 5")
    days = report.days(found, typical, read_prices(stacks[0].region))
    say_table(table(report.HEADS, [report.row(day) for day in days], right=range(1, len(report.HEADS))))
    for day in days[1:]:
        say("", f"{day.name}:", *report.plot(day))
    suggest(asked, f"cost --stage {asked.stage}")
    return Exit.DONE


def _try(asked: argparse.Namespace) -> int:
    """Try the stage on AWS."""
    from ...config.loader import load
    from ...local.on_aws import proof, trial

    trial.require_known(asked.only)
    project = load()
    state, folder = trial.prepare(project, asked.stage, asked.image_uri)
    run = trial.Trial(
        session.connect(asked), state, folder, KINDS.get(asked.progress, Silent), _teller(session.talk(asked))
    )
    region, account = run.stacks[0].region, session.require_account(run.aws, run.stacks)
    say(*_before(run, project, account, asked.only))
    if not asked.yes and not session.prompter(session.talk(asked)).confirm("Begin?"):
        return Exit.REFUSED
    emulated = run.aws.access.endpoint_url is not None
    try:
        run.run(asked.only)
    finally:
        say(f"Written: {proof.write(state, region, account, emulated=emulated)}")
        if not emulated:
            proof.tell(Path("README.md"))
    return Exit.DONE


def _before(run: Trial, project: Project, account: str, only: Sequence[str]) -> list[str]:
    """Say what a trial makes, how long it takes, what it costs and what it needs."""
    from ...local.on_aws import trial
    from ...reports.cost.stages import bills_of, sites_of
    from ...reports.cost.usage import HOURS_A_MONTH

    bodies = [(run.state.stage, str(one.path), render.load(one.text())) for one in run.stacks]
    hourly = bills_of(sites_of(project), bodies)[run.state.stage][1].usd / HOURS_A_MONTH
    made = run.made(only)
    resources = [resource for one in made for resource in render.load(one.text())["Resources"].values()]
    steps = [name for name in trial.STEPS if name not in run.state.done and (not only or name in only)]
    minutes_ = run.minutes(only)
    return [
        f"{run.state.project}: {len(made)} stacks with {len(resources)} resources in {account}, "
        f"{run.stacks[0].region}; the steps {', '.join(steps)}.",
        f"About {minutes_:.0f} minutes and ${max(hourly * minutes_ / 60, 0.01):.2f}, ${max(hourly, 0.01):.2f} an hour.",
        f"It needs {trial.needed({resource['Type'] for resource in resources})}.",
        f"What was done is kept in {run.folder}: the same command goes on after Ctrl-C.",
    ]


def _keep(address: str) -> None:
    say("", f"  Open {address}", "")
    with contextlib.suppress(EOFError):
        input("Press Enter to remove everything. ")


def _teller(out: TextIO) -> Callable[[str], None]:
    began = time.monotonic()

    def tell(words: str) -> None:
        say(f"{minutes(time.monotonic() - began):>6}  {words}", hang=10, file=out)
        out.flush()

    return tell
