"""Every saved query, run on sample lines by a small reading of the Logs Insights language.

Source of the language: Amazon CloudWatch Logs User Guide, "CloudWatch Logs Insights query syntax".
"""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.application import QUERIES
from notejam_cfn.components.data.database import PARAMETERS
from notejam_cfn.components.observability.queries import (
    CONTAINERS,
    EXPORTS,
    FIREWALL,
    PIPELINE,
    POSTGRESQL,
    QUESTIONS,
    TRAFFIC,
    SavedQuery,
)
from notejam_cfn.local.database.postgres import Postgres

ROOT = Path(__file__).parents[4]
SAMPLES = ROOT / "tests/app/sample-log-lines.jsonl"
Row = dict[str, Any]

TOKEN = re.compile(r'\s*(?:(/(?:[^/\\]|\\.)*/)|("[^"]*")|(>=|<=|!=|[=<>()\[\],])|`([^`]+)`|([\w@.]+))')
CALCULATION = re.compile(r"(\w+)\(([^()]*)\)")


class Condition:
    """A filter: comparisons joined by `and` and `or`, `like`, `in` and `ispresent`."""

    def __init__(self, text: str) -> None:
        self.tokens = [next(part for part in match.groups() if part) for match in TOKEN.finditer(text)]

    def holds(self, row: Row) -> bool:
        self.at = 0
        found = self._either(row)
        assert self.at == len(self.tokens), f"not understood: {self.tokens[self.at :]}"
        return found

    def _either(self, row: Row) -> bool:
        found = self._both(row)
        while self._next("or"):
            found = self._both(row) or found
        return found

    def _both(self, row: Row) -> bool:
        found = self._one(row)
        while self._next("and"):
            found = self._one(row) and found
        return found

    def _one(self, row: Row) -> bool:
        name, sign = self._take(), self._take()
        if name == "ispresent":
            present = row.get(self._take()) is not None
            assert self._take() == ")"
            return present
        value = row.get(name)
        if sign == "like":
            return bool(re.search(self._take()[1:-1], str(value)))
        if sign == "in":
            return value in self._list()
        return _compared(value, sign, _literal(self._take()))

    def _list(self) -> list[Any]:
        assert self._take() == "["
        found = []
        while not self._next("]"):
            found.append(_literal(self._take()))
            self._next(",")
        return found

    def _take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _next(self, token: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == token:
            self.at += 1
            return True
        return False


def _literal(token: str) -> Any:
    return token[1:-1] if token.startswith('"') else float(token)


def _compared(value: Any, sign: str, other: Any) -> bool:
    if value is None:
        return sign == "!="
    value = float(value) if isinstance(other, float) else str(value)
    signs: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }
    return signs[sign](value, other)


def ask(question: SavedQuery, rows: list[Row]) -> list[Row]:
    """Run a query on the rows of its log."""
    for command in question.commands:
        verb, _, rest = command.partition(" ")
        rows = {"filter": _filter, "stats": _stats, "sort": _sort, "limit": _limit, "fields": _fields, "parse": _parse}[
            verb
        ](rest, rows)
    return rows


def _filter(text: str, rows: list[Row]) -> list[Row]:
    condition = Condition(text)
    return [row for row in rows if condition.holds(row)]


def _fields(text: str, rows: list[Row]) -> list[Row]:
    return [row | {name: row.get(name) for name in _names(text)} for row in rows]


def _limit(text: str, rows: list[Row]) -> list[Row]:
    return rows[: int(text)]


def _sort(text: str, rows: list[Row]) -> list[Row]:
    name, _, order = text.partition(" ")
    return sorted(rows, key=lambda row: _number(row[name]), reverse=order == "desc")


