"""Whom a stage tells, and of what."""

from __future__ import annotations

import dataclasses

from ..fields import Settings, choice, flag, number, text, whole
from .common import ADDRESS_PATTERN


@dataclasses.dataclass(frozen=True)
class MonitoringSettings(Settings):
    """Who is told, about what, and where it says what to do."""

    email: str = text("", ADDRESS_PATTERN, "an e-mail address", "who is told of alarms")
    runbook_url: str = text(
        "", r"[!-~]{1,200}", "an address or a path", "the page that alarms link to, a section for each; empty: none"
    )
    level: str = choice("full", ("essential", "full"), "essential watches errors, backups and cost only")
    dashboard: bool = flag(True, "a dashboard; an account has three for nothing")
    metrics_namespace: str = text(
        "Application",
        r"[A-Za-z0-9_./#-]{1,64}",
        "letters, digits and _ . / # -",
        "of the metrics the application emits",
    )
    errors_in_5_minutes: int = whole(10, 1, 1_000_000, "answers with an error (5xx) that are too many")
    slow_seconds: float = number(2, 0.5, 60, "seconds that 99 of 100 requests should stay below")
    monthly_budget_usd: int = whole(0, 0, 1_000_000, "dollars a month for the stage, told at 80 %; 0 for none")
