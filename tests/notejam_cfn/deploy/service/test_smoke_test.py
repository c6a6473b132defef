"""Asking a stage whether it works: it is waited for, and what is wrong is said in a line."""

from __future__ import annotations

import pytest

from notejam_cfn.deploy.exit_codes import Refused
from notejam_cfn.deploy.service import smoke_test


def test_a_sleeping_stage_is_woken() -> None:
    answers = iter([(503, ""), (503, ""), (0, "refused"), (200, "ready\n"), (200, "notejam")])
    pauses: list[float] = []
    assert list(smoke_test.problems("http://x", lambda url: next(answers), pauses.append)) == []
    assert len(pauses) == 3


def test_a_stage_that_stays_down_is_said_to_be() -> None:
    wrong = list(smoke_test.problems("http://x", lambda url: (500, "no"), lambda seconds: None))
    assert wrong[0] == "http://x/readyz answered 500 for 600 seconds: 'no'"
    assert len(wrong) == len(smoke_test.PAGES)


def test_a_stage_without_an_address_is_refused() -> None:
    with pytest.raises(Refused, match="no address yet"):
        smoke_test.address({"notejam-dev-service": None})