def _parse(text: str, rows: list[Row]) -> list[Row]:
    found = re.fullmatch(r'@message "(.*)" as (.*)', text)
    assert found, text
    pattern = re.compile(re.escape(found[1]).replace(r"\*", "(.*?)") + "$", re.DOTALL)
    parsed = []
    for row in rows:
        match = pattern.search(row["@message"])
        parsed.append(row | (dict(zip(_names(found[2]), match.groups(), strict=True)) if match else {}))
    return parsed


def _stats(text: str, rows: list[Row]) -> list[Row]:
    calculated, _, by = text.partition(" by ")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_grouped(row, name) for name in _names(by)), []).append(row)
    columns = re.findall(r"(?:^|, )((?:[^,(]|\((?:[^()]|\([^()]*\))*\))+) as (\w+)", calculated)
    return [
        dict(zip(_names(by), key, strict=True)) | {name: _calculated(expression, of) for expression, name in columns}
        for key, of in groups.items()
    ]


def _calculated(expression: str, rows: list[Row]) -> Any:
    """Work out a calculation, or arithmetic with several."""
    whole = CALCULATION.fullmatch(expression)
    if whole:
        return _value(whole[1], whole[2], rows)
    numbers = CALCULATION.sub(lambda match: repr(_value(match[1], match[2], rows)), expression)
    assert re.fullmatch(r"[\d.+\-*/() ]+", numbers), numbers
    return eval(numbers)


def _grouped(row: Row, name: str) -> Any:
    return row["time"][:15] if name.startswith("bin(") else row.get(name)


def _value(kind: str, what: str, rows: list[Row]) -> Any:
    field, *more = _names(what)
    known = [row[field] for row in rows if row.get(field) is not None]
    if kind == "count":
        return len(rows)
    if kind == "pct":
        return sorted(map(float, known))[max(0, round(len(known) * float(more[0]) / 100) - 1)]
    calculations: dict[str, Callable[[list[Any]], Any]] = {
        "count_distinct": lambda values: len(set(values)),
        "earliest": lambda values: values[0] if values else None,
        "latest": lambda values: values[-1],
        "max": lambda values: max(map(float, values)),
        "min": lambda values: min(map(float, values)),
        "avg": lambda values: statistics.mean(map(float, values)),
    }
    return calculations[kind](known)


def _names(text: str) -> list[str]:
    return [name.strip(" `") for name in text.split(",") if name.strip()]


