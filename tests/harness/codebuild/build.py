"""A build: the phases of a buildspec, one after the other.

A phase is one bash, so a later command sees the variables of an earlier one; from phase to phase, and to the pipeline,
go exported ones only. CodeBuild may hand on more than that: a buildspec that works here does not count on it.
Source: AWS CodeBuild User Guide, "Build specification reference" and "Build phase transitions".
"""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .machine import SOURCE, Machine, words_of

PHASES = ("install", "pre_build", "build", "post_build")
# What follows a phase that failed.
AFTER_FAILURE = {"build": ("post_build",)}
KNOWN = {"version", "env", "phases", "artifacts", "reports", "cache"}
KNOWN_IN_PHASE = {"runtime-versions", "commands"}
SECONDS = 300
OWN = ("PWD", "OLDPWD", "SHLVL", "_")


class BuildspecError(ValueError):
    """The buildspec says something that this does not do as CodeBuild would."""


@dataclasses.dataclass(frozen=True)
class Build:
    """How a build ended: the phase that failed, what was written, the exported variables, the artifacts' files."""

    failed: str
    log: str
    variables: Mapping[str, str]
    artifacts: Mapping[str, Path]


def run(buildspec: Path, source: Path, machine: Machine, given: Mapping[str, str], installed: bool = False) -> Build:
    """Run a buildspec on a copy of the sources, with the variables that CodeBuild gives.

    Where an earlier build of the same buildspec has `installed` what it needs on this machine, that phase is left out.
    """
    document: Mapping[str, Any] = yaml.safe_load(buildspec.read_text(encoding="utf-8"))
    _require_known(document, machine)
    declared = document["env"].get("variables", {})
    environment = {**machine.environment(), "CODEBUILD_SRC_DIR": SOURCE, **declared, **given}
    failed, log = "", ""
    for phase in PHASES[1:] if installed else PHASES:
        if failed and phase not in AFTER_FAILURE.get(failed, ()):
            continue
        status, said, environment = _phase(document["phases"].get(phase, {}), source, machine, environment)
        log += said
        failed = failed or (phase if status else "")
    exported = document.get("env", {}).get("exported-variables", ())
    found = {name: environment[name] for name in exported if name in environment}
    return Build(failed, log, found, _artifacts(document.get("artifacts", {}), source))


def _require_known(document: Mapping[str, Any], machine: Machine) -> None:
    strange = set(document) - KNOWN | {
        name for phase in document["phases"].values() for name in set(phase) - KNOWN_IN_PHASE
    }
    if strange or document["version"] != 0.2 or document["env"].get("shell") != "bash":
        raise BuildspecError(f"not run here: {', '.join(sorted(strange)) or 'its version or shell'}")
    asked = {str(phase.get("runtime-versions", {}).get("python", "")) for phase in document["phases"].values()} - {""}
    if asked - {machine.python_version()}:
        raise BuildspecError(f"Python {asked} is asked for; this machine has {machine.python_version()}")


def _phase(
    phase: Mapping[str, Any], source: Path, machine: Machine, environment: Mapping[str, str]
) -> tuple[int, str, dict[str, str]]:
    """Run a phase's commands until one fails; return the status, what was written and the environment after it."""
    script, left = machine.work / "inputs" / "phase.sh", machine.work / "inputs" / "environment"
    script.write_text(_script(phase.get("commands", ())), encoding="utf-8")
    words = [*machine.confined(source), *words_of(dict(environment)), "bash", "/codebuild/input/phase.sh"]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False
    )
    pairs = (pair.partition("=") for pair in left.read_text(encoding="utf-8").split("\0") if pair)
    return done.returncode, done.stdout, {name: value for name, _, value in pairs if name not in OWN}


def _script(commands: Sequence[str]) -> str:
    """Return the commands as one script that ends at the first that fails, and leaves its environment."""
    checked = [f"{command}\nstatus=$?; [ $status = 0 ] || exit $status" for command in commands]
    return "\n".join(["trap 'env -0 > /codebuild/input/environment' EXIT", *checked, ""])


def _artifacts(section: Mapping[str, Any], source: Path) -> dict[str, Path]:
    folder = source / section.get("base-directory", ".")
    found = {name: folder / name for name in section.get("files", ())}
    return {name: path for name, path in found.items() if path.exists()}
