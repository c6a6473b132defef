"""An AWS of canned answers, for what an emulator cannot be brought to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notejam_cfn.deploy.aws.client import Access, Aws


class CannedAws(Aws):
    """Answers requests from a table of methods; each answer is a value or a function of what was given."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(Access())
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, service: str, region: str, method: str, /, **given: Any) -> Any:
        """Answer from the table."""
        self.asked.append((method, given))
        answer = self.answers[method]
        return answer(**given) if callable(answer) else answer

    def pages(self, service: str, region: str, method: str, /, **given: Any) -> Iterator[Any]:
        """Answer with one page."""
        yield self.call(service, region, method, **given)
