"""Every code block of every page runs, or a comment above it says why no test runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from notejam_cfn.local.emulator import Emulator
from tests.docs.blocks import COMMENT, PAGES, ROOT, Block, blocks_of, prose_of, text_of
from tests.docs.reader import Reader, copy_of_project

# What a page takes for granted: it is typed before the page's own blocks.
FIRST = {"backups.md": "python -m notejam_cfn deploy prod --yes"}
# Pages whose blocks are parts of files, and the test that puts them there.
FOLLOWED_BY = {"adding-a-component.md": ROOT / "tests/docs/test_adding_a_component.py"}
NOT_CODE = ("text", "mermaid")
NEEDS_AWS = re.compile(r"notejam_cfn (?:deploy|release|status|logs|destroy|recover|backup|restore|failover)")


def to_run(page: Path) -> list[Block]:
    unmarked = [block for block in blocks_of(page) if block.reason is None and block.language not in NOT_CODE]
    return [] if page.name in FOLLOWED_BY else unmarked


@pytest.fixture
def reader(request: pytest.FixtureRequest, tmp_path: Path, python: Path) -> Reader:
    """Somebody in a copy of the project, but for its code, and, where the page's commands need it, an emulated AWS."""
    page: Path = request.getfixturevalue("followed")
    needed = any(NEEDS_AWS.search(block.code) for block in to_run(page))
    aws: Emulator | None = request.getfixturevalue("aws") if needed else None
    copy = copy_of_project(tmp_path / "notejam", without=("notejam_cfn", "tests"))
    someone = Reader(copy, aws and aws.environment, python)
    if page.name in FIRST:
        someone.type_in(FIRST[page.name])
    return someone


@pytest.mark.parametrize("followed", [page for page in PAGES if to_run(page)], ids=lambda page: page.name)
def test_a_reader_can_follow_the_page(followed: Path, reader: Reader) -> None:
    for block in to_run(followed):
        reader.follow(block)


def test_pages_whose_blocks_are_parts_of_files_are_followed_by_a_test_of_their_own() -> None:
    for name, test in FOLLOWED_BY.items():
        assert name in test.read_text(encoding="utf-8")


def test_every_block_stands_at_the_margin_and_names_its_language(page: Path) -> None:
    blocks = list(blocks_of(page))
    assert len(re.findall(r"^\s*(?:```|~~~)", text_of(page), re.M)) == 2 * len(blocks)
    assert not re.search(r"\n\n(?: {4,}|\t)\S", prose_of(page)), "an indented block: give it a fence and a language"
    assert [str(block) for block in blocks if not re.fullmatch(r"[a-z]+", block.language)] == []


def test_there_is_one_way_of_marking(page: Path) -> None:
    strays = [comment for comment in COMMENT.findall(prose_of(page)) if "run" in comment]
    assert strays == [], "write `<!-- not run: the reason -->` on the line above the block"


def test_a_request_of_the_access_log_fits_the_table_of_athena() -> None:
    """The line is one as AWS documents it. Source: Elastic Load Balancing, "Access logs for your ALB"."""
    line = (
        "h2 2026-11-23T14:05:09.186641Z app/notejam/50dc6c495c0c9188 203.0.113.9:2817 10.10.0.1:8080 0.000 0.048 0.000 "
        '200 200 0 57 "GET https://notes.example.com:443/pads/1/ HTTP/2.0" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 '
        "TLSv1.3 arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/notejam/73e2d6bc24d8a067 "
        '"Root=1-58337281-1d84f3d73c47ec4e58577259" "notes.example.com" "arn:aws:acm:eu-central-1:123456789012:'
        'certificate/1234" 1 2026-11-23T14:05:08.364000Z "forward" "-" "-" "10.10.0.1:8080" "200" "-" "-"'
    )
    text = text_of(ROOT / "docs" / "logs.md")
    (pattern,) = re.findall(r"'input\.regex' = '(.*)'", text)
    (columns,) = re.findall(r"CREATE EXTERNAL TABLE access_logs \((.*?)\)\n", text, re.S)
    names = [column.split()[0] for column in columns.split(",")]
    found = re.fullmatch(pattern, line)
    assert found
    request = dict(zip(names, found.groups(), strict=True))
    assert (request["client_ip"], request["target_port"], request["elb_status_code"]) == ("203.0.113.9", "8080", "200")
    assert (request["request_verb"], request["trace_id"]) == ("GET", "Root=1-58337281-1d84f3d73c47ec4e58577259")
