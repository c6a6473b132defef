"""What a trial has shown, as a page of docs/proven/."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from .trial import State

FOLDER = Path("docs") / "proven"
PACKAGES = ("notejam-cfn", "boto3", "botocore", "troposphere")
NOT_TRIED = ("sleep and wake", "a restore", "a failed deployment", "a preview")


def write(state: State, region: str, account: str, folder: Path = FOLDER, *, emulated: bool = False) -> Path:
    """Write the page of a trial and return its path: DATE-REGION.md."""
    folder.mkdir(parents=True, exist_ok=True)
    day = datetime.fromtimestamp(state.began, UTC).date()
    path = folder / f"{day}-{region}.md"
    rows = [f"| {name} | {one['seconds']} s | {one['note']} |" for name, one in state.done.items()]
    rows += [f"| {name} | failed | {message.splitlines()[0]} |" for name, message in state.failed.items()]
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    where = "in an emulator, not on AWS," if emulated else f"on an AWS account (…{account[-4:]})"
    text = f"""# {state.stage} in {region}, {day}

Tried {where} as the project `{state.project}`, with {versions}.

| step | took | what happened |
|---|---|---|
{chr(10).join(rows)}

Not tried: {", ".join(NOT_TRIED)}.
"""
    path.write_text(text, encoding="utf-8")
    return path


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
