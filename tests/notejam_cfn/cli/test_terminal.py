"""At a terminal of 80 columns: lines that fit, colours where they are wanted, and what comes next."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from notejam_cfn.cli import main
from notejam_cfn.core import terminal
from notejam_cfn.local.emulator import Emulator
from tests.notejam_cfn.deploy.conftest import Shop, templates

ROOT = Path(__file__).parents[3]
CONFIG = '[delivery]\nregion = "eu-central-1"\n[stages.dev]\nregion = "eu-central-1"\nsize = "standard"\n'
SHOP = "--output shop --progress plain --yes"
# Each command as a person would give it, in an order that works: first those without AWS, then on a small stage there.
COMMANDS = {
    "init": "init --config other.toml",
    "from-copilot": f"from-copilot {ROOT}/tests/notejam_cfn/copilot/shop",
    "build": "build --no-lint --output output",
    "stages": "stages",
    "graph": "graph",
    "diagram": "diagram --docs drawn",
    "links": "links",
    "suppressions": "suppressions --details",
    "cost": "cost --details",
    "retention": "retention --details --years 1",
    "rehearse": "rehearse dev --day",
    "deploy": f"deploy dev {SHOP}",
    "release": f"release dev {SHOP} --image example.com/shop@sha256:{'0' * 64}",
    "recover": f"recover dev {SHOP}",
    "smoke": "smoke dev --output shop",
    "status": "status dev --output shop",
    "logs": "logs dev --output shop",
    "exec": "exec dev --output shop",
    "backup": "backup dev --output shop",
    "backups": "backups dev --output shop",
    "restore": f"restore dev {SHOP}",
    "failover": f"failover dev --to eu-west-1 {SHOP}",
    "destroy": f"destroy dev {SHOP}",
}
# They end with an error where there is no database or service to work on; the advice is then what comes next.
WORKS = set(COMMANDS) - {"smoke", "exec", "backup", "backups", "restore", "failover"}
WALK = """
import sys
from notejam_cfn.cli import main
from notejam_cfn.deploy.service import smoke_test
smoke_test.WAIT_SECONDS = smoke_test.PAUSE_SECONDS = 1
for line in sys.argv[1:]:
    print(f"\\n\\x00{line}")
    print(f"\\x00{main.main(line.split())}")
"""


def at_a_terminal(*command: str, place: Path, columns: int = 80, **environment: str) -> str:
    """Run a command at a terminal of its own, and return what stands there in the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    known = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    given = known | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | environment
    running = subprocess.Popen(command, cwd=place, env=given, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b"".join(_chunks(ours))
    running.wait()
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def _chunks(terminal_end: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(terminal_end, 65536)
        except OSError:  # how Linux says that the other end is closed
            return
        if not chunk:
            return
        yield chunk


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "notejam.toml").write_text(CONFIG)
    (tmp_path / "shop").mkdir()
    Shop(tmp_path / "shop", templates()).write()
    return tmp_path


def test_every_command_fits_80_columns_and_says_what_comes_next(place: Path, aws: Emulator) -> None:
    assert set(COMMANDS) | {"completion"} == set(main.COMMANDS), "walk the new command, too"
    walk = [sys.executable, "-c", WALK, *COMMANDS.values()]
    said = at_a_terminal(*walk, place=place, NO_COLOR="1", **aws.environment)
    assert "Traceback" not in said
    assert "\x1b[" not in said
    assert [line for line in said.split("\n") if len(line) > 80 and " " in line.strip() and line[0] != "\0"] == []
    told = dict(zip(COMMANDS, re.findall(r"\0[^\n\0]+\n([^\0]*)\n\0(\d+)", said), strict=True))
    assert {name for name, (_, status) in told.items() if status == "0"} >= WORKS
    lasts = {name: (text.strip().split("\n")[-1], status) for name, (text, status) in told.items()}
    following = {name: last for name, (last, status) in lasts.items() if status == "0"}
    assert {name: last for name, last in following.items() if "python -m notejam_cfn " not in last} == {}
    assert {name: last for name, (last, status) in lasts.items() if status != "0" and not last} == {}


def test_colours_are_for_terminals_and_for_who_wants_them(place: Path) -> None:
    stages = [sys.executable, "-m", "notejam_cfn", "stages"]
    heads = f"\x1b[{terminal.BOLD}mstage"
    assert at_a_terminal(*stages, place=place).startswith(heads)
    assert at_a_terminal(*stages, place=place, NO_COLOR="1").startswith("stage")
    assert at_a_terminal(*stages, place=place, TERM="dumb").startswith("stage")
    piped = subprocess.run(
        stages, cwd=place, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert (piped.stdout[:5], piped.stderr) == ("stage", "")


def test_a_wide_terminal_is_used_by_tables_and_prose_stays_readable(place: Path) -> None:
    said = at_a_terminal(sys.executable, "-m", "notejam_cfn", "suppressions", "--details", place=place, columns=200)
    longest = max(len(terminal.plain(line)) for line in said.split("\n"))
    assert 90 < longest <= terminal.MOST


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("  a word", ["  a word"]),
        ("  one two three", ["  one two", "    three"]),
        ("https://example.com/long", ["https://example.com/long"]),
    ],
)
def test_lines_are_folded_at_words(line: str, parts: list[str]) -> None:
    assert terminal.folded(line, 10) == parts
    assert terminal.folded(line, None) == [line]
