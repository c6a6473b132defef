"""Questions people ask of the logs that AWS writes, saved in CloudWatch Logs Insights with the log groups.

Those to the log of containers are the application's, which knows the fields of its lines.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from troposphere import Join, StackName, logs

from ...core.template import Template
from ...core.values import Value

CONTAINERS, POSTGRESQL, TRAFFIC, FIREWALL, EXPORTS = "containers", "postgresql", "traffic", "firewall", "exports"
PIPELINE = "pipeline"


@dataclasses.dataclass(frozen=True)
class SavedQuery:
    """A question in plain words, the log that knows the answer, and the query, a command a line."""

    title: str
    words: str
    log: str
    commands: tuple[str, ...]

    @property
    def query(self) -> str:
        """The query as Logs Insights reads it."""
        return "\n| ".join(self.commands)


QUESTIONS = (
    SavedQuery(
        "SlowSql",
        "slow SQL",
        POSTGRESQL,
        (
            'parse @message "duration: * ms  *: *" as ms, how, statement',
            "filter ispresent(ms)",
            "stats count(*) as times, max(ms) as slowest, avg(ms) as average by statement",
            "sort slowest desc",
            "limit 25",
        ),
    ),
    SavedQuery(
        "Locks",
        "who waited for a lock",
        POSTGRESQL,
        (
            "fields @timestamp, @message",
            "filter @message like /still waiting for|deadlock detected/",
            "sort @timestamp desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        "RejectedFlows",
        "rejected flows",
        TRAFFIC,
        (
            'filter action = "REJECT"',
            "stats count(*) as refused by srcAddr, dstAddr, dstPort",
            "sort refused desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        "Blocked",
        "what the firewall blocked",
        FIREWALL,
        (
            'filter action = "BLOCK"',
            "stats count(*) as blocked by terminatingRuleId, httpRequest.clientIp, httpRequest.uri",
            "sort blocked desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        "FailedExports",
        "why an export failed",
        EXPORTS,
        (
            "fields @timestamp, type, details.error, details.cause",
            'filter type like /Failed$/ or type = "ExecutionTimedOut"',
            "sort @timestamp desc",
            "limit 20",
        ),
    ),
    SavedQuery(
        "FailedActions",
        "what failed in the pipeline",
        PIPELINE,
        (
            "fields time, detail.stage, detail.action, `detail.execution-result.error-code`,"
            " `detail.execution-result.external-execution-summary`, `detail.execution-id`",
            'filter `detail-type` = "CodePipeline Action Execution State Change" and detail.state = "FAILED"',
            "sort time desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        "LeadTime",
        "how long changes took to the last stage",
        PIPELINE,
        (
            'filter `detail-type` = "CodePipeline Pipeline Execution State Change"'
            ' and detail.state in ["STARTED", "SUCCEEDED"]',
            "stats count_distinct(detail.state) as states, earliest(time) as began,"
            " earliest(`detail.execution-trigger.trigger-type`) as started_by,"
            " (max(@timestamp) - min(@timestamp)) / 60000 as minutes by `detail.execution-id`",
            "filter states = 2",
            "sort minutes desc",
            "limit 50",
        ),
    ),
)


def add_queries(
    template: Template, log_groups: Mapping[str, Value], questions: Sequence[SavedQuery] = QUESTIONS
) -> None:
    """Save the questions whose log there is. `log_groups` are names by kind, such as `containers`."""
    for question in questions:
        if question.log in log_groups:
            template.add(
                logs.QueryDefinition(
                    f"{question.title}Query",
                    Name=Join("/", [StackName, question.words]),
                    LogGroupNames=[log_groups[question.log]],
                    QueryString=question.query,
                ),
                why=f"Answers: {question.words}.",
            )
