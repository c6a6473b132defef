"""What AWS Lambda runs when somebody met no task: it starts one, and answers with the page that waits.

The template holds this text; nothing here imports it. CloudFront asks for the page in place of each 503, with the
number of the preview that the request was for in a header, or with none for the stage itself.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

HEADERS = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}


def answer(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request of the load balancer; the page does not depend on whether ECS could be told."""
    number = event["headers"].get("x-preview", "")
    try:
        wake(os.environ["CLUSTER"], os.environ["PREVIEW"] + number if number else service_of_stage())
    except (BotoCoreError, ClientError):
        logging.exception("not woken: %s", number or "the stage")
    return {"statusCode": 200, "headers": HEADERS, "body": os.environ["PAGE"]}


def service_of_stage() -> str:
    """Return the name of the stage's own service, or `none` until its first release."""
    held = boto3.client("ssm").get_parameter(Name=os.environ["SERVICE_PARAMETER"])
    return str(held["Parameter"]["Value"])


def wake(cluster: str, service: str) -> None:
    """Start one task of a service that is to have none. One that has tasks, and is only busy, is left alone."""
    ecs = boto3.client("ecs")
    found = ecs.describe_services(cluster=cluster, services=[service])["services"]
    if any(one["status"] == "ACTIVE" and one["desiredCount"] == 0 for one in found):
        ecs.update_service(cluster=cluster, service=service, desiredCount=1)
