"""What the documentation says of AWS is what was tried there, and what was not seen there names who would see it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from notejam_cfn.local.on_aws import proof
from notejam_cfn.local.on_aws.trial import STEPS
from tests.docs.blocks import PAGES, ROOT, text_of

UNSEEN = re.compile(r"not (?:yet )?(?:been )?(?:seen|run|tried) on AWS|only AWS can confirm", re.IGNORECASE)
STEP = re.compile(r"step `(\w+)`")
NO_STEP = "(no step:"


def questions(text: str) -> Iterator[str]:
    """Yield each paragraph that tells of something nobody has seen on AWS, and each point where it ends in a colon."""
    parts = re.split(r"\n\n|\n(?=- )", text)
    within = False
    for part in parts:
        if part.startswith("#"):
            within = False
        elif part.startswith("- ") and within:
            yield part
        elif UNSEEN.search(part):
            within = part.rstrip().endswith(":")
            if not within:
                yield part


FOUND = [(page.name, one) for page in PAGES for one in questions(text_of(page))]


def test_questions_are_found() -> None:
    assert len(FOUND) >= 5
    assert list(questions("A.\n\nNot seen on AWS: B.\n\n## C\n\nOnly AWS can confirm:\n\n- D\n- E\n\nF")) == [
        "Not seen on AWS: B.",
        "- D",
        "- E",
    ]


@pytest.mark.parametrize(("source", "question"), FOUND, ids=lambda given: str(given)[:40])
def test_a_question_that_only_aws_answers_names_its_step(source: str, question: str) -> None:
    steps = STEP.findall(question)
    assert steps or NO_STEP in question, f"{source}: {question}"
    assert set(steps) <= set(STEPS), f"{source}: {question}"


def test_every_step_is_documented() -> None:
    page = text_of(ROOT / "docs" / "deploying.md")
    assert [name for name in STEPS if f"| `{name}` |" not in page] == []


def test_the_readme_says_what_was_proven_on_aws() -> None:
    said = proof.STATUS.search(text_of(ROOT / "README.md"))
    assert said
    assert " ".join(said[0].split()) == proof.status(ROOT / proof.FOLDER)
