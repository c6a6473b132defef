"""Adds Service Quotas to ministack, which lacks it: an account that may have plenty of everything.

Without it, what looks at quotas before a deployment would stop at the first one, and never ask what is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..ministack import Real, around, module

TARGET = "ServiceQuotasV20190624.GetServiceQuota"
PLENTY = 1000.0


def register() -> None:
    """Change ministack in this process. Comes before what asks the caller's policies, which stands around it."""
    around(module("app"), "_dispatch_service_request", _dispatch_with_quotas)


def asked(headers: Mapping[str, str], body: bytes) -> str:
    """Return the quota that a request is about, as its ARN ends: `vpc/L-F678F1CE`; "" when it is about none."""
    if headers.get("x-amz-target") != TARGET:
        return ""
    given = json.loads(body)
    return f"{given['ServiceCode']}/{given['QuotaCode']}"


async def _dispatch_with_quotas(
    real: Real, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
) -> Any:
    name = asked(headers, body)
    if not name:
        return await real(method, path, headers, body, *rest)
    service, _, code = name.partition("/")
    quota = {"ServiceCode": service, "QuotaCode": code, "Value": PLENTY}
    return module("core.responses").json_response({"Quota": quota})
