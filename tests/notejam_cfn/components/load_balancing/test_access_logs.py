"""The table over the load balancer's access logs that docs/logs.md tells people to make."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[4] / "docs/logs.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("CREATE EXTERNAL TABLE")[2]
# As the load balancer writes them: an answer of a task, and one of its own because no task was there.
# Source of the fields: Elastic Load Balancing, "Access logs for your Application Load Balancer", Syntax.
ANSWERED = (
    "https 2026-11-23T14:05:09.118252Z app/notejam/50dc6c495c0c9188 203.0.113.9:40112 10.30.0.7:8080 0.000 0.012 0.000 "
    '200 200 412 5120 "GET https://notes.example.com:443/pads/7/?order=name HTTP/2.0" "Mozilla/5.0 (X11; Linux)" '
    "TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2d6bc "
    '"Root=1-58337281-1d84f3d73c47ec4e58577259" "notes.example.com" "session-reused" 1000 2026-11-23T14:05:09.106000Z '
    '"waf,forward" "-" "-" "10.30.0.7:8080" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"'
)
REFUSED = (
    "http 2026-11-23T14:05:10.000001Z app/notejam/50dc6c495c0c9188 2001:db8::9:40113 - -1 -1 -1 503 - 88 300 "
    '"GET http://notes.example.com:80/ HTTP/1.1" "-" - - - "Root=1-58337364-23a8c76965a2ef7629b185e3" "-" "-" 0 '
    '2026-11-23T14:05:10.000000Z "fixed-response" "-" "-" "-" "-" "-" "-" - "-" "-" "-"'
)


def row(line: str) -> dict[str, str]:
    """What Athena makes of a line: the serde's expression must match all of it, and its groups are the columns."""
    columns = re.findall(r"(\w+) (?:string|int|bigint|double)", TABLE.partition("PARTITIONED BY")[0])
    (expression,) = re.findall(r"'input\.regex' = '(.*)'\)", TABLE)
    matched = re.fullmatch(expression, line)
    assert matched, line
    return dict(zip(columns, matched.groups(), strict=True))


def test_an_answer_of_a_task_is_read() -> None:
    found = row(ANSWERED)
    assert (found["client_ip"], found["target_ip"], found["target_port"]) == ("203.0.113.9", "10.30.0.7", "8080")
    assert (found["elb_status_code"], found["target_status_code"]) == ("200", "200")
    assert (found["request_verb"], found["request_proto"]) == ("GET", "HTTP/2.0")
    assert found["request_url"] == "https://notes.example.com:443/pads/7/?order=name"
    assert found["trace_id"] == "Root=1-58337281-1d84f3d73c47ec4e58577259"


def test_an_answer_in_place_of_a_task_is_read() -> None:
    found = row(REFUSED)
    assert (found["client_ip"], found["target_ip"]) == ("2001:db8::9", "")
    assert (found["elb_status_code"], found["target_status_code"]) == ("503", "-")
    assert found["target_processing_time"] == "-1"
