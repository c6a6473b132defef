"""Teaches ministack the resource types it lacks, and to judge every resource by CloudFormation's own schema.

A stand-in exists in its stack only: it is judged, it has an identifier and attributes, its change replaces it where the
schema says so, and no service knows of it. ministack's own types are judged by the schema too, and given the attributes
that they lack, so that `Fn::GetAtt` works wherever AWS offers it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from . import leftovers, schemas, stack_events
from .faults import FAULTS
from .ministack import Properties, Provisioned, Real, around, cloudformation, handlers, here, module, within

ALARM, CLUSTER, LOG_GROUP = "AWS::CloudWatch::Alarm", "AWS::RDS::DBCluster", "AWS::Logs::LogGroup"
RECORD = "AWS::Route53::RecordSet"
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
    for name in schemas.resource_types():
        if name not in handlers() and not name.startswith("AWS::CloudFormation::"):
            handlers()[name] = _stand_in(name)
    _stand_in_where(ALARM, lambda given: "Metrics" in given)  # over several metrics, which ministack refuses
    _stand_in_where(RECORD, _in_a_zone_of_somewhere_else)
    _name_log_groups_as_cloudformation_does()
    provisioners, stacks = cloudformation("provisioners"), cloudformation("stacks")
    # What replaces a resource, from the schemas where ministack has no entry of its own.
    provisioners._REPLACING_PROPERTIES = _FromSchemas(provisioners._REPLACING_PROPERTIES, "replacing")
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES = _FromSchemas(
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES, "conditionally_replacing"
    )
    told = stack_events.Told(stacks._add_event)
    stacks._add_event = told.add
    around(stacks, "_provision_resource", _create_judged)
    around(stacks, "_provision_resource", told.create)
    around(stacks, "_update_resource", _update_judged)
    around(stacks, "_update_resource", told.update)
    around(stacks, "_delete_resource", _delete_watched)
    module("services.alb").find_lb_for_host = _load_balancer_of_any_account
    around(cloudformation("engine"), "_resolve_refs", _resolve_in_its_region)
    around(module("services.codebuild"), "_make_build_record", _name_what_build_made)
    # A slow resource must not stop the emulator from answering.
    around(stacks, "_runs_on_worker_thread", lambda real, name: FAULTS.seconds_per_resource > 0 or real(name))


def _stand_in(kind: str) -> dict[str, Any]:
    """Return the handlers of a type whose resources exist nowhere but in their stack."""

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        attributes = invented_attributes(kind, properties)
        return reference(kind, logical_id, stack_name, properties, attributes), attributes

    def update(physical_id: str, *_: Any) -> Provisioned:
        return physical_id, {}  # what the service has set, an id or an ARN, stays

    return {"create": create, "update": update, "delete": lambda physical_id, properties: None}


def _stand_in_where(kind: str, holds: Callable[[Properties], bool]) -> None:
    """Take those resources of a type as stand-ins that ministack refuses; the others stay its own."""
    own, stand_in = handlers()[kind], _stand_in(kind)

    def either(operation: str, place: int) -> Callable[..., Any]:
        """Return the handler that chooses by the properties, which are at a place among what it is given."""
        return lambda *given: (stand_in if holds(given[place]) else own)[operation](*given)

    handlers()[kind] = own | {
        "create": either("create", 1),
        "update": either("update", 2),
        "delete": either("delete", 1),
    }


def _in_a_zone_of_somewhere_else(record: Properties) -> bool:
    """Tell whether a record is in a zone that the emulator lacks, such as that of the domain in notejam.toml."""
    return "HostedZoneId" in record and record["HostedZoneId"] not in module("services.route53")._zones


def _name_log_groups_as_cloudformation_does() -> None:
    """Give a log group without a name one that begins with its stack's, which permissions by name rely on."""
    own = handlers()[LOG_GROUP]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        generated = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}"
        provisioned: Provisioned = own["create"](logical_id, {"LogGroupName": generated} | properties, stack_name)
        return provisioned

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Provisioned:
        named = {"LogGroupName": physical_id}
        provisioned: Provisioned = own["update"](physical_id, named | old, named | new, *rest)
        return provisioned

    handlers()[LOG_GROUP] = own | {"create": create, "update": update}


def _resolve_in_its_region(real: Real, value: Any, *known: Any, **more: Any) -> Any:
    """Let `Fn::GetStackOutput` look where its `Region` says; ministack only looks in the region of the reader."""
    asked = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
    if not (isinstance(asked, dict) and asked.get("Region")):
        return real(value, *known, **more)
    with within(here()[0], asked["Region"]):
        return real(value, *known, **more)


