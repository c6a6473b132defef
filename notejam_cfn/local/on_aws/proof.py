"""What a trial has shown, as a page of docs/proven/, and what the README says of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from .trial import NOT_TRIED, STEPS, State

FOLDER = Path("docs") / "proven"
PACKAGES = ("notejam-cfn", "boto3", "botocore", "troposphere")
PAGE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)-(?P<region>[a-z0-9-]+)\.md")
UNPROVEN = "proven on emulators, not yet on AWS."
STATUS = re.compile(r"(?<=\*\*Status:\*\* )[^.]*\.")
EMULATED = "in an emulator, not on AWS,"


def write(state: State, region: str, account: str, folder: Path = FOLDER, *, emulated: bool = False) -> Path:
    """Write the page of a trial and return its path: DATE-REGION.md."""
    folder.mkdir(parents=True, exist_ok=True)
    day = datetime.fromtimestamp(state.began, UTC).date()
    path = folder / f"{day}-{region}.md"
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    where = EMULATED if emulated else f"on an AWS account (…{account[-4:]})"
    differed = [f"{name}: {' '.join(message.split())}" for name, message in state.failed.items()]
    text = f"""# {state.stage} in {region}, {day}

Tried {where} as the project `{state.project}`, with {versions}.

| step | took | what happened |
|---|---|---|
{chr(10).join(_rows(state))}

What differed from the rehearsal: {"; ".join(differed) or "nothing, in the steps that were tried"}.
"""
    path.write_text(text, encoding="utf-8")
    return path


def status(folder: Path = FOLDER) -> str:
    """Return the first sentence of the README's status: what the pages of trials on AWS allow to say."""
    pages = sorted(path.name for path in folder.glob("*.md") if EMULATED not in path.read_text(encoding="utf-8"))
    found = [match for name in pages if (match := PAGE.fullmatch(name))]
    if not found:
        return UNPROVEN
    newest = found[-1]
    return f"tried on AWS on {newest['day']} in {newest['region']}: [what happened](docs/proven/{newest[0]})."


def tell(readme: Path, folder: Path = FOLDER) -> None:
    """Write the status into the README."""
    text = readme.read_text(encoding="utf-8")
    readme.write_text(STATUS.sub(lambda _: status(folder), text, count=1), encoding="utf-8")


def _rows(state: State) -> list[str]:
    rows = []
    for name in STEPS:
        if name in state.done:
            took, note = f"{state.done[name]['seconds']} s", state.done[name]["note"]
        elif name in state.failed:
            took, note = "failed", state.failed[name].splitlines()[0]
        else:
            took, note = "", f"{NOT_TRIED}the trial did not come to it"
        rows.append(f"| {name} | {'' if note.startswith(NOT_TRIED) else took} | {note} |")
    return rows


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
