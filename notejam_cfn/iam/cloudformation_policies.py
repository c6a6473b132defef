"""What CloudFormation may do to make a stage, and the boundary of the roles that it makes there.

Both allow by the names of the stage's resources, or by their tags where ARNs hold no name; nothing is denied. The
actions come from the resource types in the templates and from what the templates' own roles do.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from awacs.aws import (
    Action,
    Allow,
    ArnEquals,
    Condition,
    ForAllValuesStringLike,
    Statement,
    StringEquals,
    StringEqualsIfExists,
    StringLike,
)

from ..core import names
from ..core.render import compact_json
from ..core.values import Value
from . import permissions
from .permissions import TAGS_ONE
from .pipeline_policies import document, stacks_named
from .placement import (
    PLACING,
    StageSubnets,
    allow_functions_in_no_network,
    allow_placing_load_balancers,
    allow_placing_services,
)
from .policies import allow, allow_everywhere, in_account, on, stage_tags

# A managed policy holds 6,144 characters without white space; pseudo parameters are longer than what they stand for.
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_CHARACTERS = 6000
# Where the names of a service's resources stand in their ARNs. `{}` is the beginning of a stack's name. A service that
# is not here, or whose resources have no name of their own, is narrowed to the account.
# Source: the "Resource types" tables of AWS's Service Authorization Reference.
NAMED: dict[str, tuple[str, ...]] = {
    "backup": ("backup:*:${AWS::AccountId}:backup-vault:{}*",),
    "budgets": ("budgets::${AWS::AccountId}:budget/{}*",),
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
    "kms": ("kms:*:${AWS::AccountId}:alias/{}*",),
    "lambda": ("lambda:*:${AWS::AccountId}:function:{}*",),
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
        *(f"rds:*:${{AWS::AccountId}}:cluster-snapshot:{begin}{{}}*" for begin in ("", "rds:")),
        *(f"rds:*:${{AWS::AccountId}}:{kind}:default*" for kind in ("og", "pg")),
    ),
    "s3": ("s3:::{}*",),
    "scheduler": ("scheduler:*:${AWS::AccountId}:schedule/*/{}*", "scheduler:*:${AWS::AccountId}:schedule-group/{}*"),
    "sns": ("sns:*:${AWS::AccountId}:{}*",),
    "ssm": ("ssm:*:${AWS::AccountId}:parameter/{}*",),
    "route53": ("route53:::hostedzone/*", "route53:::change/*"),
    # An association of a firewall is decided on the load balancer too, of which AWS WAF sees no tags, and whose
    # generated name holds five letters of the stack's.
    "wafv2": ("elasticloadbalancing:*:${AWS::AccountId}:loadbalancer/app/*",),
}
# Where the things of a service are whose ARNs hold no such name; not said here, everywhere in the account.
UNNAMED: dict[str, tuple[str, ...]] = {
    "backup": tuple(f"backup:*:${{AWS::AccountId}}:{kind}:*" for kind in ("backup-plan", "restore-testing-plan")),
    "kms": ("kms:*:${AWS::AccountId}:key/*",),
}
# AWS Backup tags vaults, which have names, and plans, which have none, by the same actions; AWS WAF decides on a load
# balancer besides.
OF_BOTH = frozenset(
    {
        *("backup:ListTags", "backup:TagResource", "backup:UntagResource"),
        *("wafv2:AssociateWebACL", "wafv2:GetWebACLForResource"),
    }
)
# What an action of EC2 makes. It is decided on that, which is new, and on what that is made in, which must be the
# stage's. Source: Service Authorization Reference, "Actions defined by Amazon EC2".
MADE_IN_EC2 = {
    "ec2:AllocateAddress": "elastic-ip",
    "ec2:CreateEgressOnlyInternetGateway": "egress-only-internet-gateway",
    "ec2:CreateFlowLogs": "vpc-flow-log",
    "ec2:CreateInternetGateway": "internet-gateway",
    "ec2:CreateNatGateway": "natgateway",
    "ec2:CreateRouteTable": "route-table",
    "ec2:CreateSecurityGroup": "security-group",
    "ec2:CreateSubnet": "subnet",
    "ec2:CreateVpc": "vpc",
    "ec2:CreateVpcEncryptionControl": "vpc-encryption-control",
    "ec2:CreateVpcEndpoint": "vpc-endpoint",
}
# What gives a role rights: allowed only for roles within the stage's boundary.
# Source: Service Authorization Reference, AWS IAM, the actions that know `iam:PermissionsBoundary`.
GRANTING = frozenset(f"iam:{name}RolePolicy" for name in ("Attach", "Put")) | {
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
}
# What roles reach beside what is named after their stage: where RDS writes the measurements of the operating system,
# and images, which are the project's and not a stage's.
BOUND_ALSO = {
    "ecr": ("ecr:*:*:repository/*",),
    "logs": ("logs:*:${AWS::AccountId}:log-group:RDS*",),
}
# AWS Backup names a snapshot after its job, and copies the tags of what it backs up to it; a snapshot that has none is
# no stage's of ours. Source: AWS Backup Developer Guide, "Copying tags onto backups".
BACKED_UP = "rds:*:${AWS::AccountId}:cluster-snapshot:awsbackup:*"
ANY_SNAPSHOT = "rds:*:${AWS::AccountId}:cluster-snapshot:*"
OF_SNAPSHOTS = frozenset({"rds:DescribeDBClusterSnapshots", "rds:RestoreDBClusterFromSnapshot", "rds:StartExportTask"})
CHANGING_RECORDS = "route53:ChangeResourceRecordSets"
# The id of the statement that lets rules of security groups be made, which have no tags yet.
NEW_RULES = "NewRulesHaveNoTags"
SERVICE_LINKED_ROLES = "iam::${AWS::AccountId}:role/aws-service-role/*"


@dataclasses.dataclass(frozen=True)
class StageNeeds:
    """What a stage's templates ask for: their resource types, what their roles do, and which services these trust.

    `narrow` are actions on resources, `wide` those for which AWS offers no resource; `subnets` are those of its
    network; `domains` are those of records.
    """

    project: str
    stage: str
    kinds: frozenset[str]
    narrow: frozenset[str]
    wide: frozenset[str]
    services: tuple[str, ...]
    subnets: StageSubnets
    domains: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """What the names of the stage's stacks, and so those of its resources, begin with."""
        return names.stack(self.project, self.stage, "")

    @property
    def own(self) -> Condition:
        """Hold for the resources of the stage, by their tags."""
        return Condition([StringEquals(stage_tags(self.project, self.stage))])

    @property
    def own_or_new(self) -> Condition:
        """Hold for the resources of the stage, and for those that have no tags yet."""
        return Condition([StringEqualsIfExists(stage_tags(self.project, self.stage))])

    @property
    def own_key(self) -> Condition:
        """Hold for keys whose aliases are all the stage's, and for those that have none yet.

        Source: AWS KMS Developer Guide, "Use aliases to control access to KMS keys".
        """
        return Condition([ForAllValuesStringLike("kms:ResourceAliases", f"alias/{self.prefix}*")])

    def resources(self, service: str) -> list[Value]:
        """Return where a service's resources of the stage are, as narrow as their ARNs allow."""
        if service == "cloudformation":
            return stacks_named(self.prefix)
        patterns = NAMED.get(service, (f"{service}:*:${{AWS::AccountId}}:*",))
        return [in_account(arn) for arn in dict.fromkeys(pattern.replace("{}", self.prefix) for pattern in patterns)]

    @property
    def ecs_services(self) -> list[Value]:
        """The ARNs of the stage's ECS services."""
        return [in_account(f"ecs:*:${{AWS::AccountId}}:service/{self.prefix}*")]


