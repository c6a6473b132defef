"""IAM statements about people, by intent: what developers may see, change and start, and what only approvers may do.

Every statement is about this project, found by name where ARNs have names. `*` stands where AWS offers no narrower
resource, which is so for most lists and descriptions. The same statements serve IAM groups and permission sets of
IAM Identity Center: nothing depends on how somebody signed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from awacs.aws import (
    Action,
    BoolIfExists,
    Condition,
    Deny,
    Null,
    Statement,
    StringEquals,
    StringEqualsIfExists,
)

from ..core import names
from ..core.values import Value
from .cloudformation_policies import by_verb
from .policies import allow, allow_everywhere, in_account, on

STAGE_TAG = "aws:ResourceTag/stage"
# What takes a stack, a container or a database by name. Other descriptions take `*` or what the project has none of.
OF_STACKS = (
    *("DescribeChangeSet*", "DescribeEvents", "DescribeStackEvents", "DescribeStackResource*", "DescribeStacks"),
    *("DetectStackDrift", "GetStackPolicy", "GetTemplate"),
    *("ListChangeSets", "ListStackResources"),
)
OF_DATABASES = (
    *("DescribeDBClusterParameter*", "DescribeDBClusterSnapshots", "DescribeDBClusters", "DescribeDBInstances"),
    *("DescribeDBSubnetGroups", "DescribePendingMaintenanceActions", "ListTagsForResource"),
)
CONTAINERS = ("cluster/", "service/", "service-deployment/", "service-revision/", "task/")
DATABASES = ("cluster:", "cluster-pg:", "cluster-snapshot:", "db:", "subgrp:")
OWN_MFA = (
    *("ChangePassword", "CreateVirtualMFADevice", "EnableMFADevice"),
    *("GetUser", "ListMFADevices", "ResyncMFADevice"),
)


def allow_seeing(project: str) -> list[Statement]:
    """See what the project consists of and what happens to it; data and secrets are not among that."""
    stacks = in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{project}-*/*")
    images = in_account(f"ecr:*:${{AWS::AccountId}}:repository/{project}-*")
    everywhere = [
        *on("application-autoscaling", "Describe*"),
        *on("cloudformation", "DescribeStackDriftDetectionStatus", "GetTemplateSummary", "ListStacks"),
        *on("ec2", "Describe*"),
        *on("ecs", "DescribeTaskDefinition", "List*"),
        *on("elasticloadbalancing", "Describe*"),
        *on("kms", "ListAliases"),
        *on("rds", "DescribeDBEngineVersions", "DescribeEvents"),
        *on("tag", "GetResources"),
    ]
    return [
        allow(on("cloudformation", *OF_STACKS), [stacks]),
        allow(on("ecs", "DescribeClusters", "DescribeService*", "DescribeTasks"), _each("ecs", CONTAINERS, project)),
        allow(on("rds", *OF_DATABASES), _each("rds", DATABASES, project)),
        allow(on("ecr", "DescribeImage*", "DescribeRepositories", "ListImages"), [images]),
        allow_everywhere("DescriptionsHaveNoResource", everywhere),
    ]


def _each(service: str, kinds: Iterable[str], project: str) -> list[Value]:
    """Return the ARNs of a project's things of these kinds, each spelled: AWS promises no wildcard for a kind."""
    return [in_account(f"{service}:*:${{AWS::AccountId}}:{kind}{project}-*") for kind in kinds]


def allow_diagnosing(project: str) -> list[Statement]:
    """Read and search the log groups of every stage, its metrics and alarms, which have no names, and its dashboards.

    Composite alarms are shown only to who may describe alarms everywhere. Source: Amazon CloudWatch API Reference,
    "DescribeAlarms".
    """
    groups = in_account(f"logs:*:${{AWS::AccountId}}:log-group:*{project}-*")
    dashboards = in_account(f"cloudwatch::${{AWS::AccountId}}:dashboard/{project}-*")
    reading = ("GetLogEvents", "GetLogGroupFields", "GetLogRecord", "GetQueryResults")
    searching = ("DescribeLogStreams", "FilterLogEvents", "StartLiveTail", "StartQuery")
    everywhere = [
        *on("cloudwatch", "DescribeAlarm*", "GetMetric*", "List*"),
        *on("logs", "DescribeLogGroups", "DescribeQueries", "DescribeQueryDefinitions", "StopQuery"),
    ]
    return [
        allow(on("logs", *reading, *searching), [groups]),
        allow(on("cloudwatch", "GetDashboard"), [dashboards]),
        allow_everywhere("MetricsHaveNoResource", everywhere),
    ]


