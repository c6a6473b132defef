"""Asks a deployed stage whether it works.

A stage that sleeps is woken by the first request: the load balancer answers 503 until a task runs, and a paused
database takes some seconds more.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping

from ..aws.models import StackState
from ..exit_codes import Refused
from ..manifest import URL

PAGES = {"/readyz": "ready", "/signin/": "jam"}
"""What is asked, and what the answer must contain."""
WAIT_SECONDS, PAUSE_SECONDS, REQUEST_SECONDS = 600, 5, 30

Fetch = Callable[[str], tuple[int, str]]
"""Returns the status and the text of a page; status 0 when nobody answers."""


def address(states: Mapping[str, StackState | None]) -> str:
    """Return the stage's URL, an output of the stack that has one. Raises Refused when nothing is deployed."""
    for state in states.values():
        if state and URL in state.outputs:
            return state.outputs[URL].rstrip("/")
    raise Refused("the stage has no address yet", "Deploy it first")


def problems(url: str, fetch: Fetch | None = None, pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Ask every page until it answers well, and yield what is wrong with those that do not within ten minutes."""
    for page, text in PAGES.items():
        answer = (0, "")
        for _ in range(WAIT_SECONDS // PAUSE_SECONDS):
            answer = (fetch or fetched)(url + page)
            if answer[0] == 200 and text in answer[1]:
                break
            pause(PAUSE_SECONDS)
        else:
            yield f"{url}{page} answered {answer[0]} for {WAIT_SECONDS} seconds: {answer[1][:200]!r}"


def fetched(url: str) -> tuple[int, str]:
    """Fetch a page over HTTP."""
    try:
        with urllib.request.urlopen(url, timeout=REQUEST_SECONDS) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
