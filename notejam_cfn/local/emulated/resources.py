"""Teaches ministack the resource types it lacks, and to judge every resource by CloudFormation's own schema.

A stand-in exists in its stack only: it is judged, it has an identifier and attributes, its change replaces it where the
schema says so, and no service knows of it. ministack's own types are judged by the schema too, and given the attributes
that they lack, so that `Fn::GetAtt` works wherever AWS offers it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from . import leftovers, schemas, stack_events
from .faults import FAULTS
from .leftovers import LEFTOVERS
from .services import aurora

ALARM, CLUSTER, LOG_GROUP = "AWS::CloudWatch::Alarm", "AWS::RDS::DBCluster", "AWS::Logs::LogGroup"
Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]
# Where Ref returns something else than the parts of the identifier joined.
# Source: AWS CloudFormation Template Reference, "Return values" of each type.
REFERENCE = {
    "AWS::EC2::EIP": "PublicIp",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ApplicationAutoScaling::ScalableTarget": "Id",
    "AWS::IAM::ManagedPolicy": "PolicyArn",
}
# How AWS begins the identifiers of these.
PREFIXES = {
    "AWS::EC2::NatGateway": "nat-",
    "AWS::EC2::EgressOnlyInternetGateway": "eigw-",
    "AWS::EC2::FlowLog": "fl-",
    "AWS::EC2::VPCCidrBlock": "vpc-cidr-assoc-",
    "AWS::EC2::SecurityGroupIngress": "sgr-",
    "AWS::EC2::SecurityGroupEgress": "sgr-",
}
# The parts of a container definition that ministack hands through without changing their capital letters.
HANDED_THROUGH = ("Secrets", "DependsOn", "HealthCheck", "LinuxParameters", "Ulimits", "ResourceRequirements")
# From the block reserved for documentation, RFC 3849; a VPC gets a /56.
IPV6_BLOCK = "2001:db8:1234:1a00::/56"


def register() -> None:
    """Change ministack in this process: its table of types and the three functions that every resource goes through."""
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    stacks: Any = importlib.import_module("ministack.services.cloudformation.stacks")
    _add_missing_types(provisioners)
    aurora.register(provisioners)
    leftovers.register(provisioners, stacks)
    _stand_in_for_metric_math(provisioners)
    _name_log_groups_as_cloudformation_does(provisioners)
    _learn_replacements(provisioners)
    stacks._provision_resource = _judged_creation(stacks._provision_resource)
    stacks._update_resource = _judged_update(stacks._update_resource)
    stacks._delete_resource = _watched_deletion(stacks._delete_resource)
    stacks._add_event = stack_events.describing(stacks._add_event)
    told = stack_events.Told(stacks._add_event)
    stacks._add_event = told.add
    stacks._provision_resource = told.before_creation(stacks._provision_resource)
    stacks._update_resource = told.before_update(stacks._update_resource)
    _find_load_balancers_of_every_account(importlib.import_module("ministack.services.alb"))
    _read_outputs_of_other_regions(importlib.import_module("ministack.services.cloudformation.engine"))
    _name_what_builds_made(importlib.import_module("ministack.services.codebuild"))
    blocking = stacks._runs_on_worker_thread
    # A slow resource must not stop the emulator from answering.
    stacks._runs_on_worker_thread = lambda name: FAULTS.seconds_per_resource > 0 or blocking(name)


def _read_outputs_of_other_regions(engine: Any) -> None:
    """Let `Fn::GetStackOutput` look where its `Region` says; ministack only looks in the region of the reader."""
    resolve, scopes = engine._resolve_refs, importlib.import_module("ministack.core.responses")

    def resolved(value: Any, *known: Any, **more: Any) -> Any:
        asked = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
        if not (isinstance(asked, dict) and asked.get("Region")):
            return resolve(value, *known, **more)
        with scopes.request_scope(scopes.get_account_id(), asked["Region"]):
            return resolve(value, *known, **more)

    engine._resolve_refs = resolved


def _name_what_builds_made(codebuild: Any) -> None:
    """Let a build that knows a repository say which image it pushed there, as delivery/image.yml does; none is made."""
    real = codebuild._make_build_record

    def record(project: Any, build_id: str, *rest: Any) -> dict[str, Any]:
        made: dict[str, Any] = real(project, build_id, *rest)
        told = {given["name"]: given["value"] for given in made["environment"].get("environmentVariables", ())}
        if "REPOSITORY_URI" in told:
            image = f"{told['REPOSITORY_URI']}@sha256:{hashlib.sha256(build_id.encode()).hexdigest()}"
            made["exportedEnvironmentVariables"] = [{"name": "IMAGE_URI", "value": image}]
        return made

    codebuild._make_build_record = record


def _add_missing_types(provisioners: Any) -> None:
    for name in schemas.resource_types():
        if name not in provisioners._RESOURCE_HANDLERS and not name.startswith("AWS::CloudFormation::"):
            provisioners._RESOURCE_HANDLERS[name] = {
                "create": _creation(name),
                "update": _update,
                "delete": _deletion(name),
            }


def _stand_in_for_metric_math(provisioners: Any) -> None:
    """Take alarms over several metrics, which ministack refuses, as stand-ins; the others stay its own."""
    own = provisioners._RESOURCE_HANDLERS[ALARM]
    create = _creation(ALARM)

    def create_either(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        either: Any = create if "Metrics" in properties else own["create"]
        provisioned: Provisioned = either(logical_id, properties, stack_name)
        return provisioned

    def update_either(physical_id: str, old: Properties, new: Properties, stack_name: str, *rest: Any) -> Provisioned:
        if "Metrics" in new:
            return _update(physical_id, old, new, stack_name)
        provisioned: Provisioned = own["update"](physical_id, old, new, stack_name, *rest)
        return provisioned

    provisioners._RESOURCE_HANDLERS[ALARM] = own | {"create": create_either, "update": update_either}


def _name_log_groups_as_cloudformation_does(provisioners: Any) -> None:
    """Give a log group without a name one that begins with its stack's, which permissions by name rely on."""
    own = provisioners._RESOURCE_HANDLERS[LOG_GROUP]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        generated = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}"
        provisioned: Provisioned = own["create"](logical_id, {"LogGroupName": generated} | properties, stack_name)
        return provisioned

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Provisioned:
        named = {"LogGroupName": physical_id}
        provisioned: Provisioned = own["update"](physical_id, named | old, named | new, *rest)
        return provisioned

    provisioners._RESOURCE_HANDLERS[LOG_GROUP] = own | {"create": create, "update": update}


