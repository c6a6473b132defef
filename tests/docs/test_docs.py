"""The documentation: what it names exists, what it shows can be typed, and what can be typed is in it."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.docs.blocks import INLINE, PAGES, ROOT, blocks_of, prose_of, text_of

Commands = dict[str, argparse.ArgumentParser]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
SCRIPT = re.compile(r"\b((?:scripts|tools|benchmarks)/\w+\.py)")
FILE = re.compile(
    r"(?<![\w/.-])((?:app|benchmarks|delivery|docs|notejam_cfn|output|scripts|tests|tools)/[\w./-]*[\w/])"
)
ADDRESS = re.compile(r"https?://\S+")
PLACEHOLDER = re.compile(r"\b[A-Z]{2,}\b")
# By whoever follows adding-a-component.md, and by a configuration with stages in other accounts.
MADE_BY_THE_READER = {
    "notejam_cfn/components/queue.py",
    "notejam_cfn/config/settings/queue.py",
    "tests/notejam_cfn/test_queue.py",
    "output/delivery.parameters.json",
}
BETWEEN = "&|;\n"
COMMAND = re.compile(r"(?:-m notejam_cfn|notejam-cfn) ([a-z][a-z-]*)")
# `python -m pytest -n 3` and what pip takes are not ours to document.
OTHERS = ("pytest", "pip", "venv")


def commands_of(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command that a page shows, in a block (marked or not) or within a sentence."""
    shown = [block.code for block in blocks_of(page) if block.language == "sh"]
    inline = [code for code in INLINE.findall(prose_of(page)) if SCRIPT.search(code) or COMMAND.search(code)]
    for code in (*shown, *inline):
        words = shlex.shlex(code.replace("\\\n", " "), posix=True, punctuation_chars=BETWEEN)
        words.whitespace_split, words.whitespace = True, " \t"
        yield from _commands(list(words))


def _commands(words: list[str]) -> Iterator[list[str]]:
    """Divide a line's words where one command ends and the next begins."""
    start = 0
    for index, word in enumerate([*words, ";"]):
        if set(word) <= set(BETWEEN):
            yield words[start:index]
            start = index + 1