def _name_what_build_made(real: Real, project: Any, build_id: str, *rest: Any) -> dict[str, Any]:
    """Let a build that knows a repository say which image it pushed there, as delivery/image.yml does; none is made."""
    made: dict[str, Any] = real(project, build_id, *rest)
    told = {given["name"]: given["value"] for given in made["environment"].get("environmentVariables", ())}
    if "REPOSITORY_URI" in told:
        image = f"{told['REPOSITORY_URI']}@sha256:{hashlib.sha256(build_id.encode()).hexdigest()}"
        made["exportedEnvironmentVariables"] = [{"name": "IMAGE_URI", "value": image}]
    return made


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


def _load_balancer_of_any_account(host: str) -> Any:
    """Let visitors, who have no credentials, reach a load balancer wherever it is: its name says which it is."""
    for balancer in module("services.alb")._lbs.all_values():
        if balancer["DNSName"].lower() == host.partition(":")[0].lower():
            region, account = balancer["LoadBalancerArn"].split(":")[3:5]
            module("core.responses").set_request_account_id(account)
            module("core.responses").set_request_region(region)
            return balancer
    return None


def _create_judged(real: Real, name: str, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    FAULTS.strike("create", logical_id)
    judge(name, logical_id, properties)
    seed = cloudformation("provisioners")._NAME_SEED
    if not seed.get():
        seed.set(uuid.uuid4().hex[:8])  # two stacks of one name make up different names, as on AWS
    physical_id, attributes = real(name, logical_id, as_ministack_takes(name, properties), stack_name)
    return physical_id, completed(name, properties, attributes)


def _update_judged(
    real: Real,
    name: str,
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str,
    attributes: dict[str, Any] | None,
) -> Provisioned:
    if old != new:
        FAULTS.strike("update", logical_id)
        judge(name, logical_id, new)
    both = as_ministack_takes(name, old), as_ministack_takes(name, new)
    new_id, found = real(name, physical_id, *both, stack_name, logical_id, attributes)
    kept = dict(attributes or {}) if new_id == physical_id else {}
    return new_id, completed(name, new, kept | (found or {}))


def _delete_watched(
    real: Real, name: str, physical_id: str, properties: Properties, stack_name: str, logical_id: str
) -> None:
    FAULTS.strike("delete", logical_id)
    real(name, physical_id, properties, stack_name, logical_id)
    leftovers.deleted(name, physical_id, properties, stack_name)


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


def completed(name: str, properties: Properties, attributes: dict[str, Any]) -> dict[str, Any]:
    """Add the attributes that AWS offers and ministack does not. What it does offer stays as it is."""
    missing = {
        key: value
        for key, value in invented_attributes(name, properties).items()
        if key not in attributes and f"{key}." not in "".join(attributes)
    }
    attributes = missing | attributes
    if name == CLUSTER and properties.get("ManageMasterUserPassword"):
        attributes["MasterUserSecret.SecretArn"] = _managed_secret(properties, attributes)
    return attributes


def _managed_secret(properties: Properties, attributes: dict[str, Any]) -> str:
    """Make the secret in which RDS keeps a cluster's password, once for each cluster."""
    identifier = attributes["DBClusterArn"].rpartition(":")[2]
    cluster: dict[str, Any] = module("services.rds")._clusters[identifier]
    if not cluster.get("MasterUserSecret"):
        user = properties.get("MasterUsername", "restored")
        arn = module("services.secretsmanager").create_secret_in_process(
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


def invented_attributes(name: str, properties: Properties) -> dict[str, Any]:
    """Make up a value for each attribute that the service would set: an ARN, an address, an id, a list."""
    kind = schemas.resource_type(name)
    if kind is None:
        return {}
    return {key: _invented(kind, key) for key in kind.read_only if not isinstance(properties.get(key), dict)}


def _invented(kind: schemas.ResourceType, key: str) -> Any:
    account, region = here()
    token = uuid.uuid4().hex[:17]
    service = kind.name.split("::")[1].lower()
    if "Ipv6Cidr" in key:
        return [IPV6_BLOCK]
    if kind.schema.get("properties", {}).get(key, {}).get("type") == "array":
        return [f"{key}-{token}"]
    if key.endswith("Arn"):
        return f"arn:aws:{service}:{region}:{account}:{kind.name.split('::')[2].lower()}/{token}"
    if key.endswith("Ip"):
        return f"198.18.{int(token[:2], 16)}.{int(token[2:4], 16)}"  # of a block that nobody routes, RFC 2544
    if key == "AllocationId":
        return f"eipalloc-{token}"
    return PREFIXES.get(kind.name, "") + token
