"""IAM's evaluation of policies: may this caller do this, and which statement says so?

    role = policies.Caller(role_arn, [document], boundary)
    asked = policies.Request("secretsmanager:GetSecretValue", secret_arn, {"aws:ResourceTag/stage": "prod"})
    decision = policies.decide(role, asked)
    assert not decision.allowed, decision.reason

Documents are policies as plain dictionaries whose intrinsic functions are resolved, as IAM holds them.
Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from .conditions import Context, holds, matches, resolved
from .conditions import listed as listed

Document = Mapping[str, Any]
ANY = "any resource"
"""A resource of which no ARN is known: what is asked must be allowed on something."""
ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who asks. `policies` are the identity's own; a boundary limits them.

    A role's session has the role's ARN as `arn` and may have its own as `session_arn`. An AWS service is a caller
    without policies, named `service`, `logs.amazonaws.com`.
    """

    arn: str
    policies: Sequence[Document] = ()
    boundary: Document | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    session_arn: str = ""
    service: str = ""

    @property
    def account(self) -> str:
        """The account that the caller belongs to; services belong to none."""
        return _account(self.arn)

    def context(self) -> dict[str, Any]:
        """Return the condition keys that say who asks."""
        known: dict[str, Any] = {f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()}
        known["aws:PrincipalIsAWSService"] = "true" if self.service else "false"
        if self.service:
            return known | {"aws:PrincipalServiceName": self.service}
        known |= {"aws:PrincipalArn": self.arn, "aws:PrincipalAccount": self.account}
        if ":user/" in self.arn:
            known["aws:username"] = self.arn.rpartition("/")[2]
        return known

    def about(self, action: str) -> tuple[list[Document], list[Document] | None]:
        """Return the statements that speak of an action: of the caller's policies, and of a boundary where it has one.

        They are looked for once, since a caller is asked for the same few actions on each of many resources.
        """
        if action not in self._about:
            own = [one for each in self.policies for one in statements(each) if _speaks_of_action(one, action)]
            limits = [one for one in statements(self.boundary) if _speaks_of_action(one, action)]
            self._about[action] = own, None if self.boundary is None else limits
        return self._about[action]

    @functools.cached_property
    def _about(self) -> dict[str, tuple[list[Document], list[Document] | None]]:
        return {}


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked: an action on a resource. `context` holds condition keys, several values as a list.

    `account` owns the resource where its ARN does not say so, as buckets' do not; the caller's when not given.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    account: str = ""


@dataclasses.dataclass(frozen=True)
class Decision:
    """Whether a request is allowed, and why."""

    allowed: bool
    reason: str


def decide(caller: Caller, request: Request, resource_policy: Document | None = None) -> Decision:
    """Decide on a request as AWS would. Service control policies are nobody's here, so they limit nothing.

    `resource_policy` is the policy of the resource itself: a bucket's, a key's, a secret's, a repository's, a topic's,
    a vault's, or the trust policy of a role that is assumed.
    """
    asked = _Asked(caller, request)
    if request.action in ALWAYS_ALLOWED:
        return Decision(True, "AWS always allows it")
    own, limits = caller.about(request.action)
    of_resource = [one for one in statements(resource_policy) if names(one, caller)]
    for place, some in (("its policies", own), ("its boundary", limits or ()), ("the resource's policy", of_resource)):
        denied = asked.first("Deny", some) if request.resource != ANY else None
        if denied:
            return Decision(False, f"a statement of {place} denies it: {_short(denied)}")
    given = asked.first("Allow", of_resource)
    if caller.service:
        return Decision(given is not None, f"{caller.service} is named" if given else "no statement names it")
    return asked.settle(own, limits, given)


@dataclasses.dataclass(frozen=True)
class _Asked:
    """A request with everything that statements are compared with."""

    caller: Caller
    request: Request

    @functools.cached_property
    def context(self) -> Context:
        return Context(self.request.context, self.caller.context())

    def first(self, effect: str, some: Iterable[Document]) -> Document | None:
        """Return the first statement of an effect that speaks of the request."""
        return next(
            (one for one in some if one["Effect"] == effect and speaks_of(one, self.request, self.context)), None
        )

    def settle(self, own: Sequence[Document], limits: Sequence[Document] | None, given: Document | None) -> Decision:
        """Put together what identity, boundary and resource allow, now that nothing denies."""
        caller = self.caller
        same_account = caller.account == (_account(self.request.resource) or self.request.account or caller.account)
        direct = same_account and given is not None and not only_delegates(given, caller)
        # A user or a session that the resource's policy names itself is not limited by a boundary.
        session = caller.session_arn or (caller.arn if ":user/" in caller.arn else "")
        if direct and given and session in _principals(given, "AWS"):
            return Decision(True, "the resource's policy names the session")
        if limits is not None and not self.first("Allow", limits):
            return Decision(False, "its boundary does not allow it")
        if direct:
            return Decision(True, "the resource's policy allows it")
        allowed = self.first("Allow", own)
        if not allowed:
            return Decision(False, "no statement of its policies allows it")
        if given is None and (not same_account or _resource_decides(self.request)):
            return Decision(False, "the resource's policy does not allow it")
        return Decision(True, f"its policies allow it: {_short(allowed)}")


