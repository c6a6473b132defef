"""What a template tells about its resources, and the text of it that CloudFormation is sent."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.references import needs, stack_outputs
from ...core.render import compact_json, load

CONTEXT = "com.aws.cloudformation.Context"
INPUTS = "Inputs"
BODY_BYTES = 51_200
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

    logical_id: str
    type: str
    why: str
    needs: frozenset[str]
    stateful: bool
    condition: str | None = None


@dataclasses.dataclass(frozen=True)
class Template:
    """A template as a dictionary in the long form, and what is read from it."""

    document: Mapping[str, Any]

    @functools.cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources by logical id, in the template's order."""
        known = self.document["Resources"].keys()
        return {name: _resource(name, body, known) for name, body in self.document["Resources"].items()}

    @functools.cached_property
    def reads(self) -> frozenset[tuple[str, str]]:
        """The outputs of other stacks that it reads, as pairs of stack and output."""
        return frozenset(_read(self.document))

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
        document = dict(self.document) | {"Resources": self._resources_with_inputs(outputs)}
        fingerprint = digest(compact_json(document))
        return compact_json(document | {"Description": f"{document.get('Description', '')} [{fingerprint}]"})

    def _resources_with_inputs(self, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        bodies: dict[str, Any] = {}
        for name, body in self.document["Resources"].items():
            read = inputs_digest(body, outputs)
            metadata = body.get("Metadata", {}) | ({INPUTS: read} if read else {})
            bodies[name] = body | ({"Metadata": metadata} if metadata else {})
        return bodies


def parse(text: str) -> Template:
    """Read a template from YAML or JSON."""
    return Template(load(text))


def without_fingerprint(description: str) -> str:
    """Return a stack's description without the fingerprint that deploying put at its end."""
    return _FINGERPRINT.sub("", description)


def inputs_digest(body: Mapping[str, Any], outputs: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the digest of the outputs that a resource reads, given them by stack; None when it reads none."""
    pairs = set(_read({key: value for key, value in body.items() if key != "Metadata"}))
    read = sorted((stack, key, outputs.get(stack, {}).get(key, "")) for stack, key in pairs)
    return digest(json.dumps(read)) if read else None


def digest(text: str) -> str:
    """Return the first 12 hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fingerprint(description: str) -> str | None:
    """Return the fingerprint at the end of a description, or None when it has none."""
    found = _FINGERPRINT.search(description)
    return found[1] if found else None


def _resource(name: str, body: Mapping[str, Any], known: Any) -> Resource:
    holder = HELD_BY_ANOTHER.get(body["Type"])
    held = bool(holder and holder in body.get("Properties", {}))
    return Resource(
        logical_id=name,
        type=body["Type"],
        why=body.get("Metadata", {}).get(CONTEXT, {}).get("why", ""),
        needs=frozenset(needed for needed in needs(body) if needed in known and needed != name),
        stateful=body["Type"] in STATEFUL and not held,
        condition=body.get("Condition"),
    )


def _read(value: Any) -> Iterator[tuple[str, str]]:
    return ((str(each["StackName"]), str(each["OutputName"])) for each in stack_outputs(value))
