"""Write notejam_cfn/iam/permissions.py anew: which IAM actions CloudFormation needs for each resource type used here.

Sources, both of which ship with cfn-lint: the `handlers` of the resource schemas say which actions CloudFormation
calls; the Service Authorization Reference says which of them exist, and which take a resource. Run it after a template
has gained a type, and after cfn-lint was updated:

    python tools/refresh_permissions.py
"""

from __future__ import annotations

import argparse
import collections
import functools
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "notejam_cfn" / "permissions.py"
REGIONS = ("us-east-1", "eu-central-1")
HANDLERS = ("create", "read", "update", "delete")
# Actions of services that no template here uses are left out: schemas list every feature of a type.
ALWAYS_USEFUL = frozenset({"iam", "kms", "logs"})
NEVER_NEEDED = frozenset(
    {
        "ecs:PutAccountSetting",
        "ecs:PutAccountSettingDefault",
        "iam:DescribeOrganization",
        "iam:DeleteRolePermissionsBoundary",
        "s3:DeleteObject",
        "s3:PutObjectAcl",
        "secretsmanager:GetSecretValue",
    }
)
# Types whose schema has no handlers yet. Source: the API's own operations in the Service Authorization Reference.
WITHOUT_HANDLERS = {
    "AWS::CodeBuild::Project": (
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:DeleteProject",
        "codebuild:UpdateProject",
        "iam:PassRole",
    ),
}
CHANGES_ONE = re.compile(r":(Delete|Modify|Release|Revoke|Schedule|Disable)")
DECIDED_BY_TAG = frozenset({"ec2", "elasticloadbalancing", "kms", "secretsmanager"})
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
            }
            for size in ("economy", "standard", "resilient")
        },
    }
    for source, egress, domain in (
        ("codecommit", "ipv6", {}),
        ("codeconnections", "nat", {"domain": "notes.example.com", "hosted_zone_id": "Z0123ABC"}),
        ("s3", "endpoints", {}),
    )
)

HEADER = '''"""The IAM actions CloudFormation needs for each resource type. Written by tools/refresh_permissions.py.

Sources: the `handlers` of the resource schemas and the Service Authorization Reference, as cfn-lint {version} has them.
"""

from __future__ import annotations
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table and say how many types it knows."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    kinds = sorted(used_types())
    services = ALWAYS_USEFUL | {service_of(kind) for kind in kinds}
    table = {kind: actions_of(kind, services) for kind in kinds}
    TARGET.write_text(rendered(table), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(table)} types")
    return 0


class Unknown(dict[str, tuple[str, ...]]):
    """A table that claims to know every type."""

    def __contains__(self, kind: object) -> bool:
        return True

    def __missing__(self, kind: str) -> tuple[str, ...]:
        return ()


def used_types() -> set[str]:
    """Return every type that any template of the configurations above uses."""
    sys.path.insert(0, str(ROOT))
    from notejam_cfn import stacks_of
    from notejam_cfn.config.loader import parse
    from notejam_cfn.iam import permissions

    permissions.ACTIONS = Unknown()  # composing must not need what is about to be written
    projects = [parse(document) for document in CONFIGURATIONS]
    return {
        str(resource.resource_type)
        for project in projects
        for stack in stacks_of(project)
        for resource in stack.template.resources.values()
    }


def actions_of(kind: str, services: Set[str]) -> tuple[str, ...]:
    """Return the actions CloudFormation calls to create, read, update and delete a type; each once, however spelled."""
    by_name = {action.lower(): action for action in handler_actions(kind)}
    wanted = (action for action in by_name.values() if service(action) in services and action not in NEVER_NEEDED)
    return tuple(sorted(action for action in wanted if described(action) is not None))


def service_of(kind: str) -> str:
    """Return the service whose actions a type's handlers mostly call."""
    return collections.Counter(map(service, handler_actions(kind))).most_common(1)[0][0]


def handler_actions(kind: str) -> list[str]:
    """Return what the schema says its handlers call, in any of the regions."""
    handlers: dict[str, Any] = schema(kind).get("handlers", {})
    called = [action for name in HANDLERS for action in handlers.get(name, {}).get("permissions", [])]
    return called or list(WITHOUT_HANDLERS[kind])


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


def service(action: str) -> str:
    """Return the service of an action: `ec2` of `ec2:CreateVpc`."""
    return action.partition(":")[0]


def name_of(action: str) -> str:
    """Return an action without its service: `CreateVpc` of `ec2:CreateVpc`."""
    return action.partition(":")[2]


@functools.cache
def reference() -> dict[str, Any]:
    """Return the Service Authorization Reference: services, their actions in lower case, the resources they take."""
    import cfnlint.data.AdditionalSpecs
    from cfnlint.helpers import load_resource

    found: dict[str, Any] = load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")
    return found


def described(action: str) -> dict[str, Any] | None:
    """Return what the reference says about an action, or None when there is no such action."""
    found: dict[str, Any] | None = reference().get(service(action), {}).get("Actions", {}).get(name_of(action).lower())
    return found


def without_resource(actions: Iterable[str]) -> set[str]:
    """Return the actions for which AWS offers no resource but `*`."""
    return {action for action in actions if not (described(action) or {}).get("Resources")}


def rendered(table: dict[str, tuple[str, ...]]) -> str:
    """Return the module's text, as `ruff format` would leave it."""
    every = {action for actions in table.values() for action in actions}
    wide = without_resource(every)
    tagged = {a for a in every - wide if CHANGES_ONE.search(a) and service(a) in DECIDED_BY_TAG}
    entries = [f'    "{kind}": {listed(actions, 4)},' for kind, actions in table.items()]
    return "\n".join(
        [
            HEADER.format(version=importlib.metadata.version("cfn-lint")),
            "ACTIONS: dict[str, tuple[str, ...]] = {",
            *entries,
            "}",
            '"""The actions CloudFormation calls to create, read, update and delete a resource of a type."""',
            "",
            f"WITHOUT_RESOURCE = frozenset(\n    {listed(sorted(wide), 4)}\n)",
            '"""Actions for which AWS offers no narrower resource than `*`."""',
            "",
            f"DECIDED_BY_TAG = frozenset(\n    {listed(sorted(tagged), 4)}\n)",
            '"""Actions that change one existing thing whose ARN has no name in it: its tags decide."""',
            "",
        ]
    )


def listed(items: Sequence[str], indent: int) -> str:
    """Return a tuple's literal, an item on each line unless there is only one."""
    if len(items) == 1:
        return f'("{items[0]}",)'
    lines = [f'{" " * indent}    "{item}",' for item in items]
    return "\n".join(["(", *lines, f"{' ' * indent})"])


if __name__ == "__main__":
    raise SystemExit(main())
