"""What a template tells about its resources, and the text of it that CloudFormation is sent."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.references import needs, reachable, stack_outputs
from ...core.render import compact_json, load
from ..manifest import StackSpec

CONTEXT = "com.aws.cloudformation.Context"
INPUTS = "Inputs"
# Losing one of these loses what people stored, or what is needed to read it.
STATEFUL = frozenset(
    {
        "AWS::Backup::BackupVault",
        "AWS::CodeCommit::Repository",
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::RDS::GlobalCluster",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
# An instance of a cluster holds no data: the cluster's storage does.
HELD_BY_ANOTHER = {"AWS::RDS::DBInstance": "DBClusterIdentifier"}
_FINGERPRINT = re.compile(r" \[([0-9a-f]{12})\]$")


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource of a template, with its reason in plain English."""

    type: str
    why: str
    needs: frozenset[str]
    stateful: bool


@dataclasses.dataclass(frozen=True)
class Template:
    """A template as a dictionary in the long form, and what is read from it."""

    document: Mapping[str, Any]

    @functools.cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources by logical id, in the template's order."""
        bodies = self.document["Resources"]
        return {
            name: Resource(
                type=body["Type"],
                why=body.get("Metadata", {}).get(CONTEXT, {}).get("why", ""),
                needs=frozenset(needed for needed in needs(body) if needed in bodies and needed != name),
                stateful=is_stateful(body["Type"], body.get("Properties", {})),
            )
            for name, body in bodies.items()
        }

    def with_needs(self, names: Iterable[str]) -> set[str]:
        """Return resources and all that they need, by logical ids."""
        starts = set(names)
        return starts | reachable({name: one.needs for name, one in self.resources.items()}, *starts)

    def read_regions(self, own: str) -> dict[str, str]:
        """Return the region of each stack that it reads outputs of; `own` is the template's."""
        return {str(each["StackName"]): each.get("Region") or own for each in stack_outputs(self.document)}

    def body(self, outputs: Mapping[str, Mapping[str, str]]) -> str:
        """Return the text to send, given the outputs of other stacks by stack.

        CloudFormation reads another stack's output only when a stack is updated, and compares templates to find out
        whether there is something to update: a changed output alone would go unnoticed. So each resource that reads
        one carries a digest of the values it reads. The description ends in a fingerprint of the whole, by which the
        next deployment sees in one call that nothing changed.
        """
        bodies: dict[str, Any] = {}
        for name, body in self.document["Resources"].items():
            read = _inputs_digest(body, outputs)
            metadata = body.get("Metadata", {}) | ({INPUTS: read} if read else {})
            bodies[name] = body | ({"Metadata": metadata} if metadata else {})
        document = dict(self.document) | {"Resources": bodies}
        fingerprint = digest(compact_json(document))
        return compact_json(document | {"Description": f"{document.get('Description', '')} [{fingerprint}]"})

    def stale(self, outputs: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
        """Return the resources that were deployed with other values of outputs than these, given by stack."""
        deployed = {name: body.get("Metadata", {}).get(INPUTS) for name, body in self.document["Resources"].items()}
        return frozenset(
            name
            for name, read in deployed.items()
            if read and read != _inputs_digest(self.document["Resources"][name], outputs)
        )


def parse(text: str) -> Template:
    """Read a template from YAML or JSON."""
    return Template(load(text))


def read_templates(stacks: Sequence[StackSpec]) -> dict[str, Template]:
    """Read the templates of stacks. Raises BadInput when a file is not the one that was built."""
    return {stack.name: parse(stack.text()) for stack in stacks}


def digest(text: str) -> str:
    """Return the first 12 hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fingerprint(description: str) -> str | None:
    """Return the fingerprint at the end of a description, or None when it has none."""
    found = _FINGERPRINT.search(description)
    return found[1] if found else None


def is_stateful(kind: str, properties: Mapping[str, Any]) -> bool:
    """Tell whether a resource of a type, with these properties, holds what people stored."""
    return kind in STATEFUL and HELD_BY_ANOTHER.get(kind) not in properties


def deletion_policy(kind: str, given: str | None) -> str:
    """Return what becomes of a resource that is deleted, Delete, Retain or Snapshot, given its DeletionPolicy if any.

    CloudFormation itself never deletes a cluster of databases without a snapshot.
    Source: CloudFormation Template Reference, "DeletionPolicy attribute".
    """
    if given is None:
        return "Snapshot" if kind == "AWS::RDS::DBCluster" else "Delete"
    return "Retain" if given == "RetainExceptOnCreate" else given


def _inputs_digest(body: Mapping[str, Any], outputs: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the digest of the outputs that a resource reads, given them by stack; None when it reads none."""
    without = {key: value for key, value in body.items() if key != "Metadata"}
    pairs = {(str(each["StackName"]), str(each["OutputName"])) for each in stack_outputs(without)}
    read = sorted((stack, key, outputs.get(stack, {}).get(key, "")) for stack, key in pairs)
    return digest(json.dumps(read)) if read else None
