"""The words in which a plan says what a change means."""

from __future__ import annotations

import dataclasses
import enum


class Verdict(enum.Enum):
    """What a change means for the people who use a stage, the worst first."""

    WILL_FAIL = "will fail"
    DATA_LOST = "data lost"
    ORDER = "order"
    DOWNTIME = "downtime"
    RESTART = "restart"
    KEPT = "kept and paid for"
    IGNORED = "silently ignored"
    NOTHING = "nothing"


WORST_FIRST = list(Verdict)
REFUSED = frozenset({Verdict.WILL_FAIL, Verdict.DATA_LOST, Verdict.ORDER, Verdict.DOWNTIME})


@dataclasses.dataclass(frozen=True)
class Finding:
    """A verdict, why, and where that is said. One that is `advisory` is shown, and refused to nobody."""

    verdict: Verdict
    reason: str
    source: str = ""
    advisory: bool = False

    @property
    def refused(self) -> bool:
        """Whether it takes `--allow`."""
        return self.verdict in REFUSED and not self.advisory

    @property
    def weight(self) -> tuple[bool, int]:
        """The place among findings on the same change, the one that matters most first."""
        return not self.refused, WORST_FIRST.index(self.verdict)


NOTHING = Finding(Verdict.NOTHING, "")
