"""The ARNs of a resource and of those that its properties mention, as IAM sees them."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

# How the identifiers of EC2 begin, and the word in the ARN of what they identify.
EC2 = {
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
# Properties that hold a name or an identifier, and the ARN of what is called so. `R` is region and account, `A` the
# account alone, `G` neither.
NAMES = {
    "AliasName": "kms:R:{}",
    "AlarmName": "cloudwatch:R:alarm:{}",
    "BackupPlanId": "backup:R:backup-plan:{}",
    "BackupVaultName": "backup:R:backup-vault:{}",
    "Bucket": "s3:G:{}",
    "BucketName": "s3:G:{}",
    "BudgetName": "budgets:A:budget/{}",
    "Cluster": "ecs:R:cluster/{}",
    "ClusterName": "ecs:R:cluster/{}",
    "DBClusterIdentifier": "rds:R:cluster:{}",
    "DBClusterParameterGroupName": "rds:R:cluster-pg:{}",
    "DBInstanceIdentifier": "rds:R:db:{}",
    "DBSubnetGroupName": "rds:R:subgrp:{}",
    "DashboardName": "cloudwatch:A:dashboard/{}",
    "Groups": "iam:A:group/{}",
    "KeyId": "kms:R:key/{}",
    "KmsKeyId": "kms:R:key/{}",
    "KmsMasterKeyId": "kms:R:key/{}",
    "LogGroupName": "logs:R:log-group:{}",
    "RepositoryName": "ecr:R:repository/{}",
    "RestoreTestingPlanName": "backup:R:restore-testing-plan:{}",
    "RoleName": "iam:A:role/{}",
    "Roles": "iam:A:role/{}",
    "TargetKeyId": "kms:R:key/{}",
    "Topics": "sns:R:{}",
}
# The same where a property of that name means something else in other types.
NAMES_OF_TYPES = {
    ("AWS::CodePipeline::Pipeline", "Name"): "codepipeline:R:{}",
    ("AWS::IAM::Group", "GroupName"): "iam:A:group/{}",
    ("AWS::SSM::Parameter", "Name"): "ssm:R:parameter/{}",
    ("AWS::Scheduler::ScheduleGroup", "Name"): "scheduler:R:schedule-group/{}",
}
# What a resource is in: its identifier or an attribute names that too, and it is not the resource.
PARENTS = {"AWS::ECS::Service": ":cluster/"}
# What is inside these is somebody's text, not a reference.
TEXTS = {
    *("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "AccessPolicy", "ResourcePolicyDocument"),
    *("Definition", "DefinitionString", "DashboardBody", "Tags", "BackupVaultTags", "BackupPlanTags"),
}
SYSTEM = "aws:"  # tags that only AWS sets, and no request
EC2_ID = re.compile(r"(?P<kind>[a-z]+)-[0-9a-f]{8,}")


@dataclasses.dataclass(frozen=True)
class Place:
    """The account and region that names are in."""

    account: str
    region: str

    def arn(self, form: str, name: str) -> str:
        """Fill in a form of the tables above; a name that is an ARN already stays."""
        if name.startswith("arn:"):
            return name
        service, kind, rest = form.split(":", 2)
        where = {"R": f"{self.region}:{self.account}", "A": f":{self.account}", "G": ":"}[kind]
        return f"arn:aws:{service}:{where}:{rest.format(name.lstrip('/') if service == 'ssm' else name)}"


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource of a stack, as CloudFormation's handlers see it."""

    kind: str
    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]
    identifiers: tuple[str, ...]
    stack: str = ""

    @functools.cached_property
    def _found(self) -> dict[tuple[str, Place], frozenset[str]]:
        return {}

    def own(self, place: Place) -> frozenset[str]:
        """Return the ARNs of the resource itself. IAM is asked about each resource whenever another one changes."""
        if ("own", place) not in self._found:
            self._found["own", place] = frozenset(self._arns(place))
        return self._found["own", place]

    def _arns(self, place: Place) -> set[str]:
        name = self.physical_id.partition("|")[0]  # what has several identifiers is a part of the first
        found = set(self._called(dict.fromkeys(self.identifiers[:1], name), place))
        found |= {arn for text in (self.physical_id, *_texts(self.attributes)) if (arn := _plain(text, place))}
        named = {name: self.properties[name] for name in self.identifiers if name in self.properties}
        parent = PARENTS.get(self.kind)
        return {arn for arn in found | set(self._called(named, place)) if not parent or parent not in arn}

    def mentioned(self, place: Place) -> frozenset[str]:
        """Return the ARNs of everything that the properties mention."""
        if ("mentioned", place) not in self._found:
            plain = {arn for text in _texts(self.properties) if (arn := _plain(text, place))}
            self._found["mentioned", place] = frozenset(plain | set(self._called(self.properties, place)))
        return self._found["mentioned", place]

    def _called(self, value: Any, place: Place) -> Iterator[str]:
        """Yield the ARNs of what is called by a name in a property of a known meaning, at any depth."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                form = NAMES_OF_TYPES.get((self.kind, key)) or NAMES.get(key)
                if form:
                    yield from (place.arn(form, text) for text in _texts(item))
                if key not in TEXTS:
                    yield from self._called(item, place)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from self._called(item, place)

    @functools.cached_property
    def tags(self) -> Mapping[str, str]:
        """The resource's tags, whichever way its type writes them."""
        for key in ("Tags", "HostedZoneTags", "BackupVaultTags", "BackupPlanTags"):
            given = self.properties.get(key)
            if given:
                pairs = given.items() if isinstance(given, Mapping) else ((tag["Key"], tag["Value"]) for tag in given)
                return {str(name): str(value) for name, value in pairs if not name.startswith(SYSTEM)}
        return {}


def _plain(text: str, place: Place) -> str:
    """Return the ARN that a text is, or that an identifier of EC2 stands for; "" when it is neither."""
    if text.startswith("arn:"):
        return "" if set(text) & set("*|") else text
    found = EC2_ID.fullmatch(text)
    word = EC2.get(found["kind"]) if found else None
    return f"arn:aws:ec2:{place.region}:{place.account}:{word}/{text}" if word else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in TEXTS:
                yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
