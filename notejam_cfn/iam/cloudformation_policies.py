"""What CloudFormation may do to make a stage, and the boundary of the roles that it makes there.

Both allow by the names of the stage's resources, or by their tags where ARNs hold no name; nothing is denied. The
actions come from the resource types in the templates and from what the templates' own roles do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from awacs.aws import Action, Allow, ArnEquals, Condition, Statement, StringEquals, StringEqualsIfExists, StringLike

from ..core.render import compact_json
from ..core.values import Value
from . import permissions
from .pipeline_policies import document, in_account, on, stacks_named
from .policies import allow, allow_everywhere

# A managed policy holds 6,144 characters without white space; pseudo parameters are longer than what they stand for.
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_CHARACTERS = 6000
# Where the names of a service's resources stand in their ARNs. `{}` is the beginning of a stack's name. A service that
# is not here, or whose resources have no name of their own, is narrowed to the account.
# Source: the "Resource types" tables of AWS's Service Authorization Reference.
NAMED: dict[str, tuple[str, ...]] = {
    "backup": (
        "backup:*:${AWS::AccountId}:backup-vault:{}*",
        *(
            f"backup:*:${{AWS::AccountId}}:{kind}:*"
            for kind in ("backup-plan", "recovery-point", "restore-testing-plan")
        ),
    ),
    "cloudwatch": ("cloudwatch:*:${AWS::AccountId}:alarm:{}*", "cloudwatch::${AWS::AccountId}:dashboard/{}*"),
    "ecr": ("ecr:*:${AWS::AccountId}:repository/{}*",),
    "ecs": (
        "ecs:*:${AWS::AccountId}:cluster/{}*",
        "ecs:*:${AWS::AccountId}:service/{}*",
        "ecs:*:${AWS::AccountId}:service-deployment/{}*",
        "ecs:*:${AWS::AccountId}:task-definition/{}*",
    ),
    "events": ("events:*:${AWS::AccountId}:rule/{}*",),
    "iam": ("iam::${AWS::AccountId}:role/{}*",),
    "kms": ("kms:*:${AWS::AccountId}:key/*", "kms:*:${AWS::AccountId}:alias/{}*"),
    "logs": (
        "logs:*:${AWS::AccountId}:log-group:{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/rds/cluster/{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/ecs/containerinsights/{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/vendedlogs/states/{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/vendedlogs/cloudfront/{}*",
        "logs:*:${AWS::AccountId}:log-group:aws-waf-logs-{}*",
    ),
    "rds": (
        *(f"rds:*:${{AWS::AccountId}}:{kind}:{{}}*" for kind in ("cluster", "cluster-pg", "db", "subgrp")),
        *(f"rds:*:${{AWS::AccountId}}:{kind}:*" for kind in ("cluster-snapshot", "og", "pg")),
    ),
    "route53": ("route53:::hostedzone/*", "route53:::change/*"),
    "s3": ("s3:::{}*",),
    "scheduler": ("scheduler:*:${AWS::AccountId}:schedule/*/{}*", "scheduler:*:${AWS::AccountId}:schedule-group/{}*"),
    "sns": ("sns:*:${AWS::AccountId}:{}*",),
    # An association of a firewall is decided on the load balancer too, whose generated name holds five letters of the
    # stack's.
    "wafv2": ("wafv2:*:${AWS::AccountId}:*", "elasticloadbalancing:*:${AWS::AccountId}:loadbalancer/app/*"),
}
# What gives a role rights: allowed only for roles within the stage's boundary.
# Source: Service Authorization Reference, AWS IAM, the actions that know `iam:PermissionsBoundary`.
GRANTING = frozenset(f"iam:{name}RolePolicy" for name in ("Attach", "Put")) | {
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
}
# Services whose ARNs hold no name that a stack gives, and whose resources all know tags.
KNOWN_BY_TAG = frozenset({"backup", "kms", "secretsmanager", "states"})
# What roles reach beside what is named after their stage: where RDS writes the measurements of the operating system,
# and images, which are the project's and not a stage's.
BOUND_ALSO = {
    "ecr": ("ecr:*:*:repository/*",),
    "logs": ("logs:*:${AWS::AccountId}:log-group:RDS*",),
    "rds": ("rds:*:${AWS::AccountId}:cluster-snapshot:*",),
}
# The id of the statement that lets rules of security groups be made, which have no tags yet.
NEW_RULES = "NewRulesHaveNoTags"
SERVICE_LINKED_ROLES = "iam::${AWS::AccountId}:role/aws-service-role/*"


def of_stage(project: str, stage: str) -> Condition:
    """Hold for the resources of one stage, by their tags."""
    return Condition([StringEquals({"aws:ResourceTag/project": project, "aws:ResourceTag/stage": stage})])


def of_stage_or_new(project: str, stage: str) -> Condition:
    """Hold for the resources of one stage, and for those that have no tags yet."""
    return Condition([StringEqualsIfExists({"aws:ResourceTag/project": project, "aws:ResourceTag/stage": stage})])


def allow_creating(
    kinds: Iterable[str], prefix: str, of: tuple[str, str], boundary: Value, services: Sequence[str]
) -> list[Statement]:
    """Allow what CloudFormation calls to create, change and delete resources of these types in stacks named so.

    `permissions` knows the actions. Names narrow them where a service puts names in ARNs; where it does not, tags
    narrow what may be changed or deleted (`of` is the project and the stage), and the account the rest. Roles get
    rights only within `boundary`, and are handed to these `services` only.

    Raises `UnknownPermissions` for a type that `permissions` does not know.
    """
    called = {action for kind in kinds for action in permissions.actions_for(kind)} | {"cloudformation:DescribeStacks"}
    own, own_or_new = of_stage(*of), of_stage_or_new(*of)
    special = {"iam:PassRole", "iam:CreateServiceLinkedRole", *GRANTING}
    known = [permissions.action(name) for name in sorted(called - special)]
    wide = [action.name for action in known if not action.takes_resource]
    tagged = [action.name for action in known if action.decided_by_tag]
    tagging = [action.name for action in known if action.tags_one]
    named = [action.name for action in known if action.name not in {*wide, *tagged, *tagging}]
    return [
        *allow_making_roles(prefix, boundary, services, sorted(called & GRANTING)),
        *(allow(_literal(some), resources_of(service, prefix)) for service, some in _by_service(named)),
        *(allow(_literal(some), resources_of(service, prefix), own) for service, some in _by_service(tagged)),
        *(allow(_literal(some), resources_of(service, prefix), own_or_new) for service, some in _by_service(tagging)),
        *allow_new_rules(tagged),
        allow_everywhere("TheseHaveNoResource", _spelled(wide)),
    ]


def allow_new_rules(actions: Sequence[str]) -> list[Statement]:
    """Let a security group's rule be made, which is authorised on the group and on the rule that has no tags yet."""
    making = [action for action in actions if action.startswith("ec2:AuthorizeSecurityGroup")]
    rules = in_account("ec2:*:${AWS::AccountId}:security-group-rule/*")
    return [Statement(Sid=NEW_RULES, Effect=Allow, Action=_literal(making), Resource=[rules])] if making else []


