"""Clients for the pipeline's builds: in their own account, or in a stage's by a role there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Client = Callable[[str, str], Any]
"""Makes a client for a service in a region."""
SESSION_NAME = "notejam-pipeline"


def clients(role_arn: str = "") -> Client:
    """Return what makes clients, in the role where one is named: it is taken on once, for an hour."""
    import boto3

    session: Any = boto3.session.Session(**_keys(role_arn) if role_arn else {})
    return lambda service, region: session.client(service, region_name=region)


def _keys(role_arn: str) -> dict[str, Any]:
    import boto3

    taken = boto3.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=SESSION_NAME)["Credentials"]
    return {
        "aws_access_key_id": taken["AccessKeyId"],
        "aws_secret_access_key": taken["SecretAccessKey"],
        "aws_session_token": taken["SessionToken"],
    }