def allow_creating(needs: StageNeeds, boundary: Value) -> list[Statement]:
    """Allow what CloudFormation calls to create, change and delete resources of a stage's types in its stacks.

    `permissions` knows the actions. Names narrow them where a service puts names in ARNs; where it does not, tags
    narrow what may be changed or deleted, and what is made may be new or the stage's. Roles get rights only within
    `boundary`, and are handed to the stage's services only. Services and load balancers are put into its subnets only.
    Records are changed of its domains only.

    Raises `UnknownPermissions` for a type that `permissions` does not know.
    """
    called = {action for kind in needs.kinds for action in permissions.actions_for(kind)}
    called.add("cloudformation:DescribeStacks")
    special = {"iam:PassRole", "iam:CreateServiceLinkedRole", CHANGING_RECORDS, *GRANTING, *PLACING}
    known = [permissions.action(name) for name in sorted(called - special)]
    wide = by_verb([action.name for action in known if not action.takes_resource], ("Describe", "List"))
    narrow = [one for one in known if one.takes_resource and not any(fnmatchcase(one.name, each) for each in wide)]
    # An action on an alias of a key is one on the key too, which has no name.
    unnamed = [one for one in narrow if one.nameless or one.name in OF_BOTH or one.name.startswith("kms:")]
    named = [one.name for one in narrow if not one.nameless or one.name in OF_BOTH]
    roles, within_boundary = needs.resources("iam"), Condition([ArnEquals("iam:PermissionsBoundary", boundary)])
    return [
        allow(_literal(sorted(called & GRANTING)), roles, within_boundary),
        allow_passing_roles(needs),
        allow(on("iam", "CreateServiceLinkedRole"), [in_account(SERVICE_LINKED_ROLES)]),
        *(allow(_literal(some), needs.resources(service)) for service, some in _by_service(named)),
        allow_placing_services(needs.ecs_services, needs.subnets.tasks),
        *([allow_functions_in_no_network(needs.resources("lambda"))] if "lambda:CreateFunction" in called else []),
        *allow_unnamed(needs, unnamed),
        *allow_placing_load_balancers(needs.subnets.load_balancers, needs.own_or_new, needs.own),
        *(allow_restoring(needs) if "rds:RestoreDBClusterFromSnapshot" in called else []),
        *(allow_changing_records(needs.domains) if CHANGING_RECORDS in called and needs.domains else []),
        allow_everywhere("TheseHaveNoResource", _literal(wide)),
    ]


