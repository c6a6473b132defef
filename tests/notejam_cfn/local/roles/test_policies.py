"""IAM's evaluation of policies, by the rules that its documentation states."""

from __future__ import annotations

from typing import Any

import pytest

from notejam_cfn.local.roles.policies import Caller, Request, decide

ROLE = "arn:aws:iam::111122223333:role/deploy"
SESSION = "arn:aws:sts::111122223333:assumed-role/deploy/session"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod-x"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"
READ = "secretsmanager:GetSecretValue"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}


def role(*statements: dict[str, Any], **more: Any) -> Caller:
    return Caller(ROLE, [policy(*statements)], session_arn=SESSION, **more)


def reading(resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Action": [READ], "Resource": resource, **more}


ASKED = Request(READ, SECRET)


def test_nothing_is_allowed_by_default() -> None:
    assert not decide(role(), ASKED).allowed


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        (SECRET, True),
        ("arn:aws:secretsmanager:*:*:secret:prod-?", True),
        ("arn:aws:secretsmanager:*:*:secret:dev-*", False),
    ],
)
def test_a_resource_is_compared_with_patterns(resource: str, allowed: bool) -> None:
    assert decide(role(reading(resource)), ASKED).allowed is allowed


def test_actions_are_compared_without_regard_to_case() -> None:
    assert decide(role({"Action": "secretsmanager:getsecret*", "Resource": "*"}), ASKED).allowed


def test_not_action_and_not_resource_allow_the_rest() -> None:
    assert decide(role({"NotAction": "iam:*", "NotResource": "arn:aws:s3:::*"}), ASKED).allowed
    assert not decide(role({"NotAction": "secretsmanager:*", "Resource": "*"}), ASKED).allowed


def test_a_denial_wins_wherever_it_stands() -> None:
    denied = {"Effect": "Deny", **reading()}
    assert not decide(role(reading(), denied), ASKED).allowed
    assert not decide(role(reading(), boundary=policy(reading(), denied)), ASKED).allowed
    assert not decide(role(reading()), ASKED, policy(denied | {"Principal": "*"})).allowed


def test_a_boundary_only_takes_away() -> None:
    assert not decide(role(boundary=policy(reading())), ASKED).allowed
    assert not decide(role(reading(), boundary=policy({"Action": "s3:*", "Resource": "*"})), ASKED).allowed
    assert decide(role(reading(), boundary=policy(reading())), ASKED).allowed


def test_a_resource_policy_allows_whom_it_names() -> None:
    named = policy({"Action": READ, "Resource": "*", "Principal": {"AWS": ROLE}})
    assert decide(role(), ASKED, named).allowed
    assert not decide(Caller(f"{ROLE}-other"), ASKED, named).allowed


def test_a_boundary_limits_what_a_resource_policy_allows_a_role_but_not_its_session() -> None:
    limited = role(boundary=policy({"Action": "s3:*", "Resource": "*"}))
    assert not decide(limited, ASKED, policy({"Action": READ, "Resource": "*", "Principal": {"AWS": ROLE}})).allowed
    assert decide(limited, ASKED, policy({"Action": READ, "Resource": "*", "Principal": {"AWS": SESSION}})).allowed


def test_naming_the_account_leaves_the_decision_to_its_own_policies() -> None:
    account = policy({"Action": READ, "Resource": "*", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}})
    assert not decide(role(), ASKED, account).allowed
    assert decide(role(reading()), ASKED, account).allowed


def test_another_account_needs_both_sides() -> None:
    stranger = Caller("arn:aws:iam::999999999999:role/x", [policy(reading())])
    admitted = policy({"Action": READ, "Resource": "*", "Principal": {"AWS": "999999999999"}})
    assert not decide(stranger, ASKED).allowed
    assert decide(stranger, ASKED, admitted).allowed
    assert not decide(Caller("arn:aws:iam::999999999999:role/x"), ASKED, admitted).allowed