def _resource_decides(request: Request) -> bool:
    """Say whether the resource's own policy must allow it, whatever identities are allowed: keys and assumed roles.

    Source: AWS KMS Developer Guide, "Key policies"; IAM User Guide, "Policies and permissions", on trust policies.
    """
    of_key = request.action.startswith("kms:") and ":key/" in request.resource
    return of_key or request.action.startswith("sts:AssumeRole")


def statements(document: Document | None) -> Iterator[Document]:
    """Yield a policy's statements."""
    found = (document or {}).get("Statement", ())
    yield from [found] if isinstance(found, Mapping) else found


def speaks_of(statement: Document, request: Request, context: Context) -> bool:
    """Say whether a statement's action, resource and conditions fit a request."""
    return (
        _speaks_of_action(statement, request.action)
        and _resource_fits(statement, request.resource, context)
        and (request.resource == ANY or holds(statement.get("Condition", {}), context))
    )


def _speaks_of_action(statement: Document, action: str) -> bool:
    without = "Action" not in statement
    return _among(tuple(listed(statement.get("NotAction" if without else "Action"))), action) != without


@functools.lru_cache(maxsize=100_000)  # a rehearsal asks for the same actions of the same statements for each resource
def _among(patterns: tuple[str, ...], action: str) -> bool:
    return any(matches(pattern.lower(), action.lower()) for pattern in patterns)


def _resource_fits(statement: Document, resource: str, context: Context) -> bool:
    """Compare resources. A policy of a repository names none: it is about the one it belongs to."""

    def among(patterns: Any) -> bool:
        if resource == ANY:
            return bool(listed(patterns))
        filled = (resolved(str(pattern), context) for pattern in listed(patterns))
        return any(one is not None and (matches(one, resource) or one == resource) for one in filled)

    if "NotResource" in statement:
        return not among(statement["NotResource"])
    return "Resource" not in statement or among(statement["Resource"])


def names(statement: Document, caller: Caller) -> bool:
    """Say whether a statement of a resource's policy has the caller as its principal."""
    if "NotPrincipal" in statement:
        return not names({"Principal": statement["NotPrincipal"]}, caller)
    if statement.get("Principal") == "*":
        return True
    if caller.service:
        return caller.service in _principals(statement, "Service")
    return any(_is(str(one), caller) for one in _principals(statement, "AWS"))


def only_delegates(statement: Document, caller: Caller) -> bool:
    """Say whether a statement names only the caller's account, which then decides by its own policies."""
    if statement.get("Principal") == "*":
        return False
    named = [str(one) for one in _principals(statement, "AWS") if _is(str(one), caller)]
    return bool(named) and all(one.endswith(":root") or one == caller.account for one in named)


def _principals(statement: Document, kind: str) -> list[Any]:
    principal = statement.get("Principal")
    return listed(principal.get(kind)) if isinstance(principal, Mapping) else []


def _is(principal: str, caller: Caller) -> bool:
    """Compare a principal of a policy, in which `*` may stand alone only, with the caller."""
    if principal in ("*", caller.arn, caller.account) or (caller.session_arn and principal == caller.session_arn):
        return True
    return principal.endswith(":root") and _account(principal) == caller.account


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[4].isdigit() else ""


def _short(statement: Document) -> str:
    return str(statement.get("Sid") or json.dumps({key: statement[key] for key in statement if key != "Effect"}))[:200]


def document(given: Any) -> Document:
    """Return a policy document as IAM has it: a dictionary, or text that may be URL-encoded."""
    return given if isinstance(given, Mapping) else _parsed(str(given))


@functools.lru_cache(maxsize=1024)
def _parsed(text: str) -> Document:
    found: Document = json.loads(text if text.lstrip().startswith("{") else unquote(text))
    return found