def anchors(page: Path) -> set[str]:
    """Return the anchors GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_and_pictures_resolve(page: Path) -> None:
    for target in LINK.findall(prose_of(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or file.suffix != ".md" or anchor in anchors(file), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in LINK.findall(text_of(ROOT / "README.md"))}
    assert {page.name for page in PAGES if page.resolve() not in linked} == {"README.md"}


def test_commands_that_a_page_names_exist(page: Path, commands: Commands) -> None:
    for name in COMMAND.findall(text_of(page)):
        assert name in commands, name
    for script in SCRIPT.findall(text_of(page)):
        assert (ROOT / script).exists(), script


def test_files_that_a_page_names_exist(page: Path) -> None:
    named = {path for path in FILE.findall(ADDRESS.sub("", text_of(page))) if not PLACEHOLDER.search(path)}
    assert [path for path in sorted(named - MADE_BY_THE_READER) if not (ROOT / path).exists()] == []


def test_commands_can_be_typed(page: Path, commands: Commands, help_of: Callable[[str], str]) -> None:
    for words in commands_of(page):
        line = " ".join(words)
        script, command = SCRIPT.search(line), COMMAND.search(line)
        options = [word.partition("=")[0] for word in words if OPTION.fullmatch(word.partition("=")[0])]
        if script and options and not any(other in line for other in OTHERS):
            assert set(options) <= set(OPTION.findall(help_of(script[1]))), line
        if command:
            assert set(options) <= set(commands[command[1]]._option_string_actions), line


def excerpt(shown: Any, real: Any) -> bool:
    """Tell whether what is shown is a part of the real thing; `…` at the end of a text stands for the rest of it."""
    if isinstance(shown, dict):
        return all(key in real and excerpt(value, real[key]) for key, value in shown.items())
    if isinstance(shown, list):
        return all(any(excerpt(value, item) for item in real) for value in shown)
    if isinstance(shown, str) and shown.endswith("…"):
        return str(real).startswith(shown.removesuffix("…"))
    return bool(shown == real)


def test_the_manifest_that_is_shown_is_a_part_of_the_real_one() -> None:
    (block,) = (block for block in blocks_of(ROOT / "docs" / "building.md") if block.language == "json")
    shown, real = json.loads(block.code), json.loads((ROOT / "output" / "manifest.json").read_text(encoding="utf-8"))
    assert excerpt(shown, real)
    assert shown.keys() == real.keys()
    assert shown["stages"]["dev"].keys() == real["stages"]["dev"].keys()
    assert shown["stacks"][0].keys() == real["stacks"][0].keys()


PROGRAMS = sorted(
    f"{folder}/{path.name}"
    for folder in ("tools", "benchmarks")
    for path in (ROOT / folder).glob("*.py")
    if "__main__" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_explains_itself_and_does_nothing_when_asked_to(
    program: str, help_of: Callable[[str], str]
) -> None:
    assert help_of(program).startswith(f"usage: {Path(program).name}")


STAGES = ["dev", "test", "prod", "delivery"]


def priced(*options: str) -> dict[str, list[float]]:
    """Return what `cost` says of each stage of the committed configuration under each load."""
    from notejam_cfn.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main.main(["cost", "--json", "--config", str(ROOT / "notejam.toml"), *options])
    stages = json.loads(printed.getvalue())["stages"]
    return {name: [load["usd"] for load in loads.values()] for name, loads in stages.items()}


def dollars_in_row(page: Path, stage: str) -> list[float]:
    (row,) = re.findall(rf"^\| {stage}\b.*$", text_of(page), re.M)
    return [float(number.replace(",", "")) for number in re.findall(r"\$([\d,.]+)", row)]


@pytest.fixture(scope="module")
def at_the_bar() -> dict[str, list[float]]:
    return priced("--region", "us-east-1")


@pytest.fixture(scope="module")
def where_they_are() -> dict[str, list[float]]:
    return priced()


@pytest.mark.parametrize("stage", STAGES)
def test_the_page_about_cost_says_what_the_command_says(
    stage: str, at_the_bar: dict[str, list[float]], where_they_are: dict[str, list[float]]
) -> None:
    assert dollars_in_row(ROOT / "docs" / "cost.md", stage) == at_the_bar[stage] + where_they_are[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_the_readme_says_the_same_in_whole_dollars(stage: str, at_the_bar: dict[str, list[float]]) -> None:
    assert dollars_in_row(ROOT / "README.md", stage) == [round(usd) for usd in at_the_bar[stage]]


def test_the_readme_says_what_a_development_stage_costs_where_it_is(where_they_are: dict[str, list[float]]) -> None:
    idle, typical, _ = where_they_are["dev"]
    assert f"the same stage costs ${idle:.0f} idle and ${typical:.0f} in a typical month" in text_of(ROOT / "README.md")


def test_the_page_about_cost_names_the_regions_that_have_prices() -> None:
    from notejam_cfn.reports.cost import regions

    page = " ".join(text_of(ROOT / "docs" / "cost.md").split())
    assert f"regions: {', '.join(regions()[:-1])} and {regions()[-1]}." in page


def test_what_an_idle_development_stage_is_made_of_makes_its_sum(at_the_bar: dict[str, list[float]]) -> None:
    page = text_of(ROOT / "docs" / "cost.md")
    (section,) = re.findall(r"^## Why idle development costs \$([\d.]+)\n(.*?)^##", page, re.M | re.S)
    parts = [float(usd) for usd in re.findall(r"^\| [^|]+ \| \$([\d.]+) \|", section[1], re.M)]
    assert float(section[0]) == at_the_bar["dev"][0] == pytest.approx(sum(parts), abs=0.005)