def _number(value: Any) -> Any:
    try:
        return (0, float(value))
    except (TypeError, ValueError):
        return (1, str(value))


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields Logs Insights finds in a JSON line: nested ones with a dot, true as 1."""
    for name, item in value.items():
        if isinstance(item, dict):
            yield from flat(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", int(item) if isinstance(item, bool) else item


@cache
def postgresql_lines() -> tuple[str, ...]:
    """What a real PostgreSQL logs, set as ours is and with RDS's prefix: two slow statements, a wait for a lock.

    Source of the prefix: Amazon RDS User Guide, "RDS for PostgreSQL database log files".
    """
    server = Postgres()
    try:
        ours = {name: value for name, value in PARAMETERS.items() if not name.startswith("rds.")}
        for name, value in (ours | {"log_line_prefix": "%t:%r:%u@%d:[%p]:"}).items():
            server.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        server.sql("SELECT pg_reload_conf()")
        server.sql("CREATE TABLE note (id integer)")
        for _ in range(2):
            server.sql("SELECT count(*), pg_sleep(1.01) FROM note")
        holder = threading.Thread(target=server.sql, args=["BEGIN; LOCK TABLE note; SELECT pg_sleep(1.5); COMMIT"])
        holder.start()
        time.sleep(0.2)
        server.sql("SELECT * FROM note")
        holder.join()
        return tuple((server.folder / "log").read_text(encoding="utf-8").splitlines())
    finally:
        server.remove()


def lines(log: str) -> list[Row]:
    if log == POSTGRESQL:
        return [{"@timestamp": f"{at:04}", "@message": text} for at, text in enumerate(postgresql_lines())]
    if log == CONTAINERS:
        texts = SAMPLES.read_text(encoding="utf-8").splitlines()
        return [dict(flat(json.loads(text))) | {"@message": text} for text in texts]
    return OTHER_LOGS[log]


# As the documentation of each service shows its lines, with our addresses.
OTHER_LOGS: dict[str, list[Row]] = {
    TRAFFIC: [
        {"srcAddr": "203.0.113.9", "dstAddr": "10.30.0.7", "dstPort": 22, "action": "REJECT"},
        {"srcAddr": "203.0.113.9", "dstAddr": "10.30.0.7", "dstPort": 22, "action": "REJECT"},
        {"srcAddr": "203.0.113.9", "dstAddr": "10.30.0.7", "dstPort": 443, "action": "ACCEPT"},
    ],
    FIREWALL: [
        {
            "action": "BLOCK",
            "terminatingRuleId": "RateLimit",
            "httpRequest.clientIp": "203.0.113.9",
            "httpRequest.uri": "/",
        },
        {"action": "ALLOW", "terminatingRuleId": "Default_Action", "httpRequest.clientIp": "203.0.113.9"},
    ],
    EXPORTS: [
        {"@timestamp": "1", "type": "TaskStateEntered"},
        {"@timestamp": "2", "type": "ExecutionFailed", "details.error": "ExportFailed", "details.cause": "no key"},
    ],
}
EXECUTIONS = {name: f"{name * 8}-1234-5678-abcd-12345678abcd" for name in "abc"}


def changed(
    what: str, state: str, execution: str, minute: int, result: dict[str, str] | None = None, **more: Any
) -> Row:
    """An event of the pipeline as EventBridge writes it, in the form of AWS's examples."""
    time = f"2026-11-23T14:{minute:02}:00Z"
    detail = {"pipeline": "notejam-delivery-Pipeline-1", "execution-id": EXECUTIONS[execution], "state": state, **more}
    if result:
        detail["execution-result"] = result
    if what == "Pipeline" and state == "STARTED":
        detail["execution-trigger"] = {"trigger-type": "StartPipelineExecution", "trigger-detail": "arn:aws:sts::1:x"}
    kind = f"CodePipeline {what} Execution State Change"
    event = {"detail-type": kind, "source": "aws.codepipeline", "time": time, "detail": detail}
    return dict(flat(event)) | {"@timestamp": minute * 60_000, "@message": json.dumps(event)}


SMOKE = {"stage": "prod", "action": "smoke", "type": {"owner": "AWS", "provider": "CodeBuild", "category": "Test"}}
BROKEN = {"error-code": "JobFailed", "external-execution-summary": "Build terminated with state: FAILED"}
# One that fails, one that is overtaken, and one that gets there, of which EventBridge tells twice.
OTHER_LOGS[PIPELINE] = [
    changed("Pipeline", "STARTED", "a", 0),
    changed("Action", "SUCCEEDED", "a", 1, stage="source", action="source"),
    changed("Pipeline", "STARTED", "b", 2),
    changed("Action", "FAILED", "a", 7, BROKEN, **SMOKE),
    changed("Stage", "FAILED", "a", 8, stage="prod"),
    changed("Pipeline", "FAILED", "a", 8),
    changed("Pipeline", "STARTED", "c", 9),
    changed("Pipeline", "SUPERSEDED", "b", 10),
    changed("Stage", "SUCCEEDED", "c", 30, stage="prod"),
    changed("Pipeline", "SUCCEEDED", "c", 31),
    changed("Pipeline", "SUCCEEDED", "c", 32),
]
BY_TITLE = {question.title: question for question in (*QUERIES, *QUESTIONS)}


