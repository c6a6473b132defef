"""IAM statements about people, by intent: what developers may see, change and start, and what only approvers may do.

Every statement is about this project's things, found by name where ARNs have names. `*` stands where AWS offers no
narrower resource, which is so for most lists and descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from awacs.aws import Action, ArnEquals, BoolIfExists, Condition, Deny, Statement, StringEquals, StringNotEquals
from troposphere import AccountId

from ..core.names import PERSONAL_PREFIX
from ..core.values import Value
from .pipeline_policies import in_account, on
from .policies import allow, allow_everywhere

# Whose stages are whose: an IAM user's own name, or the `developer` tag that an identity provider hands over.
OWNERS = ("${!aws:username}", "${!aws:PrincipalTag/developer}")
READS = re.compile("BatchGet|Describe|Get|GitPull|List")
STAGE_TAG = "aws:ResourceTag/stage"


def allow_seeing_stacks(project: str) -> list[Statement]:
    """See stacks, what is in them, what happened and what would change."""
    one = (
        *("DescribeChangeSet", "DescribeEvents", "DescribeStackEvents", "DescribeStackResource"),
        *("DescribeStackResources", "DescribeStacks", "DetectStackDrift", "DescribeStackResourceDrifts"),
        *("GetStackPolicy", "GetTemplate", "ListChangeSets", "ListStackResources"),
    )
    everywhere = ("DescribeStackDriftDetectionStatus", "GetTemplateSummary", "ListStacks", "ValidateTemplate")
    stacks = in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{project}-*/*")
    lists = allow_everywhere("ListsOfStacksHaveNoResource", on("cloudformation", *everywhere))
    return [allow(on("cloudformation", *one), [stacks]), lists]


def allow_seeing_resources() -> Statement:
    """See what the stages are made of. AWS narrows none of these to a resource; data and secrets are not among them."""
    actions = [
        *on("application-autoscaling", "DescribeScalableTargets", "DescribeScalingActivities"),
        *on("application-autoscaling", "DescribeScalingPolicies", "DescribeScheduledActions"),
        *on("ec2", "DescribeAvailabilityZones", "DescribeFlowLogs", "DescribeNatGateways", "DescribeNetworkInterfaces"),
        *on("ec2", "DescribeRouteTables", "DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets"),
        *on("ec2", "DescribeVpcEndpoints", "DescribeVpcs"),
        *on("ecs", "DescribeTaskDefinition", "ListClusters", "ListServices", "ListTaskDefinitions"),
        *on("elasticloadbalancing", "DescribeListeners", "DescribeLoadBalancers", "DescribeRules"),
        *on("elasticloadbalancing", "DescribeTargetGroups", "DescribeTargetHealth"),
        *on("kms", "ListAliases"),
        *on("rds", "DescribeDBEngineVersions", "DescribeEvents"),
        *on("tag", "GetResources"),
    ]
    return allow_everywhere("DescriptionsHaveNoResource", actions)


DATABASE_KINDS = ("cluster", "cluster-snapshot", "db")


def allow_seeing_named(project: str) -> list[Statement]:
    """See the project's services, databases and images, by their names."""
    ecs = on("ecs", "DescribeClusters", "DescribeServices", "DescribeTasks", "ListTasks", "ListServiceDeployments")
    rds = on("rds", "DescribeDBClusterSnapshots", "DescribeDBClusters", "DescribeDBInstances", "ListTagsForResource")
    ecr = on("ecr", "DescribeImageScanFindings", "DescribeImages", "DescribeRepositories", "ListImages")
    return [
        allow(ecs, _named("ecs", project, "cluster", "service", "task", "container-instance")),
        allow(rds, [in_account(f"rds:*:${{AWS::AccountId}}:{kind}:{project}-*") for kind in DATABASE_KINDS]),
        allow(ecr, _named("ecr", project, "repository")),
    ]


def allow_reading_logs(project: str) -> list[Statement]:
    """Read and search the log groups of every stage."""
    one = ("DescribeLogStreams", "FilterLogEvents", "GetLogEvents", "GetLogGroupFields", "GetQueryResults")
    more = ("StartLiveTail", "StartQuery")
    everywhere = ("DescribeLogGroups", "DescribeQueries", "DescribeQueryDefinitions", "StopQuery")
    of_aws = ("/aws/rds/cluster/", "/aws/ecs/containerinsights/", "/aws/vendedlogs/states/", "aws-waf-logs-")
    beginnings = ("", *of_aws)
    groups = [in_account(f"logs:*:${{AWS::AccountId}}:log-group:{begin}{project}-*") for begin in beginnings]
    lists = allow_everywhere("ListsOfLogsHaveNoResource", on("logs", *everywhere))
    return [allow(on("logs", *one, *more), groups), lists]