def allow_unnamed(needs: StageNeeds, actions: Sequence[permissions.Action]) -> list[Statement]:
    """Allow actions on things without names: to change the stage's, to make and tag new ones, to look at any.

    A security group's rule is made on the group, and on the rule itself, which has no tags yet.
    """
    in_ec2 = [one.name for one in actions if one.name in MADE_IN_EC2]
    of_keys = [one.name for one in actions if one.name.startswith("kms:") and not one.decided_by_tag]
    changing = [one.name for one in actions if one.decided_by_tag or one.name in in_ec2]
    making = [one.name for one in actions if (one.makes_one or TAGS_ONE.search(one.name)) and one.name not in in_ec2]
    looking = [one.name for one in actions if one.name not in {*changing, *making, *of_keys}]
    kinds: list[tuple[Iterable[str], Condition | None]] = [
        (changing, needs.own),
        ([name for name in making if name not in of_keys], needs.own_or_new),
        (of_keys, needs.own_key),
        (looking, None),
    ]
    found = [
        allow(_literal(some), _unnamed(service), condition)
        for several, condition in kinds
        for service, some in _by_service(several)
    ]
    found += [
        allow(_literal([name]), [in_account(f"ec2:*:${{AWS::AccountId}}:{MADE_IN_EC2[name]}/*")]) for name in in_ec2
    ]
    if rules := [action for action in changing if action.startswith("ec2:AuthorizeSecurityGroup")]:
        new = [in_account("ec2:*:${AWS::AccountId}:security-group-rule/*")]
        found.append(Statement(Sid=NEW_RULES, Effect=Allow, Action=_literal(rules), Resource=new))
    return found


