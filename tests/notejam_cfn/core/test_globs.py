"""Patterns of paths: what they match, in every language that reads the expression, and what is no pattern."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notejam_cfn.core import globs

jsonata = pytest.importorskip("jsonata", reason="the emulator brings it")

# The rules and examples of AWS's page, by pattern: paths that match, and paths that do not.
TABLE = {
    "docs/**": (["docs/a.md", "docs/images/a.png"], ["docs", "app/docs/a.md", "docsx/a"]),
    "docs/*": (["docs/a.md"], ["docs/images/a.png"]),
    "*.md": (["README.md", ".md"], ["docs/README.md", "README.mdx", "README_md"]),
    "**/*.md": (["docs/README.md", "a/b/c.md"], ["README.md", "a/b.md/c"]),
    "**": (["a", "a/b/c"], []),
    "my-file.jar": (["my-file.jar"], ["directory/my-file.jar", "my-fileXjar"]),
    "directory/my-file.jar": (["directory/my-file.jar"], ["my-file.jar"]),
    "*.*": (["a.b"], ["ab", "a/b.c"]),
    "foo.?": (["foo.a"], ["foo.ab", "foo./"]),
    "*.{java,class}": (["A.java", "A.class"], ["A.jar", "A.{java,class}"]),
    "a[0-9b].c": (["a1.c", "ab.c"], ["ac.c", "a10.c"]),
    "a[!0-9].c": (["ab.c"], ["a1.c", "a/.c"]),
    "a[*?\\]": (["a*", "a?", "a\\"], ["ab", "a[*?\\]"]),
    "a[-x]": (["a-", "ax"], ["aw"]),
    r"\*\{a,b\}": (["*{a,b}"], ["xa"]),
    "a,b": (["a,b"], ["a", "b"]),
    "(a|b)+$^": (["(a|b)+$^"], ["a", "aab"]),
    "größe/?": (["größe/ß"], ["groesse/s"]),
}


@pytest.mark.parametrize("pattern", TABLE)
def test_a_pattern_matches_what_aws_says_it_does(pattern: str) -> None:
    expression = globs.any_of([pattern])
    matching, others = TABLE[pattern]
    assert [path for path in [*matching, *others] if re.search(expression, path)] == matching


def test_commas_divide_patterns_but_not_within_braces_brackets_or_after_a_backslash() -> None:
    assert globs.split(r"docs/**,*.{md,txt},a[,]b,c\,d") == ["docs/**", "*.{md,txt}", "a[,]b", r"c\,d"]
    assert globs.split("") == []


def test_a_path_is_matched_if_any_pattern_matches() -> None:
    expression = globs.any_of(["docs/**", "*.md"])
    assert [bool(re.search(expression, path)) for path in ("docs/a/b", "a.md", "app/a.md")] == [True, True, False]


@pytest.mark.parametrize("wrong", ["a,,b", "a b", "{a", "a}", "{a,{b}}", "[a", "[]", "a\\", "[/]", "[.-0]", "[z-a]"])
def test_what_is_no_pattern_is_an_error_that_shows_it(wrong: str) -> None:
    with pytest.raises(globs.GlobError, match=r"^must have .*, got '") as caught:
        globs.any_of(globs.split(wrong))
    assert "\n" not in str(caught.value)


@given(st.text("ab/.*?[]!-{},\\($%^é"), st.text("ab/.-{},\\($%^é", min_size=1))
def test_jsonata_reads_an_expression_as_python_does(pattern: str, path: str) -> None:
    try:
        expression = globs.any_of([pattern])
    except globs.GlobError:
        return
    found = jsonata.Jsonata(f"$contains(path, /{expression}/)").evaluate({"path": path})
    assert found is bool(re.search(expression, path))


@given(st.text("ab/.*?[]!-{},\\($%^é", min_size=1))
def test_after_backslashes_a_path_is_a_pattern_for_itself_only(path: str) -> None:
    expression = globs.any_of(["".join(f"\\{character}" for character in path)])
    assert re.search(expression, path)
    assert not re.search(expression, path + "a")