def allow_reading_metrics(project: str) -> list[Statement]:
    """Read metrics and alarms, which cannot be narrowed, and the project's dashboards.

    Composite alarms are shown only to who may describe alarms everywhere. Source: Amazon CloudWatch API Reference,
    "DescribeAlarms".
    """
    names = ("DescribeAlarmHistory", "DescribeAlarms", "GetMetricData", "GetMetricStatistics")
    dashboards = in_account(f"cloudwatch::${{AWS::AccountId}}:dashboard/{project}-*")
    return [
        allow_everywhere("MetricsHaveNoResource", on("cloudwatch", *names, "ListDashboards", "ListMetrics")),
        allow(on("cloudwatch", "GetDashboard"), [dashboards]),
    ]


def allow_watching_pipeline(delivery: str) -> list[Statement]:
    """Watch the pipeline of the stack named `delivery`, its builds and their reports."""
    pipeline = ("GetPipeline", "GetPipelineExecution", "GetPipelineState", "ListActionExecutions")
    more = ("ListPipelineExecutions", "ListRuleExecutions", "ListTagsForResource")
    builds = ("BatchGetBuilds", "BatchGetProjects", "ListBuildsForProject")
    reports = ("BatchGetReportGroups", "BatchGetReports", "DescribeCodeCoverages", "DescribeTestCases")
    return [
        allow(on("codepipeline", *pipeline, *more), [pipelines(delivery)]),
        allow_everywhere("ListsOfPipelinesHaveNoResource", on("codepipeline", "ListPipelines")),
        allow(on("codebuild", *builds), [in_account(f"codebuild:*:${{AWS::AccountId}}:project/{delivery}-*")]),
        allow(
            on("codebuild", *reports, "ListReportsForReportGroup"),
            [in_account(f"codebuild:*:${{AWS::AccountId}}:report-group/{delivery}-*")],
        ),
    ]


def allow_starting_pipeline(delivery: str) -> Statement:
    """Start the pipeline, retry and take back its stages, stop it."""
    names = ("RetryStageExecution", "RollbackStage", "StartPipelineExecution", "StopPipelineExecution")
    return allow(on("codepipeline", *names), [pipelines(delivery)])


def allow_approving(delivery: str, stages: Iterable[str]) -> list[Statement]:
    """Approve these stages' changes, or none of them. The ARN is `pipeline/stage/action`."""
    approvals = [pipelines(delivery, f"/{stage}-approval/*") for stage in stages]
    return [allow(on("codepipeline", "PutApprovalResult"), approvals)] if approvals else []


def pipelines(delivery: str, within: str = "") -> Value:
    """Return the ARN of the pipeline of the stack named `delivery`, which begins with the stack's name."""
    return in_account(f"codepipeline:*:${{AWS::AccountId}}:{delivery}-*{within}")


def allow_contributing(project: str) -> list[Statement]:
    """Pull, push, and open, discuss and merge pull requests in the project's repository."""
    reads = ("BatchGetCommits", "BatchGetPullRequests", "GetBranch", "GetCommit", "GetDifferences", "GetFile")
    more = ("GetFolder", "GetMergeConflicts", "GetPullRequest", "GetRepository", "GitPull", "ListBranches")
    lists = ("GetCommentsForPullRequest", "GetPullRequestApprovalStates", "ListPullRequests")
    changes = ("CreateBranch", "CreatePullRequest", "GitPush", "MergePullRequestByFastForward")
    reviews = ("MergePullRequestBySquash", "MergePullRequestByThreeWay", "PostCommentForPullRequest")
    updates = ("PostCommentReply", "UpdatePullRequestApprovalState", "UpdatePullRequestDescription")
    rest = ("UpdatePullRequestStatus", "UpdatePullRequestTitle")
    repository = in_account(f"codecommit:*:${{AWS::AccountId}}:{project}-*")
    return [allow(on("codecommit", *reads, *more, *lists, *changes, *reviews, *updates, *rest), [repository])]


def allow_uploading(project: str, *objects: str) -> list[Statement]:
    """Upload objects, such as `BUCKET/uploads/*`, that are encrypted with a key of the project."""
    keys = in_account("kms:*:${AWS::AccountId}:key/*")
    of_project = Condition([StringEquals("aws:ResourceTag/project", project)])
    return [
        allow(on("s3", "PutObject"), [in_account(f"s3:::{name}") for name in objects]),
        allow(on("kms", "GenerateDataKey"), [keys], of_project),
    ]


def allow_building_images(delivery: str) -> Statement:
    """Have an image built from an uploaded zip, for a personal stage."""
    image = in_account(f"codebuild:*:${{AWS::AccountId}}:project/{delivery}-image")
    return allow(on("codebuild", "StartBuild"), [image])


def allow_shells(project: str, stages: Sequence[str]) -> list[Statement]:
    """Open a shell in containers of development: the stages named, and one's own, with their keys."""
    owners = [*stages, *(f"{PERSONAL_PREFIX}{owner}" for owner in OWNERS)]
    kinds = ("cluster", "task")
    clusters = [
        in_account(f"ecs:*:${{AWS::AccountId}}:{kind}/{project}-{stage}-service{'/*' if kind == 'task' else ''}")
        for stage in owners
        for kind in kinds
    ]
    of_development = Condition([StringEquals(STAGE_TAG, [owner.replace("${!", "${") for owner in owners])])
    keys = in_account("kms:*:${AWS::AccountId}:key/*")
    return [allow(on("ecs", "ExecuteCommand"), clusters), allow(on("kms", "GenerateDataKey"), [keys], of_development)]