def _learn_replacements(provisioners: Any) -> None:
    """Fill the tables of what replaces a resource from the schemas, where ministack has no entry of its own."""
    provisioners._REPLACING_PROPERTIES = _FromSchemas(provisioners._REPLACING_PROPERTIES, "replacing")
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES = _FromSchemas(
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES, "conditionally_replacing"
    )


class _FromSchemas(dict[str, tuple[str, ...]]):
    """A table by resource type that looks a missing one up in its schema."""

    def __init__(self, known: dict[str, tuple[str, ...]], attribute: str) -> None:
        super().__init__(known)
        self.attribute = attribute

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            return self[name]
        kind = schemas.resource_type(name)
        return getattr(kind, self.attribute) if kind else default


def _find_load_balancers_of_every_account(alb: Any) -> None:
    """Let visitors, who have no credentials, reach a load balancer wherever it is: its name says which it is."""
    caller = importlib.import_module("ministack.core.responses")

    def find(host: str) -> Any:
        for balancer in alb._lbs.all_values():
            if balancer["DNSName"].lower() == host.partition(":")[0].lower():
                region, account = balancer["LoadBalancerArn"].split(":")[3:5]
                caller.set_request_account_id(account)
                caller.set_request_region(region)
                return balancer
        return None

    alb.find_lb_for_host = find


def _creation(name: str) -> Callable[[str, Properties, str], Provisioned]:
    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        attributes = invented_attributes(name, logical_id, properties)
        physical_id = reference(name, logical_id, stack_name, properties, attributes)
        LEFTOVERS.take(name, properties, physical_id)
        return physical_id, attributes

    return create


def _update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    """Update a stand-in: what the service has set, an id or an ARN, stays."""
    return physical_id, {}


def _deletion(name: str) -> Callable[[str, Properties], None]:
    def delete(physical_id: str, properties: Properties) -> None:
        """Delete a stand-in, which exists nowhere but in its stack."""
        LEFTOVERS.release(name, properties, physical_id)

    return delete