@pytest.mark.parametrize("title", BY_TITLE)
def test_a_query_is_understood_and_asks_only_for_fields_that_its_log_has(title: str) -> None:
    question = BY_TITLE[title]
    known = {name for row in lines(question.log) for name in row}
    ask(question, lines(question.log))
    quoted = set(re.findall(r"`([^`]+)`", question.query))
    assert all(re.search(r"[^\w@.]", name) for name in quoted)
    text = re.sub(r'"[^"]*"|`[^`]*`|/[^/\n]*/', "", question.query)
    made = set(re.findall(r"\bas (\w+)", text)) | set(re.findall(r", (\w+)$", question.commands[0]))
    made |= set(re.findall(r"as \w+, (\w+),", question.query))
    words = set(re.findall(r"[@a-zA-Z][\w.]*", text)) - made
    spoken = {*("filter", "stats", "sort", "limit", "fields", "parse"), *("by", "and", "or", "as", "in", "like")}
    spoken |= {"desc", "asc"}
    functions = set(re.findall(r"(\w+)\(", text)) | {"5m"}
    rare = {"error", "stack", "mail", "applied", "logger", "throttled"}  # documented, but not on every sample
    assert (words - spoken - functions - rare | quoted) - known <= {"m"}, title


def test_errors_are_counted_by_route() -> None:
    rows = [row for row in lines(CONTAINERS) if row["message"] == "request" and row["status"] >= 500]
    found = ask(BY_TITLE["ErrorsByRoute"], lines(CONTAINERS))
    assert rows and sum(row["errors"] for row in found) == len(rows)
    assert found[0]["error"]


def test_the_slowest_request_comes_first() -> None:
    found = ask(BY_TITLE["SlowestRequests"], lines(CONTAINERS))
    durations = [row["duration_ms"] for row in found]
    assert durations == sorted(durations, reverse=True)
    assert all(row["message"] == "request" for row in found)


def test_one_request_is_found_by_its_id() -> None:
    wanted = next(row for row in lines(CONTAINERS) if row["message"] == "request")["request_id"]
    question = BY_TITLE["OneRequest"]
    commands = tuple(command.replace("PUT THE REQUEST ID HERE", wanted) for command in question.commands)
    (found,) = ask(SavedQuery("x", "x", CONTAINERS, commands), lines(CONTAINERS))
    assert found["request_id"] == wanted


def test_slow_statements_are_told_apart_from_other_lines() -> None:
    found = {row["statement"]: row for row in ask(BY_TITLE["SlowSql"], lines(POSTGRESQL))}
    slow = found["SELECT count(*), pg_sleep(1.01) FROM note"]
    assert slow["times"] == 2 and 1010 <= slow["slowest"] < 5000
    assert all(row["slowest"] >= 1000 for row in found.values())


def test_who_waits_for_a_lock_is_found() -> None:
    assert "still waiting for" in ask(BY_TITLE["Locks"], lines(POSTGRESQL))[0]["@message"]


def test_rejected_and_blocked_traffic_is_counted() -> None:
    assert ask(BY_TITLE["RejectedFlows"], lines(TRAFFIC))[0]["refused"] == 2
    assert ask(BY_TITLE["Blocked"], lines(FIREWALL))[0]["blocked"] == 1
    assert ask(BY_TITLE["FailedExports"], lines(EXPORTS))[0]["details.cause"] == "no key"


def test_what_failed_in_the_pipeline_is_named_with_its_stage_and_reason() -> None:
    (found,) = ask(BY_TITLE["FailedActions"], lines(PIPELINE))
    assert (found["detail.stage"], found["detail.action"]) == ("prod", "smoke")
    assert found["time"] == "2026-11-23T14:07:00Z"
    assert found["detail.execution-result.error-code"] == "JobFailed"


def test_how_long_a_change_took_is_told_of_those_that_got_there() -> None:
    (found,) = ask(BY_TITLE["LeadTime"], lines(PIPELINE))
    assert found["detail.execution-id"] == EXECUTIONS["c"]
    assert (found["began"], found["started_by"]) == ("2026-11-23T14:09:00Z", "StartPipelineExecution")
    assert found["minutes"] == 23