def allow_making_roles(
    prefix: str, boundary: Value, services: Sequence[str], granting: Sequence[str]
) -> list[Statement]:
    """Let CloudFormation give a stage's roles rights within the boundary, and hand them to the services they trust."""
    roles = [in_account(pattern.replace("{}", prefix)) for pattern in NAMED["iam"]]
    within_boundary = Condition([ArnEquals("iam:PermissionsBoundary", boundary)])
    to_services = Condition([StringEquals("iam:PassedToService", sorted(services))])
    return [
        allow(_literal(granting), roles, within_boundary),
        allow(on("iam", "PassRole"), roles, to_services),
        allow(on("iam", "CreateServiceLinkedRole"), [in_account(SERVICE_LINKED_ROLES)]),
    ]


def bound(
    narrow: Iterable[str], wide: Iterable[str], prefix: str, own: Condition, services: Sequence[str]
) -> list[Statement]:
    """Say what the roles of a stage can be given at the most: what they do, with the stage's own resources.

    `narrow` are the actions that they have on resources, `wide` those for which AWS offers no resource.
    Secrets, keys, state machines and vaults have no name in their ARNs: their tags decide, and for the secret that RDS
    makes the cluster it is of. Source: Amazon RDS User Guide, "Password management with Amazon RDS and AWS Secrets
    Manager", on the tag `aws:rds:primaryDBClusterArn`.
    """
    wanted = sorted(set(narrow) - {"iam:PassRole"})
    by_tag = [action for action in wanted if action.partition(":")[0] in KNOWN_BY_TAG]
    named = [action for action in wanted if action not in by_tag]
    cluster = in_account(f"rds:*:${{AWS::AccountId}}:cluster:{prefix}*")
    of_cluster = Condition([StringLike("secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn", cluster)])
    secrets = in_account("secretsmanager:*:${AWS::AccountId}:secret:rds!cluster-*")
    roles = [in_account(pattern.replace("{}", prefix)) for pattern in NAMED["iam"]]
    return [
        *(
            allow(_literal(some), [*resources_of(service, prefix), *map(in_account, BOUND_ALSO.get(service, ()))])
            for service, some in _by_service(named)
        ),
        *(allow(_literal(some), resources_of(service, prefix), own) for service, some in _by_service(by_tag)),
        allow(on("secretsmanager", "GetSecretValue"), [secrets], of_cluster),
        allow(on("iam", "PassRole"), roles, Condition([StringEquals("iam:PassedToService", sorted(services))])),
        *bound_backups(prefix, own),
        allow_everywhere("TheseHaveNoResource", _literal(sorted(wide))),
    ]


