"""What CloudFormation and the services refuse, taught to ministack: taken names, things in use, stack policies.

A replacement is made before the old resource goes, so a fixed name is still taken. A deletion fails while a resource of
any stack uses what is to go. A stack policy stops an update. What stays in its network cannot be given another one.
Sources: CloudFormation User Guide, "Update behaviors of stack resources" and "Prevent updates to stack resources";
for networks, hashicorp/terraform-provider-aws#27459.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from fnmatch import fnmatchcase
from typing import Any

from ...core.references import walk
from ...deploy.plan.account.service_linked_roles import PREFIX, ROLES
from ...deploy.plan.differences import at
from ...deploy.plan.effects.in_use import refuses_deletion, uses
from ...deploy.plan.effects.resource_facts import facts_of
from .ministack import Provisioned, Real, around, cloudformation, every_resource, here, module, stack
from .services.aurora import version_numbers

Properties = Mapping[str, Any]
Identity = tuple[str, ...]
# Services whose names are taken in every region at once.
GLOBAL = frozenset({"Budgets", "CloudFront", "CodeConnections", "IAM", "Route53", "S3"})
SUBNET, GROUP = "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"
# Identified by its association and its VPC; the subnets of the VPC with IPv6 have their blocks from it.
BLOCK = "AWS::EC2::VPCCidrBlock"
IN_NETWORK = ("AWS::RDS::DBSubnetGroup", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::RDS::DBCluster")
DUAL_STACK = "dualstack"
CLUSTER, BUCKET = "AWS::RDS::DBCluster", "AWS::S3::Bucket"
_leaving: dict[str, frozenset[str]] = {}
"""By stack that is being updated: the resources that its new template no longer has."""
_taken: dict[Identity, tuple[str, str, str, str]] = {}
"""By account, region, type and name: the resource that has the name, its region, stack, logical and physical id."""
# Types whose names are taken outside of stacks too: ministack's record of all that there are.
RECORDS = {
    "AWS::Logs::LogGroup": ("services.cloudwatch_logs", "_log_groups"),
    CLUSTER: ("services.rds", "_clusters"),
    "AWS::Backup::BackupVault": ("services.backup", "_vaults"),
}
# Types that their schema identifies by a number, though a name can be taken only once too.
NAMES = {
    "AWS::CloudFront::VpcOrigin": ("VpcOriginEndpointConfig.Name",),
    "AWS::CodeCommit::Repository": ("RepositoryName",),
}
# Names that need to differ only within what the resource belongs to, and what says that.
# Source: Application Auto Scaling API Reference, "PutScalingPolicy".
WITHIN = {"AWS::ApplicationAutoScaling::ScalingPolicy": ("ResourceId", "ScalingTargetId")}
_replacing: ContextVar[bool] = ContextVar("replacing", default=False)


def register() -> None:
    """Change ministack in this process; after `resources.register`."""
    provisioners, stacks = cloudformation("provisioners"), cloudformation("stacks")
    around(provisioners, "_replace_resource", _replace)
    for part in (provisioners, stacks):
        around(part, "_provision_resource", _refuse_taken_name)
        around(part, "_delete_resource", _refuse_what_is_used)
    around(stacks, "_update_resource", _refuse_other_network)
    around(stacks, "_update_resource", _refuse_what_policies_deny)
    around(module("services.iam")._IAM_HANDLERS, "CreateServiceLinkedRole", _name_role_as_aws_does)
    for name in ("changesets", "handlers"):
        around(cloudformation(name), "_deploy_stack_async", _refuse_denied_removals)


def _name_role_as_aws_does(real: Real, given: Any) -> Any:
    """Give a service-linked role the name that AWS gives, which ministack makes up from the service's."""
    iam, names = module("services.iam"), {service: PREFIX + name for service, name in ROLES.values()}
    name = names.get(iam._p(given, "AWSServiceName"))
    if name in iam._roles:
        return iam._error(400, "InvalidInput", f"Service role name {name} has been taken in this account.", ns="iam")
    before = set(iam._roles)
    answer = real(given)
    for made in set(iam._roles) - before if name else ():
        role = iam._roles.pop(made)
        iam._roles[name] = role | {"RoleName": name, "Arn": role["Arn"].replace(made, name)}
    return answer


def forget() -> None:
    """Forget which names are taken, when ministack forgets its resources."""
    _taken.clear()