def allow_restoring(needs: StageNeeds) -> list[Statement]:
    """Let a database start from a backup of the stage's, or from any snapshot that is tagged as the stage's."""
    restoring = on("rds", "DescribeDBClusterSnapshots", "RestoreDBClusterFromSnapshot")
    return [
        allow(restoring, [in_account(BACKED_UP)], needs.own_or_new),
        allow(restoring, [in_account(ANY_SNAPSHOT)], needs.own),
    ]


def allow_changing_records(domains: Sequence[str]) -> list[Statement]:
    """Let records of these domains and of what is below them be changed, in whichever zone holds them.

    A certificate is proved by a record below its domain. Source: Amazon Route 53 Developer Guide, "Using IAM policy
    conditions for fine-grained access control".
    """
    records = [name for domain in domains for name in (domain, f"*.{domain}")]
    of_domains = Condition([ForAllValuesStringLike("route53:ChangeResourceRecordSetsNormalizedRecordNames", records)])
    return [allow(on("route53", "ChangeResourceRecordSets"), [in_account("route53:::hostedzone/*")], of_domains)]


def allow_passing_roles(needs: StageNeeds) -> Statement:
    """Hand a stage's roles to the services that they trust."""
    to_services = Condition([StringEquals("iam:PassedToService", sorted(needs.services))])
    return allow(on("iam", "PassRole"), needs.resources("iam"), to_services)


def bound(needs: StageNeeds) -> list[Statement]:
    """Say what the roles of a stage can be given at the most: what they do, with the stage's own resources.

    Secrets, keys, state machines and vaults have no name in their ARNs: their tags decide, and for the secret that RDS
    makes the cluster it is of. Source: Amazon RDS User Guide, "Password management with Amazon RDS and AWS Secrets
    Manager", on the tag `aws:rds:primaryDBClusterArn`.
    """
    wanted = sorted(needs.narrow - {"iam:PassRole", *PLACING})
    by_tag = [action for action in wanted if permissions.action(action).nameless]
    named = [action for action in wanted if action not in by_tag]
    of_snapshots = [action for action in wanted if action in OF_SNAPSHOTS]
    cluster = in_account(f"rds:*:${{AWS::AccountId}}:cluster:{needs.prefix}*")
    of_cluster = Condition([StringLike("secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn", cluster)])
    secrets = in_account("secretsmanager:*:${AWS::AccountId}:secret:rds!cluster-*")
    return [
        *(
            allow(_literal(some), [*needs.resources(service), *map(in_account, BOUND_ALSO.get(service, ()))])
            for service, some in _by_service(named)
        ),
        *(allow(_literal(some), _unnamed(service), needs.own) for service, some in _by_service(by_tag)),
        *([allow_placing_services(needs.ecs_services, needs.subnets.tasks)] if PLACING & needs.narrow else []),
        *([allow(_literal(of_snapshots), [in_account(BACKED_UP)], needs.own_or_new)] if of_snapshots else []),
        allow(on("secretsmanager", "GetSecretValue"), [secrets], of_cluster),
        allow_passing_roles(needs),
        *bound_backups(needs),
        allow_everywhere("TheseHaveNoResource", _literal(sorted(needs.wide))),
    ]


