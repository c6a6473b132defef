"""Which permissions something used, and which removals would be noticed."""

from __future__ import annotations

from typing import Any

from notejam_cfn.local.roles import usage
from notejam_cfn.local.roles.policies import Caller

ROLE = "arn:aws:iam::111122223333:role/worker"


def worker(*actions: Any) -> Caller:
    statements = [{"Effect": "Allow", "Action": one, "Resource": "*"} for one in actions]
    return Caller(ROLE, [{"Statement": statements}])


def asked(action: str, allowed: bool = True, caller: str = ROLE) -> dict[str, Any]:
    entry = {"caller": caller, "action": action, "resource": "arn:aws:s3:::b/k", "context": {}, "allowed": allowed}
    return entry | {"resource_policy": None}


def unnoticed(role: Caller, *entries: dict[str, Any]) -> list[str]:
    return [permission.action for permission in usage.judge(role, entries).unnoticed]


def test_a_permission_that_was_used_is_missed_when_it_goes() -> None:
    role = worker(["s3:GetObject", "s3:PutObject"], "s3:List*")
    assert unnoticed(role, asked("s3:GetObject"), asked("s3:ListBucket")) == ["s3:PutObject"]


def test_a_permission_that_another_statement_repeats_is_not_missed() -> None:
    role = worker("s3:GetObject", "s3:Get*")
    assert unnoticed(role, asked("s3:GetObject")) == ["s3:GetObject", "s3:Get*"]
    assert usage.judge(role, [asked("s3:GetObject")]).unused == ()


def test_a_permission_that_nothing_used_is_listed_with_its_role_and_resource() -> None:
    found = usage.judge(worker(["s3:GetObject", "s3:PutObject"]), [asked("s3:GetObject")])
    assert found.permissions == 2
    assert [str(one) for one in found.unused] == ["worker: s3:PutObject on *"]


def test_what_the_resources_own_policy_allows_needs_no_permission() -> None:
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "s3:*", "Resource": "*"}]}
    entry = asked("s3:GetObject") | {"resource_policy": policy, "resource": "arn:aws:s3:::b/k"}
    found = usage.judge(worker("s3:GetObject"), [entry])
    assert (len(found.unused), len(found.unnoticed)) == (0, 1)


def test_what_others_asked_for_or_was_refused_counts_for_nothing() -> None:
    role = worker("s3:GetObject")
    other = "arn:aws:iam::111122223333:role/other"
    assert unnoticed(role, asked("s3:GetObject", caller=other), asked("s3:GetObject", allowed=False)) == [
        "s3:GetObject"
    ]