def _replace(real: Real, *given: Any) -> Provisioned:
    token = _replacing.set(True)
    try:
        made: Provisioned = real(*given)
        return made
    finally:
        _replacing.reset(token)


def _refuse_taken_name(real: Real, name: str, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    identity = _identity(name, properties)
    if identity and _is_taken(identity, stack_name, logical_id):
        told = "|".join(identity[3:])
        raise ValueError(
            f"Resource of type '{name}' with identifier '{told}' already exists. (HandlerErrorCode: AlreadyExists)"
        )
    made: Provisioned = real(name, logical_id, properties, stack_name)
    if identity:
        _taken[identity] = (here()[1], stack_name, logical_id, made[0])
    return made


def _identity(name: str, properties: Properties) -> Identity | None:
    """Return what names a resource and where, or None when AWS gives the name."""
    facts = facts_of(name)
    values = [at(properties, path) for path in NAMES.get(name, facts.named_by if facts else ())]
    if not values or values[0] is None:
        return None
    account, region = here()
    values += [properties[key] for key in WITHIN.get(name, ()) if key in properties]
    return (account, "" if name.split("::")[1] in GLOBAL else region, name, *map(str, values))


def _is_taken(identity: Identity, stack_name: str, logical_id: str) -> bool:
    """Tell whether a name is taken. ministack makes what it cannot update anew in its place, which has it already."""
    kind, name = identity[2:4]
    if kind in RECORDS:
        service, records = RECORDS[kind]
        return name in getattr(module(service), records)
    if identity not in _taken:
        return False
    region, *holder, physical_id = _taken[identity]
    if _replacing.get() or holder != [stack_name, logical_id]:
        return True
    own = stack(stack_name).get("_resources", {}).get(logical_id, {}).get("PhysicalResourceId")
    return region != here()[1] or physical_id != own


def _refuse_what_is_used(real: Real, name: str, physical_id: str, *rest: Any) -> None:
    user = next(_users(name, physical_id), None) if refuses_deletion(name) else None
    if user:
        raise ValueError(
            f"resource {physical_id} has a dependent object: {user} (Service: {name.split('::')[1]}, "
            "Status Code: 400, Error Code: DependencyViolation)"
        )
    real(name, physical_id, *rest)
    for identity in [key for key, holder in _taken.items() if holder[3] == physical_id and key[2] == name]:
        del _taken[identity]


def _users(name: str, physical_id: str) -> Iterator[str]:
    """Yield the resources that use one, in any stack of the account. What a rollback takes back uses nothing."""
    own, _, network = physical_id.partition("|")
    wanted = {network} if name == BLOCK else {physical_id, own}
    for one, logical_id, record in every_resource():
        if "ROLLBACK_IN_PROGRESS" in one["StackStatus"] or one["StackStatus"] == "DELETE_COMPLETE":
            continue
        if logical_id in _leaving.get(one["StackName"], ()):
            continue  # it goes in the same cleanup, which CloudFormation does in order
        if name == BLOCK and "Ipv6CidrBlock" not in record["Properties"]:
            continue
        kind, properties = record["ResourceType"], record["Properties"]
        if kind.startswith((f"{GROUP}Ingress", f"{GROUP}Egress")):  # a rule goes with its own group
            properties = {key: value for key, value in properties.items() if key != "GroupId"}
        if record["PhysicalResourceId"] != physical_id and uses(name, kind) and wanted & _texts(properties):
            yield f"{logical_id} of {one['StackName']}"


def _refuse_other_network(
    real: Real, name: str, physical_id: str, old: Properties, new: Properties, *rest: Any
) -> Provisioned:
    if old != new and name in IN_NETWORK and not cloudformation("provisioners")._replacing_change(name, old, new):
        before, after = _networks(old), _networks(new)
        if before and after and not before & after:
            raise ValueError("The new Subnets are not in the same Vpc as the existing subnet group (InvalidParameter)")
    if name == BUCKET and _is_locked(old) and not _is_locked(new):
        raise ValueError("Object Lock configuration cannot be disabled on existing buckets (InvalidBucketState)")
    if name == CLUSTER and old != new:
        _refuse_older_engine(str(old.get("EngineVersion", "")), str(new.get("EngineVersion", "")))
    if name == SUBNET and old.get("Ipv6CidrBlock") and not new.get("Ipv6CidrBlock"):
        for _, logical_id, record in every_resource():
            dual = record["Properties"].get("IpAddressType") == DUAL_STACK
            if dual and physical_id in _texts(record["Properties"]):
                raise ValueError(f"InvalidCidrBlock.InUse: {logical_id} has IPv6 addresses in {physical_id}")
    updated: Provisioned = real(name, physical_id, old, new, *rest)
    return updated


def _is_locked(properties: Properties) -> bool:
    return str(properties.get("ObjectLockEnabled")).lower() == "true"


def _refuse_older_engine(old: str, new: str) -> None:
    """Source: RDS API Reference, ModifyDBCluster: a cluster is upgraded, and never downgraded."""
    before, after = version_numbers(old), version_numbers(new)
    shared = min(len(before), len(after))
    if after[:shared] < before[:shared]:
        raise ValueError(f"Cannot upgrade aurora-postgresql from {old} to {new} (InvalidParameterCombination)")


def _networks(properties: Properties) -> set[str]:
    """Return the VPCs of the subnets and security groups that properties name."""
    named = _texts(properties)
    found: set[str] = set()
    for _, _, record in every_resource():
        called = {record["PhysicalResourceId"], record.get("Attributes", {}).get("GroupId")}
        if record["ResourceType"] in (SUBNET, GROUP) and named & called:
            found.add(str(record["Properties"].get("VpcId")))
    return found


def _refuse_what_policies_deny(
    real: Real,
    name: str,
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str,
    *rest: Any,
) -> Provisioned:
    if old != new:
        replaces = cloudformation("provisioners")._replacing_change(name, old, new)
        _require_allowed(stack_name, logical_id, name, "Update:Replace" if replaces else "Update:Modify")
    updated: Provisioned = real(name, physical_id, old, new, stack_name, logical_id, *rest)
    return updated


async def _refuse_denied_removals(
    real: Real,
    name: str,
    stack_id: str,
    template: Any,
    values: Any,
    no_rollback: bool,
    tags: Any,
    *rest: Any,
    **more: Any,
) -> None:
    """Fail an update before it begins when the stack policy denies one of its removals."""
    stacks, previous = cloudformation("stacks"), more.get("previous_stack") or {}
    kept = stacks._topological_sort(template.get("Resources", {}), stacks._evaluate_conditions(template, values))
    gone = {key: one for key, one in previous.get("_resources", {}).items() if key not in kept}
    for logical_id, record in gone.items():
        try:
            _require_allowed(name, logical_id, record["ResourceType"], "Update:Delete")
        except ValueError as error:
            stacks._add_event(stack_id, name, logical_id, record["ResourceType"], "UPDATE_FAILED", str(error))
            failed = (logical_id, record["ResourceType"], record["PhysicalResourceId"], None, None, None)
            operation = stacks._failed_operation(
                *(True, previous, [], failed, logical_id, [], False, template, values, False),
                *(tags or [], previous.get("Tags") or []),
            )
            await stacks._roll_back_operation(name, stack_id, stack(name), operation)
            return
    _leaving[name] = frozenset(gone)
    try:
        await real(name, stack_id, template, values, no_rollback, tags, *rest, **more)
    finally:
        _leaving.pop(name, None)


def _require_allowed(stack_name: str, logical_id: str, kind: str, action: str) -> None:
    """Raise ValueError, worded as CloudFormation words it, when the stack's policy denies an action."""
    policy, name = stack(stack_name).get("_stack_policy"), f"LogicalResourceId/{logical_id}"
    for number, statement in enumerate(json.loads(policy)["Statement"] if policy else (), 1):
        if statement["Effect"] != "Deny":
            continue
        named = statement.get("Resource")
        fits = _matches(named, name) if named is not None else not _matches(statement["NotResource"], name)
        kinds = statement.get("Condition", {}).get("StringEquals", {}).get("ResourceType")
        if fits and _matches(statement["Action"], action) and (kinds is None or kind in kinds):
            raise ValueError(
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{name}]"
            )


def _matches(patterns: Any, text: str) -> bool:
    return any(fnmatchcase(text, each) for each in ([patterns] if isinstance(patterns, str) else patterns))


def _texts(properties: Properties) -> set[str]:
    return {item for _, item in walk(properties) if isinstance(item, str)}