def bound_backups(prefix: str, own: Condition) -> list[Statement]:
    """Say what the role of AWS Backup can do: snapshots of the stage's clusters, and restores that test them.

    A cluster is restored with a parameter group and an option group, RDS's own where none is named, and deleted with a
    last snapshot unless it is told not to: AWS decides on those too.
    Sources: the managed policies AWSBackupServiceRolePolicyForBackup and AWSBackupServiceRolePolicyForRestores; Service
    Authorization Reference, "Actions defined by Amazon RDS".
    """
    snapshots = in_account("rds:*:${AWS::AccountId}:cluster-snapshot:*")
    names = (prefix, "awsbackup-restore-test-")
    kinds = ("cluster", "db", "subgrp")
    databases = [in_account(f"rds:*:${{AWS::AccountId}}:{kind}:{name}*") for kind in kinds for name in names]
    defaults = [in_account(f"rds:*:${{AWS::AccountId}}:{kind}") for kind in ("cluster-pg:default.*", "og:default:*")]
    parameters = in_account(f"rds:*:${{AWS::AccountId}}:cluster-pg:{prefix}*")
    making = ("AddTagsToResource", "CreateDBClusterSnapshot", "DeleteDBCluster")
    reading = ("DescribeDBClusterSnapshots", "DescribeDBClusters", "DescribeDBInstances", "ListTagsForResource")
    changing = ("CreateDBInstance", "DeleteDBInstance", "ModifyDBCluster")
    copying = ("CopyFromBackupVault", "CopyIntoBackupVault", "DescribeBackupVault")
    return [
        allow(on("rds", *making, "CopyDBClusterSnapshot", *reading), [snapshots, *databases]),
        allow(on("rds", "RestoreDBClusterFromSnapshot"), [snapshots, *databases, parameters, *defaults]),
        allow(on("rds", *changing), databases),
        allow(on("rds", "DeleteDBClusterSnapshot", "ModifyDBClusterSnapshotAttribute"), [snapshots], own),
        allow(on("backup", *copying), [in_account(f"backup:*:${{AWS::AccountId}}:backup-vault:{prefix}*")]),
        allow_everywhere("TagsHaveNoResource", on("tag", "GetResources")),
    ]


def in_policies(statements: Iterable[Statement]) -> list[list[Statement]]:
    """Divide statements among as few managed policies as their size allows, in order."""
    documents: list[list[Statement]] = [[]]
    for statement in statements:
        if documents[-1] and _characters([*documents[-1], statement]) > MANAGED_POLICY_CHARACTERS:
            documents.append([])
        documents[-1].append(statement)
    return documents


def _by_service(actions: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for action in actions:
        grouped.setdefault(action.partition(":")[0], []).append(action)
    yield from grouped.items()


def _literal(actions: Sequence[str]) -> list[Action]:
    return [Action(*action.split(":")) for action in actions]


def _spelled(actions: Sequence[str]) -> list[Action]:
    """Return actions, those that only describe or list written as one pattern where there are several."""
    return _literal(by_verb(actions, ("Describe", "List")))


def by_verb(actions: Sequence[str], verbs: Sequence[str] = ("BatchGet", "Describe", "Get", "List")) -> list[str]:
    """Return names of actions, those of a service with the same one of these verbs as `ec2:Describe*` if several."""
    begins = re.compile(rf"[a-z0-9-]+:({'|'.join(verbs)})")
    pattern = {action: f"{found.group()}*" for action in actions if (found := begins.match(action))}
    several = {one for one, count in Counter(pattern.values()).items() if count > 1}
    return list(dict.fromkeys(pattern[action] if pattern.get(action) in several else action for action in actions))


def resources_of(service: str, prefix: str) -> list[Value]:
    """Return where a service's resources of a stage are, as narrow as their ARNs allow."""
    if service == "cloudformation":
        return stacks_named([prefix])
    patterns = NAMED.get(service, (f"{service}:*:${{AWS::AccountId}}:*",))
    return [in_account(arn) for arn in dict.fromkeys(pattern.replace("{}", prefix) for pattern in patterns)]


def _characters(statements: Sequence[Statement]) -> int:
    return len(compact_json(document(*statements)))
