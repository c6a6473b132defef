"""IAM statements about people, by intent: what developers may see, change and start, and what only approvers may do.

Every statement is about this project, found by name where ARNs have names. `*` stands where AWS offers no narrower
resource, which is so for most lists and descriptions. The same statements serve IAM groups and permission sets of
IAM Identity Center: nothing depends on how somebody signed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from awacs.aws import (
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
from .pipeline_policies import in_account, on
from .policies import allow, allow_everywhere

STAGE_TAG = "aws:ResourceTag/stage"
OWN_MFA = (
    *("ChangePassword", "CreateVirtualMFADevice", "EnableMFADevice"),
    *("GetUser", "ListMFADevices", "ResyncMFADevice"),
)


def allow_seeing(project: str) -> list[Statement]:
    """See what the project consists of and what happens to it; data and secrets are not among that."""
    stacks = in_account(f"cloudformation:*:${{AWS::AccountId}}:stack/{project}-*/*")
    containers = in_account(f"ecs:*:${{AWS::AccountId}}:*/{project}-*")
    databases = in_account(f"rds:*:${{AWS::AccountId}}:*:{project}-*")
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
        allow(on("cloudformation", "Describe*", "DetectStackDrift", "Get*", "List*"), [stacks]),
        allow(on("ecs", "Describe*"), [containers]),
        allow(on("rds", "Describe*", "ListTagsForResource"), [databases]),
        allow(on("ecr", "Describe*", "ListImages"), [images]),
        allow_everywhere("DescriptionsHaveNoResource", everywhere),
    ]


def allow_diagnosing(project: str) -> list[Statement]:
    """Read and search the log groups of every stage, its metrics and alarms, which have no names, and its dashboards.

    Composite alarms are shown only to who may describe alarms everywhere. Source: Amazon CloudWatch API Reference,
    "DescribeAlarms".
    """
    groups = in_account(f"logs:*:${{AWS::AccountId}}:log-group:*{project}-*")
    dashboards = in_account(f"cloudwatch::${{AWS::AccountId}}:dashboard/{project}-*")
    searching = ("DescribeLogStreams", "FilterLogEvents", "Get*", "StartLiveTail", "StartQuery")
    everywhere = [
        *on("cloudwatch", "DescribeAlarm*", "GetMetric*", "List*"),
        *on("logs", "DescribeLogGroups", "DescribeQueries", "DescribeQueryDefinitions", "StopQuery"),
    ]
    return [
        allow(on("logs", *searching), [groups]),
        allow(on("cloudwatch", "GetDashboard"), [dashboards]),
        allow_everywhere("MetricsHaveNoResource", everywhere),
    ]


def allow_watching_pipeline(delivery: str) -> list[Statement]:
    """Watch the pipeline of the stack named `delivery`, its builds and their reports."""
    kinds = ("project", "report-group")
    builds = [in_account(f"codebuild:*:${{AWS::AccountId}}:{kind}/{delivery}-*") for kind in kinds]
    return [
        allow(on("codepipeline", "Get*", "List*"), [pipelines(delivery)]),
        allow(on("codebuild", "BatchGet*", "Describe*", "List*"), builds),
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
    """Open a shell in containers of stages that allow it."""
    services = [names.stack(project, stage, "service") for stage in stages]
    kinds = (("cluster", ""), ("task", "/*"))
    tasks = [
        in_account(f"ecs:*:${{AWS::AccountId}}:{kind}/{service}{rest}") for service in services for kind, rest in kinds
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

    `IfExists` also catches access keys, whose requests say nothing about a second factor.
    """
    every = [action for statement in reading for action in statement.properties["Action"]]
    free = {action.JSONrepr(): action for action in [*every, *on("iam", *OWN_MFA), *on("sts", "GetSessionToken")]}
    return Statement(
        Sid="RefuseWithoutMfa",
        Effect=Deny,
        NotAction=[free[name] for name in sorted(free)],
        Resource=["*"],
        Condition=Condition([BoolIfExists("aws:MultiFactorAuthPresent", False)]),
    )
