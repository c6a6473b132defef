"""IAM statements of delivery, by intent: what the pipeline, its builds and CloudFormation may do.

They stand beside `policies`, which knows what a running stage may do. What people may do is in `developer_policies`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from awacs.aws import (
    Action,
    Allow,
    ArnLike,
    Condition,
    Deny,
    Null,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
    StringLike,
)
from awacs.sts import AssumeRole
from troposphere import Sub, encode_to_dict

from ..core.render import compact_json
from ..core.values import Value
from . import permissions
from .policies import allow, allow_everywhere, policy, service_principal, within

# A managed policy holds 6,144 characters without white space; pseudo parameters are longer than what they stand for.
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_CHARACTERS = 6000
# Where the names of a service's things stand in their ARNs. `{}` is the beginning of a stack's name. A service that is
# not here, or whose things have no name of their own, is narrowed to the account.
# Source: the "Resource types" tables of AWS's Service Authorization Reference.
NAMED: dict[str, tuple[str, ...]] = {
    "cloudwatch": ("cloudwatch:*:${AWS::AccountId}:alarm:{}*", "cloudwatch::${AWS::AccountId}:dashboard/{}*"),
    "codecommit": ("codecommit:*:${AWS::AccountId}:{}*",),
    "codepipeline": ("codepipeline:*:${AWS::AccountId}:{}*",),
    "ecr": ("ecr:*:${AWS::AccountId}:repository/{}*",),
    "ecs": (
        "ecs:*:${AWS::AccountId}:cluster/{}*",
        "ecs:*:${AWS::AccountId}:service/{}*",
        "ecs:*:${AWS::AccountId}:task-definition/*",
    ),
    "events": ("events:*:${AWS::AccountId}:rule/{}*",),
    "iam": (
        "iam::${AWS::AccountId}:role/{}*",
        "iam::${AWS::AccountId}:policy/{}*",
        "iam::${AWS::AccountId}:group/{}*",
        "iam::${AWS::AccountId}:role/aws-service-role/*",
    ),
    "kms": ("kms:*:${AWS::AccountId}:key/*", "kms:*:${AWS::AccountId}:alias/{}*"),
    "logs": (
        "logs:*:${AWS::AccountId}:log-group:{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/rds/cluster/{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/ecs/containerinsights/{}*",
        "logs:*:${AWS::AccountId}:log-group:/aws/vendedlogs/states/{}*",
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
}

# What using artifacts takes, of their objects, their bucket and their key.
OBJECTS = ("GetObject", "GetObjectVersion", "PutObject")
BUCKET = ("GetBucketLocation", "GetBucketVersioning", "ListBucket")
KEY = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")


def on(service: str, *names: str) -> list[Action]:
    """Return actions of one service."""
    return [Action(service, name) for name in names]


def in_account(arn: str) -> Sub:
    """Return an ARN of this account and partition: `in_account("ecs:*:${AWS::AccountId}:cluster/x")`."""
    return Sub("arn:${AWS::Partition}:" + arn)


def stacks_named(prefixes: Iterable[str]) -> list[Value]:
    """Return the ARNs of the stacks whose names begin so, in every region of this account."""
    return [in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{prefix}*/*") for prefix in prefixes]


def assumed_by_roles(role_arns: Sequence[Value]) -> PolicyDocument:
    """Trust roles, such as the pipeline's, to assume the role."""
    trusted = Statement(Effect=Allow, Action=[AssumeRole], Principal=Principal("AWS", list(role_arns)))
    return policy(trusted)


def assumed_by_cloudformation() -> PolicyDocument:
    """Trust CloudFormation. It sends no source account with a role, and roles are passed within an account only.

    Source: AWS CloudFormation User Guide, "CloudFormation service role".
    """
    trusted = Statement(Effect=Allow, Action=[AssumeRole], Principal=service_principal("cloudformation"))
    return policy(trusted)


def from_account(account: Value, role_arns: Sequence[Value]) -> dict[str, object]:
    """Return the principal and condition that admit roles of another account, by ARNs that may hold `*`.

    A policy that named a role which is not there yet would be refused.
    """
    return {
        "Principal": Principal("AWS", Sub("arn:${AWS::Partition}:iam::${Account}:root", Account=account)),
        "Condition": Condition([ArnLike("aws:PrincipalArn", list(role_arns))]),
    }


def trust_roles_of(account: Value, role_arns: Sequence[Value]) -> Statement:
    """Trust roles of another account to assume the role."""
    return Statement(Effect=Allow, Action=[AssumeRole], **from_account(account, role_arns))


