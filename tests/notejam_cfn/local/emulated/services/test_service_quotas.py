"""Quotas in the emulator: there to be asked, by those who may."""

from __future__ import annotations

import json

import pytest

from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.exit_codes import NoAccess
from notejam_cfn.local.emulator import Emulator

VPCS = ("eu-central-1", "vpc", "L-F678F1CE")
TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
        ]
    }
)


def test_an_account_may_have_plenty_and_a_role_must_be_allowed_to_ask(aws: Emulator) -> None:
    assert Aws(Access(endpoint_url=aws.url, keys=aws.keys)).quota(*VPCS) > 100
    role = aws.client("iam").create_role(RoleName="nobody", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    nobody = Aws(Access(endpoint_url=aws.url, keys=aws.session(role)))
    with pytest.raises(NoAccess):
        nobody.quota(*VPCS)
    (refused,) = [one for one in aws.asked() if not one["allowed"]]
    assert refused["resource"] == "arn:aws:servicequotas:eu-central-1:123456789012:vpc/L-F678F1CE"