def test_a_bucket_of_another_account_needs_both_sides_though_its_arn_names_none() -> None:
    reader = role({"Action": "s3:GetObject", "Resource": "*"})
    assert decide(reader, Request("s3:GetObject", "arn:aws:s3:::b/k")).allowed
    assert not decide(reader, Request("s3:GetObject", "arn:aws:s3:::b/k", account="999999999999")).allowed


def test_a_key_policy_decides_first() -> None:
    user = role({"Action": "kms:Decrypt", "Resource": "*"})
    account = policy({"Action": "kms:*", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}})
    asked = Request("kms:Decrypt", KEY)
    assert not decide(user, asked).allowed
    assert decide(user, asked, account).allowed


def test_a_role_is_assumed_by_whom_it_trusts_and_nobody_else() -> None:
    wanted = "arn:aws:iam::111122223333:role/prod"
    asking = role({"Action": "sts:AssumeRole", "Resource": "*"})
    assert not decide(asking, Request("sts:AssumeRole", wanted), policy()).allowed
    trusting = policy({"Action": "sts:AssumeRole", "Principal": {"AWS": ROLE}})
    assert decide(role(), Request("sts:AssumeRole", wanted), trusting).allowed
    service = policy({"Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}})
    assert not decide(asking, Request("sts:AssumeRole", wanted), service).allowed
    assert decide(Caller("", service="ecs-tasks.amazonaws.com"), Request("sts:AssumeRole", wanted), service).allowed


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"aws:ResourceTag/stage": ["dev", "test"]}}, {"aws:resourcetag/stage": "test"}, True),
        ({"StringEquals": {"aws:ResourceTag/stage": "dev"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/stage": "dev"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/stage": "prod"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/stage": ["prod", "test"]}}, {"aws:ResourceTag/stage": "test"}, False),
        ({"Null": {"aws:ResourceTag/stage": "true"}}, {}, True),
        ({"Null": {"aws:ResourceTag/stage": True}}, {"aws:ResourceTag/stage": "x"}, False),
        ({"StringLike": {"aws:ResourceTag/stage": "?*"}}, {"aws:ResourceTag/stage": ""}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "false"}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["b", "a"]}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:1:*"}}, {"aws:SourceArn": "arn:aws:logs:x:1:log-group:g"}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:rule/x"}}, {"aws:SourceArn": "arn:aws:logs:x:1:rule/x"}, False),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, {}, True),
        ({"StringEquals": {"a": "1"}, "StringLike": {"b": "x*"}}, {"a": "1", "b": "y"}, False),
    ],
)
def test_conditions_hold_as_documented(condition: Any, context: dict[str, Any], expected: bool) -> None:
    asked = Request(READ, SECRET, context)
    assert decide(role(reading(Condition=condition)), asked).allowed is expected


def test_variables_are_the_callers_and_an_unknown_one_matches_nothing() -> None:
    own = reading("arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}-*")
    assert decide(role(own, tags={"team": "prod"}), ASKED).allowed
    assert not decide(role(own, tags={"team": "dev"}), ASKED).allowed
    assert not decide(role(own), ASKED).allowed


def test_a_service_is_allowed_by_the_resource_only() -> None:
    logs = Caller("", service="logs.eu-central-1.amazonaws.com")
    asked = Request("kms:Encrypt", KEY, {"aws:SourceAccount": "111122223333"})
    named = {"Action": "kms:Encrypt", "Resource": "*", "Principal": {"Service": logs.service}}
    assert decide(logs, asked, policy(named)).allowed
    other = named | {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}
    assert not decide(logs, asked, policy(other)).allowed


def test_a_decision_says_why() -> None:
    assert "denies it: Never" in decide(role({"Effect": "Deny", "Sid": "Never", **reading()}), ASKED).reason
    assert decide(role(), ASKED).reason == "no statement of its policies allows it"