def share_artifacts(bucket_arn: Value, account: Value, role_arns: Sequence[Value]) -> list[Statement]:
    """Let roles of another account read the bucket's artifacts, and write what their actions put out.

    Source: AWS CodePipeline User Guide, "Create a pipeline that uses resources from another account".
    """
    guests = from_account(account, role_arns)
    return [
        Statement(Effect=Allow, Action=on("s3", *OBJECTS), Resource=[within(bucket_arn, "/*")], **guests),
        Statement(Effect=Allow, Action=on("s3", *BUCKET), Resource=[bucket_arn], **guests),
    ]


def share_key(account: Value, role_arns: Sequence[Value]) -> Statement:
    """Let roles of another account use the key of the artifacts. In a key's policy, `*` is that key."""
    return Statement(Effect=Allow, Action=on("kms", *KEY), Resource=["*"], **from_account(account, role_arns))


def share_images(account: Value, role_arns: Sequence[Value]) -> Statement:
    """Let roles of another account pull images. A repository's policy names no resource: it is the repository."""
    pull = on("ecr", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    return Statement(Effect=Allow, Action=pull, **from_account(account, role_arns))


def allow_assuming(role_arns: Sequence[Value]) -> Statement:
    """Assume roles."""
    return allow([AssumeRole], role_arns)


def allow_passing(role_arns: Sequence[Value], service: str) -> Statement:
    """Hand roles to one service, `cloudformation` for example, and to no other."""
    to_service = Condition([StringLike("iam:PassedToService", f"{service}.*")])
    return allow(on("iam", "PassRole"), role_arns, to_service)


def allow_using_artifacts(bucket_arn: Value, key_arn: Value) -> list[Statement]:
    """Read and write the artifacts that the pipeline's actions hand on."""
    return [
        allow(on("s3", *OBJECTS), [within(bucket_arn, "/*")]),
        allow(on("s3", *BUCKET), [bucket_arn]),
        allow(on("kms", *KEY), [key_arn]),
    ]


def allow_reading_codecommit(repository_arn: Value) -> Statement:
    """Take a commit of one repository as the pipeline's source.

    Source: AWS CodePipeline User Guide, "Manage the CodePipeline service role", on CodeCommit.
    """
    reads = (
        "GetBranch",
        "GetCommit",
        "GetRepository",
        "GetUploadArchiveStatus",
        "UploadArchive",
        "CancelUploadArchive",
    )
    return allow(on("codecommit", *reads), [repository_arn])


def allow_comparing_commits(repository_arn: Value) -> Statement:
    """See which files differ between two commits of one repository."""
    return allow(on("codecommit", "GetDifferences"), [repository_arn])


def allow_using_connection(connection_arn: Value) -> Statement:
    """Read repositories through a connection; the service kept its old name's prefix beside the new one."""
    use = [*on("codeconnections", "UseConnection"), *on("codestar-connections", "UseConnection")]
    return allow(use, [connection_arn])


def allow_reading_source_bucket(bucket_arn: Value) -> list[Statement]:
    """Take a zip from a bucket as the pipeline's source."""
    return [
        allow(on("s3", "GetObject", "GetObjectVersion", "GetObjectTagging"), [within(bucket_arn, "/*")]),
        allow(on("s3", "GetBucketAcl", "GetBucketLocation", "GetBucketVersioning", "ListBucket"), [bucket_arn]),
    ]


def allow_starting_pipeline(pipeline_arn: Value) -> Statement:
    """Start one pipeline."""
    return allow(on("codepipeline", "StartPipelineExecution"), [pipeline_arn])


def allow_running_builds(project_arns: Sequence[Value]) -> Statement:
    """Start builds of projects, follow and stop them."""
    return allow(on("codebuild", "BatchGetBuilds", "StartBuild", "StopBuild"), project_arns)


def allow_writing_reports() -> Statement:
    """Write test and coverage reports; their groups are named after the build project, and that after the stack."""
    names = ("BatchPutCodeCoverages", "BatchPutTestCases", "CreateReport", "CreateReportGroup", "UpdateReport")
    groups = in_account("codebuild:${AWS::Region}:${AWS::AccountId}:report-group/${AWS::StackName}-*")
    return allow(on("codebuild", *names), [groups])


def allow_pushing_images(repository_arns: Sequence[Value]) -> list[Statement]:
    """Push images to repositories, read what scans found, and mark an image. Signing in needs `*`."""
    layers = ("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "UploadLayerPart")
    images = ("BatchGetImage", "DescribeImages", "DescribeImageScanFindings", "GetDownloadUrlForLayer", "PutImage")
    signing_in = allow_everywhere("SigningInHasNoResource", on("ecr", "GetAuthorizationToken"))
    return [signing_in, allow(on("ecr", *layers, *images), repository_arns)]


def allow_marking_images(repository_arns: Sequence[Value]) -> Statement:
    """Give an image that is there another tag."""
    return allow(on("ecr", "BatchGetImage", "DescribeImages", "PutImage"), repository_arns)


def allow_changing_stacks(prefixes: Iterable[str]) -> Statement:
    """Create, review and execute change sets of stacks, and update them."""
    changes = (
        "CreateChangeSet",
        "CreateStack",
        "DeleteChangeSet",
        "ExecuteChangeSet",
        "SetStackPolicy",
        "TagResource",
        "UpdateStack",
    )
    reads = ("DescribeChangeSet", "DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "GetTemplate")
    return allow(on("cloudformation", *changes, *reads), stacks_named(prefixes))


def allow_reviewing_stacks(prefixes: Iterable[str]) -> Statement:
    """Make change sets of stacks to see what would change, and remove them again without executing them."""
    names = (
        "CreateChangeSet",
        "DeleteChangeSet",
        "DescribeChangeSet",
        "DescribeStacks",
        "GetTemplateSummary",
        "TagResource",
    )
    return allow(on("cloudformation", *names), stacks_named(prefixes))


def allow_reading_stacks(prefixes: Iterable[str]) -> Statement:
    """Read stacks' outputs, and protect them from deletion."""
    return allow(on("cloudformation", "DescribeStacks", "UpdateTerminationProtection"), stacks_named(prefixes))


def allow_publishing_to(topic_arn: Value) -> Statement:
    """Publish to one topic."""
    return allow(on("sns", "Publish"), [topic_arn])


def of_stages(project: str) -> Condition:
    """Hold for what a stage of the project is made of, by its tags."""
    return Condition([StringEquals("aws:ResourceTag/project", project), StringLike("aws:ResourceTag/stage", "?*")])


def of_no_stage(project: str) -> Condition:
    """Hold for what belongs to the project and to none of its stages, by its tags."""
    return Condition([StringEquals("aws:ResourceTag/project", project), Null("aws:ResourceTag/stage", True)])


def allow_creating(kinds: Iterable[str], prefixes: Sequence[str], own: Condition) -> list[Statement]:
    """Allow what CloudFormation calls to create, change and delete resources of these types in stacks named so.

    `permissions` knows the actions. Names narrow them where a service puts names in ARNs; where it does not, tags
    (`own`) narrow what may be changed or deleted, and the account the rest. Raises `UnknownPermissions`.
    """
    called = {action for kind in kinds for action in permissions.actions_for(kind)} | {"cloudformation:DescribeStacks"}
    known = [permissions.action(name) for name in sorted(called)]
    wide = [action.name for action in known if not action.takes_resource]
    tagged = [action.name for action in known if action.decided_by_tag]
    named = [action.name for action in known if action.name not in {*wide, *tagged}]
    return [
        *(allow(_literal(some), _resources(service, prefixes)) for service, some in _by_service(named)),
        *(allow(_literal(some), _resources(service, prefixes), own) for service, some in _by_service(tagged)),
        allow_everywhere("TheseHaveNoResource", _spelled(wide)),
    ]


def refuse_own_things(prefixes: Sequence[str]) -> Statement:
    """Keep stages' roles off the delivery's own roles, policies, buckets and images."""
    services = ("ecr", "iam", "s3")
    patterns = [pattern for service in services for pattern in NAMED[service] if "{}" in pattern]
    resources = [in_account(pattern.replace("{}", prefix)) for pattern in patterns for prefix in prefixes]
    return Statement(
        Sid="RefuseDelivery", Effect=Deny, Action=[Action(service, "*") for service in services], Resource=resources
    )


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
    patterns = {pattern for pattern, count in Counter(map(_reading, actions)).items() if pattern and count > 1}
    spelled = (_reading(action) if _reading(action) in patterns else action for action in actions)
    return [Action(*action.split(":")) for action in dict.fromkeys(spelled)]


def _reading(action: str) -> str:
    """Return the pattern of an action that describes or lists, `ec2:Describe*`, or nothing."""
    found = re.match(r"[a-z0-9-]+:(Describe|List)", action)
    return f"{found.group()}*" if found else ""


def _resources(service: str, prefixes: Sequence[str]) -> list[Value]:
    patterns = NAMED.get(service, (f"{service}:*:${{AWS::AccountId}}:*",))
    if service == "cloudformation":
        return stacks_named(prefixes)
    formed = [pattern.replace("{}", prefix) for pattern in patterns for prefix in prefixes]
    return [in_account(arn) for arn in dict.fromkeys(formed)]


def _characters(statements: Sequence[Statement]) -> int:
    return len(compact_json(document(*statements)))


def document(*statements: Statement) -> dict[str, object]:
    """Make a policy document as the plain dictionary that `AWS::IAM::RolePolicy` takes."""
    return dict(encode_to_dict(policy(*statements)))