def bound_backups(needs: StageNeeds) -> list[Statement]:
    """Say what the role of AWS Backup can do: snapshots of the stage's clusters, and restores that test them.

    A snapshot of another stage has that stage's tags; a new one has none. A cluster is restored with a parameter group
    and an option group, RDS's own where none is named, and deleted with a last snapshot unless it is told not to: AWS
    decides on those too.
    Sources: the managed policies AWSBackupServiceRolePolicyForBackup and AWSBackupServiceRolePolicyForRestores; Service
    Authorization Reference, "Actions defined by Amazon RDS".
    """
    snapshots, backed_up = in_account(ANY_SNAPSHOT), in_account(BACKED_UP)
    databases = [
        in_account(f"rds:*:${{AWS::AccountId}}:{kind}:{name}*")
        for kind in ("cluster", "db", "subgrp")
        for name in (needs.prefix, "awsbackup-restore-test-")
    ]
    defaults = [in_account(f"rds:*:${{AWS::AccountId}}:{kind}") for kind in ("cluster-pg:default.*", "og:default:*")]
    parameters = in_account(f"rds:*:${{AWS::AccountId}}:cluster-pg:{needs.prefix}*")
    making = on("rds", "AddTagsToResource", "CopyDBClusterSnapshot", "CreateDBClusterSnapshot", "DeleteDBCluster")
    restoring = on("rds", "RestoreDBClusterFromSnapshot")
    reading = on("rds", "DescribeDBClusters", "DescribeDBInstances", "ListTagsForResource")
    changing = on("rds", "CreateDBInstance", "DeleteDBInstance", "ModifyDBCluster")
    copying = on("backup", "CopyFromBackupVault", "CopyIntoBackupVault", "DescribeBackupVault")
    return [
        allow([*making, *reading, *restoring, *changing], databases),
        allow([*making, *restoring], [backed_up], needs.own_or_new),
        allow(on("rds", "DescribeDBClusterSnapshots", "ListTagsForResource"), [snapshots]),
        allow(restoring, [parameters, *defaults]),
        allow(on("rds", "DeleteDBClusterSnapshot", "ModifyDBClusterSnapshotAttribute"), [snapshots], needs.own),
        allow(copying, [in_account(f"backup:*:${{AWS::AccountId}}:backup-vault:{needs.prefix}*")]),
        allow_everywhere("TagsHaveNoResource", on("tag", "GetResources")),
    ]


def in_policies(statements: Iterable[Statement]) -> list[list[Statement]]:
    """Divide statements among as few managed policies as their size allows, in order."""
    documents: list[list[Statement]] = [[]]
    empty = used = len(compact_json(document())) - 1
    for statement in statements:
        needed = len(compact_json(document(statement))) - empty  # with a comma
        if documents[-1] and used + needed > MANAGED_POLICY_CHARACTERS:
            documents.append([])
            used = empty
        documents[-1].append(statement)
        used += needed
    return documents


def _by_service(actions: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for action in actions:
        grouped.setdefault(action.partition(":")[0], []).append(action)
    yield from grouped.items()


def _literal(actions: Sequence[str]) -> list[Action]:
    return [Action(*action.split(":")) for action in actions]


def by_verb(actions: Sequence[str], verbs: Sequence[str] = ("BatchGet", "Describe", "Get", "List")) -> list[str]:
    """Return names of actions, those of a service with the same one of these verbs as `ec2:Describe*` if several."""
    begins = re.compile(rf"[a-z0-9-]+:({'|'.join(verbs)})")
    pattern = {action: f"{found.group()}*" for action in actions if (found := begins.match(action))}
    several = {one for one, count in Counter(pattern.values()).items() if count > 1}
    return list(dict.fromkeys(pattern[action] if pattern.get(action) in several else action for action in actions))


def _unnamed(service: str) -> list[Value]:
    """Return where the things of a service are whose ARNs hold no name."""
    return [in_account(pattern) for pattern in UNNAMED.get(service, (f"{service}:*:${{AWS::AccountId}}:*",))]


def allow_making_service_linked_roles() -> Statement:
    """Make the roles of AWS's own services that an account lacks; AWS itself chooses what these may do."""
    return allow(on("iam", "CreateServiceLinkedRole", "GetRole"), [in_account(SERVICE_LINKED_ROLES)])
