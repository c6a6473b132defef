"""IAM statements of the pipeline, by intent: what its builds and its stages' deploy roles may do.

They stand beside `policies`, which knows what a running stage may do, and `cloudformation_policies`, which knows what
CloudFormation needs to make one. What people may do is in `people_policies`.
"""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import Allow, ArnLike, Condition, Null, PolicyDocument, Principal, Statement, StringLike
from awacs.sts import AssumeRole

from ..core import names
from ..core.composition.encoding import encoded
from ..core.values import Value
from .policies import allow, allow_everywhere, in_account, objects_of, on, policy, service_principal

# What using artifacts takes, of their bucket and their key.
BUCKET = ("GetBucketAcl", "GetBucketLocation", "GetBucketVersioning")
READING_KEY = ("Decrypt", "DescribeKey")
WRITING_KEY = ("Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")


def stacks_named(prefix: str) -> list[Value]:
    """Return the ARN of the stacks whose names begin so, in every region of this account."""
    return [in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{prefix}*/*")]


def assumed_by_role(role_arn: Value) -> PolicyDocument:
    """Trust one role, such as the pipeline's, to assume the role."""
    return policy(Statement(Effect=Allow, Action=[AssumeRole], Principal=Principal("AWS", [role_arn])))


def assumed_by_cloudformation() -> PolicyDocument:
    """Trust CloudFormation. It sends no source account with a role, and roles are passed within an account only.

    Source: AWS CloudFormation User Guide, "CloudFormation service role".
    """
    trusted = Statement(Effect=Allow, Action=[AssumeRole], Principal=service_principal("cloudformation"))
    return policy(trusted)


def from_account(account: Value, role_arns: Sequence[Value]) -> dict[str, object]:
    """Return the principal and condition that admit roles of an account, by ARNs that may hold `*`.

    A policy that named a role which is not there yet would be refused.
    """
    return {
        "Principal": Principal("AWS", in_account("iam::${Account}:root", Account=account)),
        "Condition": Condition([ArnLike("aws:PrincipalArn", list(role_arns))]),
    }


def trust_roles_of(account: Value, role_arns: Sequence[Value]) -> Statement:
    """Trust roles of an account to assume the role."""
    return Statement(Effect=Allow, Action=[AssumeRole], **from_account(account, role_arns))


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


def allow_reading_artifacts(bucket_arn: Value, key_arn: Value, artifact: str) -> list[Statement]:
    """Read artifacts of a name. Their keys are `PIPELINE/NAME/RANDOM`, with ten characters of the name.

    Source: the keys of artifacts in terraform-aws-control_tower_account_factory, issue 268.
    """
    return [
        allow(on("s3", "GetObject", "GetObjectVersion"), [objects_of(bucket_arn, f"*/{artifact}/*")]),
        allow(on("s3", *BUCKET), [bucket_arn]),
        allow(on("kms", *READING_KEY), [key_arn]),
    ]


def allow_writing_artifacts(bucket_arn: Value, key_arn: Value, artifact: str) -> list[Statement]:
    """Write artifacts of a name, and no others."""
    objects = objects_of(bucket_arn, f"*/{artifact}/*")
    return [allow(on("s3", "PutObject"), [objects]), allow(on("kms", *WRITING_KEY), [key_arn])]


def allow_reading_codecommit(repository_arn: Value) -> Statement:
    """Take a commit of one repository as the pipeline's source.

    Source: AWS CodePipeline User Guide, "Manage the CodePipeline service role", on CodeCommit.
    """
    reads = ("GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus")
    return allow(on("codecommit", *reads, "UploadArchive", "CancelUploadArchive"), [repository_arn])


def allow_using_connection(connection_arn: Value) -> Statement:
    """Read repositories through a connection. The action's service is the one in the ARN, which is new unless given.

    Source: Developer Tools console User Guide, "Connections rename - Summary of changes".
    """
    old = isinstance(connection_arn, str) and ":codestar-connections:" in connection_arn
    return allow(on("codestar-connections" if old else "codeconnections", "UseConnection"), [connection_arn])


def allow_reading_source_bucket(bucket_arn: Value) -> list[Statement]:
    """Take a zip from a bucket as the pipeline's source."""
    return [
        allow(on("s3", "GetObject", "GetObjectVersion", "GetObjectTagging"), [objects_of(bucket_arn)]),
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
    writes = ("BatchPutCodeCoverages", "BatchPutTestCases", "CreateReport", "CreateReportGroup", "UpdateReport")
    groups = in_account("codebuild:${AWS::Region}:${AWS::AccountId}:report-group/${AWS::StackName}-*")
    return allow(on("codebuild", *writes), [groups])


def allow_pushing_images(repository_arns: Sequence[Value]) -> list[Statement]:
    """Push images to repositories, read what scans found, and mark an image. Signing in needs `*`."""
    layers = ("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "UploadLayerPart")
    images = ("BatchGetImage", "DescribeImages", "DescribeImageScanFindings", "GetDownloadUrlForLayer", "PutImage")
    signing_in = allow_everywhere("SigningInHasNoResource", on("ecr", "GetAuthorizationToken"))
    return [signing_in, allow(on("ecr", *layers, *images), repository_arns)]


def allow_marking_images(repository_arns: Sequence[Value]) -> Statement:
    """Give an image that is there another tag."""
    return allow(on("ecr", "BatchGetImage", "DescribeImages", "PutImage"), repository_arns)


def allow_noting_image(project: str, stage: str) -> Statement:
    """Note which image a stage runs, in every region that has it."""
    noted = in_account(f"ssm:*:${{AWS::AccountId}}:parameter/{names.running_image(project, stage)}")
    return allow(on("ssm", "PutParameter"), [noted])


def allow_changing_stacks(prefix: str) -> list[Statement]:
    """Do with stacks what `deploy` does: create, change, protect, cancel and clear what a failed creation left.

    No change set takes in what is there already: a stack could then change or delete what belongs to others.
    """
    changes = (
        *("CancelUpdateStack", "CreateStack", "DeleteChangeSet", "DeleteStack", "ExecuteChangeSet"),
        *("SetStackPolicy", "TagResource", "UpdateTerminationProtection"),
    )
    reads = ("DescribeChangeSet", "DescribeEvents", "DescribeStackEvents")
    importing_nothing = Condition([Null("cloudformation:ImportResourceTypes", True)])
    stacks = stacks_named(prefix)
    return [
        allow(on("cloudformation", *changes, *reads), stacks),
        allow(on("cloudformation", "CreateChangeSet"), stacks, importing_nothing),
    ]


def allow_looking_at_stacks(prefix: str) -> Statement:
    """See what stacks are and hold, which is all that a plan needs: it makes no change set."""
    return allow(on("cloudformation", "DescribeStacks", "GetTemplate", "ListStackResources"), stacks_named(prefix))


def allow_reading_templates(stack: str) -> Statement:
    """See what is deployed as a stack and those named after it, to compare it with what was built."""
    own = in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{stack}/*")
    return allow(on("cloudformation", "DescribeStacks", "GetTemplate"), [own, *stacks_named(f"{stack}-")])


def allow_looking_at_account(prefix: str) -> list[Statement]:
    """See what a plan asks the account: quotas and what counts against them, CloudFront's addresses, the database."""
    everywhere = [
        *on("cloudfront", "ListDistributions*", "ListVpcOrigins"),
        *on("ec2", "DescribeAddresses", "DescribeAvailabilityZones", "DescribeManagedPrefixLists", "DescribeVpcs"),
        *on("ecs", "ListClusters"),
        *on("elasticloadbalancing", "Describe*"),
    ]
    clusters = [in_account(f"rds:*:${{AWS::AccountId}}:cluster:{prefix}*")]
    running = [in_account(f"ecs:*:${{AWS::AccountId}}:{kind}/{prefix}*") for kind in ("container-instance", "task")]
    return [
        allow_everywhere("DescriptionsHaveNoResource", everywhere),
        allow(on("ecs", "DescribeTasks", "ListTasks"), running),
        allow(on("rds", "DescribeDBClusters", "DescribeDBClusterSnapshots"), clusters),
        allow_reading_quotas(),
    ]


def allow_reading_quotas() -> Statement:
    """See how much of something the account may have."""
    return allow(on("servicequotas", "GetServiceQuota"), [in_account("servicequotas:*:${AWS::AccountId}:*")])


def allow_reading_records() -> Statement:
    """See which records of a domain somebody else has made, which a deployment would collide with."""
    return allow(on("route53", "ListResourceRecordSets"), [in_account("route53:::hostedzone/*")])


def allow_following_service(prefix: str) -> list[Statement]:
    """See how far ECS is with a service, and why tasks stopped, with their last lines."""
    services = [in_account(f"ecs:*:${{AWS::AccountId}}:{kind}/{prefix}*") for kind in ("cluster", "service")]
    lines = [in_account(f"logs:*:${{AWS::AccountId}}:log-group:{prefix}*:log-stream:*")]
    return [
        allow(on("ecs", "DescribeServices"), services),
        allow_everywhere("TaskDefinitionsHaveNoResource", on("ecs", "DescribeTaskDefinition")),
        allow(on("logs", "GetLogEvents"), lines),
    ]


def allow_publishing_to(topic_arn: Value) -> Statement:
    """Publish to one topic."""
    return allow(on("sns", "Publish"), [topic_arn])


def document(*statements: Statement) -> dict[str, object]:
    """Make a policy document as the plain dictionary that `AWS::IAM::RolePolicy` takes."""
    return dict(encoded(policy(*statements)))