def allow_watching_pipeline(delivery: str) -> list[Statement]:
    """Watch the pipeline of the stack named `delivery`, its builds and their reports."""
    builds = ("BatchGetBuild*", "BatchGetProjects", "ListBuild*ForProject")
    reports = ("BatchGetReport*", "Describe*", "ListReportsForReportGroup")
    return [
        allow(on("codepipeline", "GetPipeline*", "List*Executions"), [pipelines(delivery)]),
        allow(on("codebuild", *builds, *reports), _each("codebuild", ("project/", "report-group/"), delivery)),
        allow_everywhere("ListsOfPipelinesHaveNoResource", on("codepipeline", "ListPipelines")),
    ]


def allow_retrying_pipeline(delivery: str) -> list[Statement]:
    """Retry a stage that failed, and stop the pipeline. What runs stays what was merged: starting takes any commit."""
    return [
        allow(on("codepipeline", "RetryStageExecution"), [pipelines(delivery, "/*")]),
        allow(on("codepipeline", "StopPipelineExecution"), [pipelines(delivery)]),
    ]


def allow_approving(delivery: str, stages: Iterable[str]) -> list[Statement]:
    """Approve these stages' changes, or none of them. The ARN is `pipeline/stage/action`."""
    approvals = [pipelines(delivery, f"/{stage}/approve") for stage in stages]
    return [allow(on("codepipeline", "PutApprovalResult"), approvals)] if approvals else []


def pipelines(delivery: str, within: str = "") -> Value:
    """Return the ARN of the pipeline of the stack named `delivery`, which begins with the stack's name."""
    return in_account(f"codepipeline:*:${{AWS::AccountId}}:{delivery}-Pipeline-*{within}")


def allow_pulling(project: str) -> Statement:
    """Pull from the project's repository and see its pull requests."""
    repository = in_account(f"codecommit:*:${{AWS::AccountId}}:{project}-*")
    return allow(on("codecommit", "BatchGet*", "Get*", "GitPull", "List*"), [repository])


def allow_contributing(project: str, branch: str) -> list[Statement]:
    """Pull, push, and open, discuss and merge pull requests in the project's repository.

    The branch that is rolled out takes merges of pull requests only. A push first asks without naming a branch, which
    must be let through. Source: AWS CodeCommit User Guide, "Limit pushes and merges to branches".
    """
    repository = in_account(f"codecommit:*:${{AWS::AccountId}}:{project}-*")
    changes = ("CreateBranch", "CreatePullRequest", "GitPush", "MergePullRequest*", "PostComment*")
    updates = ("UpdatePullRequestApprovalState", "UpdatePullRequestDescription")
    more = ("UpdatePullRequestStatus", "UpdatePullRequestTitle")
    protected = Condition(
        [StringEqualsIfExists("codecommit:References", f"refs/heads/{branch}"), Null("codecommit:References", False)]
    )
    return [
        allow_pulling(project),
        allow(on("codecommit", *changes, *updates, *more), [repository]),
        Statement(
            Sid="MergesOnly",
            Effect=Deny,
            Action=on("codecommit", "CreateBranch", "GitPush"),
            Resource=[repository],
            Condition=protected,
        ),
    ]


def allow_shells(project: str, stages: Sequence[str]) -> list[Statement]:
    """Open a shell in containers of stages that allow it. A cluster's name goes on after its stack's."""
    services = [names.stack(project, stage, "service") for stage in stages]
    tasks = [
        in_account(f"ecs:*:${{AWS::AccountId}}:{kind}/{each}-*") for each in services for kind in ("cluster", "task")
    ]
    keys = in_account("kms:*:${AWS::AccountId}:key/*")
    of_stages = Condition([StringEquals({"aws:ResourceTag/project": project, STAGE_TAG: list(stages)})])
    return [allow(on("ecs", "ExecuteCommand"), tasks), allow(on("kms", "GenerateDataKey"), [keys], of_stages)]


def allow_own_mfa() -> Statement:
    """Set one's own second factor and password, without which nothing else could be changed."""
    people = [in_account(f"iam::${{AWS::AccountId}}:{kind}/${{!aws:username}}") for kind in ("user", "mfa")]
    return allow(on("iam", *OWN_MFA), people)


def refuse_without_mfa(reading: Iterable[Statement]) -> Statement:
    """Refuse all but what these statements allow to whoever signed in without a second factor.

    `IfExists` also catches access keys, whose requests say nothing about a second factor. What reads is written as one
    pattern for each verb: this statement allows nothing, and a shorter one leaves room in the template.
    """
    every = [action.JSONrepr() for statement in reading for action in statement.properties["Action"]]
    own = [*on("iam", *OWN_MFA), *on("sts", "GetSessionToken")]
    free = sorted({*by_verb(every), *(action.JSONrepr() for action in own)})
    return Statement(
        Sid="RefuseWithoutMfa",
        Effect=Deny,
        NotAction=[Action(*name.split(":")) for name in free],
        Resource=["*"],
        Condition=Condition([BoolIfExists("aws:MultiFactorAuthPresent", False)]),
    )