def allow_own_stages(project: str, layers: Sequence[str], role_arn: Value) -> list[Statement]:
    """Create, change and delete one's own stages, by handing CloudFormation the role made for that, and no other way.

    The layers are spelled out: a pattern would let a developer called `al` reach the stages of `al-ice`.
    """
    by_role = ("CreateChangeSet", "CreateStack", "DeleteStack", "UpdateStack", "ContinueUpdateRollback")
    rest = ("CancelUpdateStack", "DeleteChangeSet", "ExecuteChangeSet", "SetStackPolicy", "RollbackStack")
    stacks = [
        in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{project}-{PERSONAL_PREFIX}{owner}{layer}/*")
        for owner in OWNERS
        for layer in ("", *(f"-{layer}" for layer in layers))
    ]
    through = Condition([ArnEquals("cloudformation:RoleArn", role_arn)])
    return [
        allow(on("cloudformation", *by_role), stacks, through),
        allow(on("cloudformation", *rest, "TagResource", "UpdateTerminationProtection"), stacks),
    ]


def allow_own_mfa() -> Statement:
    """Set one's own second factor and password, without which nothing else could be changed."""
    names = ("ChangePassword", "CreateVirtualMFADevice", "EnableMFADevice", "GetUser", "ListMFADevices")
    people = [in_account(f"iam::${{AWS::AccountId}}:{kind}/${{!aws:username}}") for kind in ("user", "mfa")]
    return allow(on("iam", *names, "ResyncMFADevice"), people)


def refuse_without_mfa(statements: Iterable[Statement]) -> Statement:
    """Refuse the changes that these statements allow to whoever signed in without a second factor.

    `IfExists` also catches access keys, whose requests say nothing about a second factor.
    """
    every = [action for statement in statements for action in statement.properties["Action"]]
    actions = {action.JSONrepr(): action for action in every if not READS.match(action.action)}
    return Statement(
        Sid="RefuseWithoutMfa",
        Effect=Deny,
        Action=[actions[name] for name in sorted(actions)],
        Resource=["*"],
        Condition=Condition([BoolIfExists("aws:MultiFactorAuthPresent", False)]),
    )


def refuse_stages(project: str, stages: Sequence[str]) -> list[Statement]:
    """Keep a role off the project's own stages: by their tag, and by name where a service knows no tags."""
    tagged = ("cloudwatch", "ec2", "ecs", "elasticloadbalancing", "iam", "kms", "logs", "rds", "secretsmanager")
    buckets = [in_account(f"s3:::{project}-{stage}-*") for stage in stages if f"{stage}-" != PERSONAL_PREFIX]
    return [
        Statement(
            Sid="RefuseProjectStages",
            Effect=Deny,
            Action=[Action(service, "*") for service in tagged],
            Resource=["*"],
            Condition=Condition([StringEquals(STAGE_TAG, list(stages))]),
        ),
        Statement(Sid="RefuseTheirBuckets", Effect=Deny, Action=[Action("s3", "*")], Resource=buckets),
    ]


def refuse_unbound_roles(boundary_arn: Value) -> Statement:
    """Refuse to make or widen a role that is not held within the boundary."""
    names = ("AttachRolePolicy", "CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy")
    return Statement(
        Sid="RefuseUnboundRoles",
        Effect=Deny,
        Action=on("iam", *names),
        Resource=["*"],
        Condition=Condition([StringNotEquals("iam:PermissionsBoundary", boundary_arn)]),
    )


def refuse_new_stages() -> Statement:
    """Refuse to create or update stacks; deleting them stays possible."""
    names = ("CreateChangeSet", "CreateStack", "ExecuteChangeSet", "UpdateStack")
    return Statement(Sid="OverBudget", Effect=Deny, Action=on("cloudformation", *names), Resource=["*"])


def allow_within(actions: Sequence[Action]) -> Statement:
    """Bound what roles of personal stages can be given: what the stages' own roles do, in this account.

    It grants nothing; `*` stands because a boundary meets what the roles themselves name.
    """
    own = Condition([StringEquals("aws:ResourceAccount", AccountId)])
    return allow_everywhere("BoundsAndGrantsNothing", actions, own)


def allow_attaching(policy_arn: Value, group_arn: Value) -> Statement:
    """Attach one policy to one group, and detach it again."""
    only = Condition([ArnEquals("iam:PolicyARN", policy_arn)])
    return allow(on("iam", "AttachGroupPolicy", "DetachGroupPolicy"), [group_arn], only)


def _named(service: str, project: str, *kinds: str) -> list[Value]:
    return [in_account(f"{service}:*:${{AWS::AccountId}}:{kind}/{project}-*") for kind in kinds]