def _judged_creation(real: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    def create(name: str, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        FAULTS.strike("create", logical_id)
        judge(name, logical_id, properties)
        leftovers.draw_name(importlib.import_module("ministack.services.cloudformation.provisioners"))
        physical_id, attributes = real(name, logical_id, as_ministack_takes(name, properties), stack_name)
        return physical_id, completed(name, logical_id, properties, attributes)

    return create


def _judged_update(real: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    def update(
        name: str,
        physical_id: str,
        old: Properties,
        new: Properties,
        stack_name: str,
        logical_id: str | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> Provisioned:
        if old != new:
            FAULTS.strike("update", logical_id or physical_id)
            judge(name, logical_id or physical_id, new)
        both = as_ministack_takes(name, old), as_ministack_takes(name, new)
        new_id, found = real(name, physical_id, *both, stack_name, logical_id, attributes)
        kept = dict(attributes or {}) if new_id == physical_id else {}
        return new_id, completed(name, logical_id or physical_id, new, kept | (found or {}))

    return update


def _watched_deletion(real: Callable[..., None]) -> Callable[..., None]:
    def delete(name: str, physical_id: str, properties: Properties, stack: Any = None, logical_id: Any = None) -> None:
        FAULTS.strike("delete", logical_id or physical_id)
        real(name, physical_id, properties, stack, logical_id)
        LEFTOVERS.deleted(name, physical_id, properties, stack)

    return delete


def as_ministack_takes(name: str, properties: Properties) -> Properties:
    """Return properties as ministack understands them: what it hands through of a container must be as in ECS's API."""
    if name != "AWS::ECS::TaskDefinition":
        return properties
    containers = [
        {key: _as_in_api(value) if key in HANDED_THROUGH else value for key, value in container.items()}
        for container in properties.get("ContainerDefinitions", ())
    ]
    return properties | {"ContainerDefinitions": containers}


def _as_in_api(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_in_api(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _as_in_api(item) for key, item in value.items()}
    return value


def judge(name: str, logical_id: str, properties: Properties) -> None:
    """Raise ValueError, worded as CloudFormation words it, when the schema of a type refuses the properties."""
    kind = schemas.resource_type(name)
    problems = kind.problems(properties) if kind else []
    if problems:
        raise ValueError(f"Properties validation failed for resource {logical_id} with message: {'; '.join(problems)}")


def completed(name: str, logical_id: str, properties: Properties, attributes: dict[str, Any]) -> dict[str, Any]:
    """Add the attributes that AWS offers and ministack does not. What it does offer stays as it is."""
    missing = {
        key: value
        for key, value in invented_attributes(name, logical_id, properties).items()
        if key not in attributes and f"{key}." not in "".join(attributes)
    }
    attributes = missing | attributes
    if name == CLUSTER and properties.get("ManageMasterUserPassword"):
        attributes["MasterUserSecret.SecretArn"] = _managed_secret(properties, attributes)
    return attributes


def _managed_secret(properties: Properties, attributes: dict[str, Any]) -> str:
    """Make the secret in which RDS keeps a cluster's password, once for each cluster."""
    rds = importlib.import_module("ministack.services.rds")
    secretsmanager = importlib.import_module("ministack.services.secretsmanager")
    identifier = attributes["DBClusterArn"].rpartition(":")[2]
    cluster: dict[str, Any] = rds._clusters[identifier]
    if not cluster.get("MasterUserSecret"):
        user = properties.get("MasterUsername", "restored")
        arn = secretsmanager.create_secret_in_process(
            f"rds!cluster-{uuid.uuid4()}", json.dumps({"username": user, "password": uuid.uuid4().hex})
        )
        cluster["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active"}
    return str(cluster["MasterUserSecret"]["SecretArn"])


def reference(name: str, logical_id: str, stack_name: str, properties: Properties, attributes: dict[str, Any]) -> str:
    """Return what `Ref` gives for a resource: usually its identifier, given, made by the service, or made up."""
    kind = schemas.resource_type(name)
    parts = (REFERENCE[name],) if name in REFERENCE else kind.identifiers if kind else ()
    unnamed = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}"
    values = [str(properties.get(part) or attributes.get(part) or unnamed) for part in parts]
    return "|".join(values) or unnamed


def invented_attributes(name: str, seed: str, properties: Properties) -> dict[str, Any]:
    """Make up a value for each attribute that the service would set: an ARN, an address, an id, a list."""
    kind = schemas.resource_type(name)
    if kind is None:
        return {}
    return {key: _invented(kind, key, seed) for key in kind.read_only if not isinstance(properties.get(key), dict)}


def _invented(kind: schemas.ResourceType, key: str, seed: str) -> Any:
    caller = importlib.import_module("ministack.core.responses")
    account, region = caller.get_account_id(), caller.get_region()
    token = hashlib.sha256(f"{account}{region}{kind.name}{seed}{uuid.uuid4()}".encode()).hexdigest()[:17]
    service = kind.name.split("::")[1].lower()
    if "Ipv6Cidr" in key:
        return [IPV6_BLOCK]
    if _declared_type(kind, key) == "array":
        return [f"{key}-{token}"]
    if key.endswith("Arn"):
        return f"arn:aws:{service}:{region}:{account}:{kind.name.split('::')[2].lower()}/{token}"
    if key.endswith("Ip"):
        return f"198.18.{int(token[:2], 16)}.{int(token[2:4], 16)}"  # of a block that nobody routes, RFC 2544
    if key == "AllocationId":
        return f"eipalloc-{token}"
    return PREFIXES.get(kind.name, "") + token


def _declared_type(kind: schemas.ResourceType, key: str) -> str:
    declared: dict[str, Any] = kind.schema.get("properties", {}).get(key, {})
    return str(declared.get("type", "string"))
