"""Makes the emulated CloudFormation work in the role it is given, and remembers what every role was asked for.

A stack that was given a role is created, changed and deleted with that role's permissions: for each resource, each
permission of its type's handlers is asked for, on the resource's ARN, and a refusal fails the resource as on AWS. A
stack without a role works with its caller's permissions, who is the account itself here.
Source: AWS CloudFormation User Guide, "CloudFormation service role".
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..emulated import schemas
from ..emulated.ministack import Properties, Provisioned, Real, around, cloudformation, first, here, module, within
from . import handlers, policies, services, usage
from .arns import Place, Resource

TAKES_ROLE = ("CreateStack", "UpdateStack", "CreateChangeSet", "DeleteStack", "RollbackStack", "ContinueUpdateRollback")


class Refused(ValueError):
    """A role lacks a permission. Worded as CloudFormation words it, with the statement that is missing."""


@dataclasses.dataclass
class Enforcement:
    """What CloudFormation knows of roles and resources, by account. It lies in the emulator's process."""

    roles: dict[tuple[str, str, str], str] = dataclasses.field(default_factory=dict)
    resources: dict[tuple[str, str, str], Resource] = dataclasses.field(default_factory=dict)
    asked: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def forget(self) -> None:
        """Forget everything, as a reset of the emulator does with its resources."""
        for known in (self.roles, self.resources, self.asked):
            known.clear()

    def take_role(self, real: Real, given: dict[str, Any]) -> Any:
        """Remember the role that a request gives a stack. Once given, CloudFormation goes on using it."""
        name, role = first(given, "StackName"), first(given, "RoleARN")
        if role:
            self.roles[*here(), name.split("/")[1] if name.startswith("arn:") else name] = role
        return real(given)

    def create(self, real: Real, kind: str, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Ask for what creating a resource takes, once its ARN is known; take it away again when that is refused."""
        physical_id, attributes = real(kind, logical_id, properties, stack)
        resource = _resource(kind, physical_id, properties, attributes, stack)
        try:
            self._require(resource, "create", stack, logical_id)
        except Refused:
            cloudformation("provisioners")._delete_resource(kind, physical_id, properties)
            raise
        self.resources[*here(), physical_id] = resource
        return physical_id, attributes

    def update(
        self,
        real: Real,
        kind: str,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack: str,
        logical_id: str,
        attributes: dict[str, Any] | None,
    ) -> Provisioned:
        """Ask for what updating a resource takes, when something of it changes."""
        known = attributes or {}
        if old != new:
            self._require(_resource(kind, physical_id, old | new, known, stack), "update", stack, logical_id)
        new_id, found = real(kind, physical_id, old, new, stack, logical_id, attributes)
        self.resources[*here(), new_id] = _resource(kind, new_id, new, known | (found or {}), stack)
        return new_id, found

    def delete(
        self, real: Real, kind: str, physical_id: str, properties: Properties, stack: str, logical_id: str
    ) -> None:
        """Ask for what deleting a resource takes."""
        known = self.resources.get((*here(), physical_id))
        resource = known or _resource(kind, physical_id, properties, {}, stack)
        self._require(resource, "delete", stack, logical_id)
        real(kind, physical_id, properties, stack, logical_id)
        self.resources.pop((*here(), physical_id), None)

    def _require(self, resource: Resource, operation: str, stack: str, logical_id: str) -> None:
        place = Place(*here())
        role_arn = self.roles.get((place.account, place.region, stack))
        if role_arn is None:
            return
        missing = self._missing(caller_of(role_arn), resource, operation, place, self._known(place))
        if missing:
            raise Refused(_refusal(role_arn, resource, operation, logical_id, missing))

    def _missing(
        self,
        caller: policies.Caller,
        resource: Resource,
        operation: str,
        place: Place,
        known: handlers.Known,
        besides: Collection[str] = (),
    ) -> list[tuple[policies.Request, policies.Decision]]:
        missing = []
        for request in handlers.requests(resource, operation, place, known):
            if request.action in besides:
                continue
            decision = self.decide(caller, request)
            if not decision.allowed:
                missing.append((request, decision))
        return missing

    def let_services_work(self) -> list[str]:
        """Ask for everything that services may come to do for the resources that are there; return what is refused.

        CloudFormation must be able to make, read, change and delete each of them in its stack's role, but for what only
        administrators do.
        """
        refused: set[str] = set()
        for place in {Place(*key[:2]) for key in self.resources}:
            with within(place.account, place.region):
                for need in services.needs(self.world(place)):
                    decision = self.decide_need(need)
                    if not decision.allowed:
                        refused.add(f"{need.who.rpartition('/')[2]} lacks {_line(need.request)} ({decision.reason})")
                refused.update(self._refused_changes(place))
        return sorted(refused)

    def _refused_changes(self, place: Place) -> Iterator[str]:
        from ...iam import placement  # with troposphere, which takes a tenth of the emulator's start

        known, caller = self._known(place), functools.cache(caller_of)
        for resource in self.world(place).resources:
            role = self.roles.get((place.account, place.region, resource.stack))
            if role is None:
                continue
            for operation in ("create", "read", "update", "delete"):
                missing = self._missing(caller(role), resource, operation, place, known, placement.WITHHELD)
                if missing:
                    yield _refusal(role, resource, operation, resource.physical_id, missing)

    def world(self, place: Place) -> services.World:
        """Return what services know of the resources that are in a place."""
        inside = [one for key, one in self.resources.items() if key[:2] == (place.account, place.region)]
        return services.World(place, inside)

    def _known(self, place: Place) -> handlers.Known:
        """Return what IAM knows of every resource in the account, by each of its ARNs."""
        tags: dict[str, Mapping[str, str]] = {}
        for one in module("services.rds")._db_cluster_snapshots.values():
            if one["TagList"]:  # RDS and AWS Backup copy them from the cluster
                tags[one["DBClusterSnapshotArn"]] = {tag["Key"]: tag["Value"] for tag in one["TagList"]}
        aliases: dict[str, list[str]] = {}
        for (account, region, _), resource in list(self.resources.items()):
            if account != place.account:
                continue
            there, found = Place(account, region), resource.tags
            if found:
                tags |= dict.fromkeys(resource.own(there), found)
            if resource.kind == "AWS::KMS::Alias":
                key = there.arn("kms:R:key/{}", str(resource.properties["TargetKeyId"]))
                aliases.setdefault(key, []).append(str(resource.properties["AliasName"]))
        return handlers.Known(tags, _Trusting(), aliases)

    def decide_need(self, need: services.Need) -> policies.Decision:
        """Decide on what a service asks for, in a role or as itself, and remember it."""
        who = caller_of(need.who) if need.who.startswith("arn:") else policies.Caller("", service=need.who)
        return self.decide(who, need.request)

    def decide(self, caller: policies.Caller, request: policies.Request) -> policies.Decision:
        """Decide on a request by all policies that are in force, and remember it, once, with the resource's policy."""
        policy_then = resource_policy(request.resource)
        decision = policies.decide(caller, request, policy_then)
        who, context = caller.arn or caller.service, dict(request.context)
        key = json.dumps([who, request.action, request.resource, context])
        if key not in self.asked:
            self.asked[key] = {
                "caller": who,
                "action": request.action,
                "resource": request.resource,
                "context": context,
                "allowed": decision.allowed,
                "resource_policy": policy_then,
            }
        return decision

    def usage(self) -> dict[str, usage.Usage]:
        """Judge the permissions of every role that is there, by its ARN."""
        callers = [caller_of(role["Arn"]) for role in list(module("services.iam")._roles._data.values())]
        return {caller.arn: usage.judge(caller, self.asked.values()) for caller in callers}


def _resource(
    kind: str, physical_id: str, properties: Mapping[str, Any], attributes: Mapping[str, Any], stack: str
) -> Resource:
    found = schemas.resource_type(kind)
    return Resource(kind, physical_id, properties, attributes, found.identifiers if found else (), stack)


ENFORCEMENT = Enforcement()


def register() -> None:
    """Change ministack in this process. Comes after the emulated resources have registered."""
    stacks = cloudformation("stacks")
    around(stacks, "_provision_resource", ENFORCEMENT.create)
    around(stacks, "_update_resource", ENFORCEMENT.update)
    around(stacks, "_delete_resource", ENFORCEMENT.delete)
    for action in TAKES_ROLE:
        around(cloudformation("handlers")._ACTION_HANDLERS, action, ENFORCEMENT.take_role)


class _Trusting(dict[str, list[str]]):
    """The services that a role trusts, by its ARN, looked up in IAM when asked."""

    def get(self, arn: str, default: Any = None) -> Any:
        role = _role(arn)
        trust = policies.document(role["AssumeRolePolicyDocument"]) if role else {}
        services = [
            str(service)
            for statement in policies.statements(trust)
            if isinstance(statement.get("Principal"), Mapping)
            for service in policies.listed(statement["Principal"].get("Service"))
        ]
        return services or default


def caller_of(role_arn: str, session_arn: str = "") -> policies.Caller:
    """Return a role of the emulated IAM as a caller, in a session. Raises `Refused` when there is none."""
    role = _role(role_arn)
    if role is None:
        raise Refused(f"Role {role_arn} is invalid or cannot be assumed")
    attached = [managed(arn) for arn in role.get("AttachedPolicies", ())]
    inline = [policies.document(one) for one in (role.get("InlinePolicies") or {}).values()]
    boundary = role.get("PermissionsBoundary")
    own = [*inline, *(one for one in attached if one)]
    return _caller(json.dumps([role_arn, own, managed(boundary) if boundary else None]), session_arn)


@functools.lru_cache(maxsize=256)
def _caller(described: str, session_arn: str) -> policies.Caller:
    """Return the same caller until its policies change: it remembers which of their statements speak of an action."""
    role_arn, own, boundary = json.loads(described)
    return policies.Caller(role_arn, own, boundary, session_arn=session_arn)


def _role(arn: str) -> dict[str, Any] | None:
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    found: dict[str, Any] | None = module("services.iam")._roles.get_scoped(account, None, name)
    return found


def managed(arn: str) -> policies.Document | None:
    """Return the document of a managed policy that is in force, or None where there is none of that ARN."""
    found = module("core.iam_evaluator")._resolve_managed_policy_document(arn, arn.split(":")[4])
    return policies.document(found) if found else None


def resource_policy(arn: str) -> policies.Document | None:
    """Return a resource's policy in the emulator: of a bucket, key, secret, topic, repository, or a role's trust."""
    if not arn.startswith("arn:"):
        return None
    if ":role/" in arn:
        role = _role(arn)
        return policies.document(role["AssumeRolePolicyDocument"]) if role else None
    if arn.startswith("arn:aws:s3:"):
        arn = arn.partition("/")[0]  # an object has its bucket's
    found = module("core.iam_evaluator")._resource_policy(arn.split(":")[2], arn)
    policy = found[0] if found else None
    return policies.document(policy) if policy else None


def _refusal(
    role_arn: str,
    resource: Resource,
    operation: str,
    logical_id: str,
    missing: list[tuple[policies.Request, policies.Decision]],
) -> str:
    role = role_arn.rpartition("/")[2]
    lines = [f"{_line(request)} ({decision.reason})" for request, decision in missing]
    return f"Access denied: {role} may not {operation} {logical_id} ({resource.kind}); it lacks {'; '.join(lines)}"


def _line(request: policies.Request) -> str:
    return f"{request.action} on {request.resource} {json.dumps(dict(request.context))}"
