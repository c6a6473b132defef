"""Times in AWS's answers: ISO 8601 is read quickly, and every other form as botocore reads it."""

from __future__ import annotations

import pytest
from botocore.utils import parse_timestamp

from notejam_cfn.deploy.aws import response_parsers


@pytest.mark.parametrize(
    "written",
    [
        *("2026-11-23T14:05:09.186Z", "2026-11-23T14:05:09Z", "2026-11-23T14:05:09.186+02:00"),
        *("Tue, 24 Nov 2026 10:00:00 GMT", "1795442709.5", 1795442709),
    ],
)
def test_a_time_is_the_one_that_botocore_reads(written: str | float) -> None:
    assert response_parsers.timestamp(written) == parse_timestamp(written)
