"""Runs in parliament's environment: reads policies, a line of JSON each, and answers each with a line of findings."""

import json
import sys
import warnings

warnings.simplefilter("ignore", UserWarning)  # of how it finds its own files

from parliament import analyze_policy_string, enhance_finding  # noqa: E402

for line in sys.stdin:
    found = map(enhance_finding, analyze_policy_string(line).findings)
    print(json.dumps([[one.severity, one.issue, f"{one.title} {one.detail}"] for one in found]))
