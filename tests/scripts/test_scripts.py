"""What the scripts have in common: their help, and that the documentation tells all of it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from notejam_cfn.deploy.exit_codes import MEANINGS, Exit

ROOT = Path(__file__).parents[2]
SCRIPTS = (
    *("deploy", "destroy", "recover", "release", "status", "logs", "exec", "rehearse"),
    *("backup", "backups", "restore", "move"),
)
DOCUMENTATION = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("deploying.md", "backups.md"))


def help_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(SystemExit):
        module.main(["--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_help_lists_the_exit_statuses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = help_of(name, capsys)
    assert all(meaning in told for meaning in MEANINGS.values())


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_is_documented(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", help_of(name, capsys), re.MULTILINE)) - {"--help"}
    assert options
    assert {option for option in options if option not in DOCUMENTATION} == set()


def test_the_documentation_has_every_exit_status() -> None:
    table = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", DOCUMENTATION, re.MULTILINE)}
    assert table == {int(status): meaning for status, meaning in MEANINGS.items()}
    assert set(MEANINGS) == set(Exit)


def test_scripts_are_thin() -> None:
    longest = {
        name: len((ROOT / "scripts" / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in SCRIPTS
    }
    assert max(longest.values()) <= 70, longest
