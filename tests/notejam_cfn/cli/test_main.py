"""The front door: every command behind it, one table of statuses, and words instead of tracebacks."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from notejam_cfn.cli import main
from notejam_cfn.deploy.exit_codes import MEANINGS, Exit

ROOT = Path(__file__).parents[3]
PAGES = "".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))


SHARED = frozenset({"--output", "--json", "--config", "--yes", "--profile", "--region"})


def process(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_help_of_a_command_lists_the_exit_statuses_and_says_what_it_does(name: str) -> None:
    told = main.parser_of(name).format_help()
    assert all(meaning in " ".join(told.split()) for meaning in MEANINGS.values())
    assert re.search(r"\n\n[a-z][^\n]{15,}", told), "a description in words"


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_option_of_every_command_is_documented(name: str) -> None:
    options = {option for action in main.parser_of(name)._actions for option in action.option_strings}
    assert {option for option in options - {"-h", "--help"} if f"{option}" not in PAGES} == set()


def test_an_option_means_the_same_in_every_command() -> None:
    shapes: dict[str, set[tuple[object, ...]]] = {}
    for name in main.COMMANDS:
        for action in main.parser_of(name)._actions:
            for option in SHARED.intersection(action.option_strings):
                shapes.setdefault(option, set()).add((type(action).__name__, action.type))
    assert {option: kinds for option, kinds in shapes.items() if len(kinds) > 1} == {}


def test_the_documentation_has_every_exit_status() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    table = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)}
    assert table == {int(status): meaning for status, meaning in MEANINGS.items()}
    assert set(MEANINGS) == set(Exit)


def test_a_script_is_a_door_to_the_command_of_its_name() -> None:
    scripts = sorted((ROOT / "scripts").glob("*.py"))
    commands = {name for name, (module, _) in main.COMMANDS.items() if module.startswith("operate.")}
    assert {script.stem for script in scripts} == commands
    for script in scripts:
        assert f'main(["{script.stem}", *sys.argv[1:]])' in script.read_text(encoding="utf-8")
    assert process(sys.executable, "scripts/deploy.py", "--help").stdout.startswith("usage: notejam-cfn deploy")


def test_a_mistyped_command_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["dploy"]) == 2
    assert "did you mean deploy?" in capsys.readouterr().err


def test_a_missing_package_is_a_line_that_says_what_to_install() -> None:
    hide = (
        "import sys; sys.modules['boto3'] = None; from notejam_cfn.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = process(sys.executable, "-c", hide, "status", "dev")
    assert done.returncode == 2
    assert done.stderr == "notejam-cfn: needs the package boto3, which is not installed: pip install -e '.[deploy]'\n"


def test_asking_for_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from notejam_cfn.cli.main import main; main(['--help'])\n"
        "sys.exit(bool({'troposphere', 'boto3', 'botocore', 'cfnlint', 'yaml'} & set(sys.modules)))"
    )
    assert process(sys.executable, "-c", program).returncode == 0


@pytest.mark.parametrize("reader", ["true", "head -1 >/dev/null"])
def test_a_command_goes_on_when_its_reader_has_left(reader: str) -> None:
    done = process("bash", "-c", f"set -o pipefail; {sys.executable} -m notejam_cfn graph | {reader}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
@pytest.mark.parametrize(
    ("command", "where", "why"),
    [("stages", "> /dev/full", "No space left on device"), ("stages", ">&-", "it is closed"), ("--help", ">&-", "")],
)
def test_output_that_cannot_be_written_is_said_by_the_status(command: str, where: str, why: str) -> None:
    done = process("bash", "-c", f"{sys.executable} -m notejam_cfn {command} {where}")
    assert done.returncode == Exit.UNHEARD
    assert re.fullmatch(f"notejam-cfn: what was to be printed could not be: .*{why}\n", done.stderr)


@pytest.mark.parametrize("closed", ["2>&-", "<&-"])
def test_other_streams_may_be_closed(closed: str) -> None:
    done = process("bash", "-c", f"{sys.executable} -m notejam_cfn stages {closed}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_without_arrows_gets_other_letters(encoding: str) -> None:
    done = process(sys.executable, "-m", "notejam_cfn", "status", "dev", "--output", "gone", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "  -> Run: python -m notejam_cfn build")


INTERRUPTING = """
import os, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPTED_AT"]:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))

sys.meta_path.insert(0, Interrupt())
"""
DOORS = {
    "python -m": (sys.executable, "-m", "notejam_cfn", "status"),
    "program": (str(Path(sys.executable).with_name("notejam-cfn")), "status"),
    "script": (sys.executable, "scripts/status.py"),
}


@pytest.mark.parametrize("at", ["notejam_cfn.cli.main", "argparse", "notejam_cfn.cli.operate.status", "yaml"])
@pytest.mark.parametrize("door", DOORS)
def test_a_signal_ends_a_command_while_it_is_still_imported(door: str, at: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING)
    for number, statuses in ((signal.SIGINT, {130}), (signal.SIGTERM, {143, -15}), (signal.SIGHUP, {129, -1})):
        place = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "INTERRUPTED_AT": at, "SIGNAL": str(int(number))}
        done = process(*DOORS[door], "dev", **place)
        assert done.returncode in statuses
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("notejam-cfn: interrupted") == (number is signal.SIGINT)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_learn_how_to_complete(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["completion", shell]) == 0
    assert "notejam-cfn" in capsys.readouterr().out


@pytest.mark.parametrize(("line", "offered"), [("notejam-cfn de", "deploy"), ("notejam-cfn deploy --pro", "--profile")])
def test_commands_and_options_are_completed(line: str, offered: str, tmp_path: Path) -> None:
    answers = tmp_path / "answers"
    program = "import sys; from notejam_cfn.cli.main import main; sys.argv[0] = 'notejam-cfn'; main()"
    process(
        sys.executable,
        "-c",
        program,
        _ARGCOMPLETE="1",
        COMP_LINE=line,
        COMP_POINT=str(len(line)),
        _ARGCOMPLETE_STDOUT_FILENAME=str(answers),
        _ARGCOMPLETE_IFS="\n",
    )
    assert offered in answers.read_text().split()
