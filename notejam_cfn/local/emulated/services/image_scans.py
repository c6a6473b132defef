"""Teaches ministack to scan images: the scan of one that was pushed is over at once, with nothing found.

What ECR would find in an image only its own database knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..ministack import Real, around, module

ACTION = "DescribeImageScanFindings"


def register() -> None:
    """Change ministack in this process."""
    around(module("services.ecr"), "handle_request", _handle_with_scans)


async def _handle_with_scans(
    real: Real, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
) -> Any:
    if not headers.get("x-amz-target", "").endswith(f".{ACTION}"):
        return await real(method, path, headers, body, query)
    ecr, asked = module("services.ecr"), json.loads(body)
    name = asked["repositoryName"]
    found = ecr._find_image(name, asked["imageId"]) if name in ecr._repositories else None
    if found is None:
        return ecr.error_response_json("ImageNotFoundException", f"{name} has no such image", 400)
    scanned = {
        "repositoryName": name,
        "imageId": {"imageDigest": found["imageDigest"]},
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {"findingSeverityCounts": {}, "findings": []},
    }
    return ecr.json_response(scanned)
