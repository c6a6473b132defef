"""IAM statements of previews, by intent: what CloudFormation may make for one, what ends it, and what people may do.

A developer writes the template of a preview, so whatever is allowed here is allowed to any template: it can run any
image in the stage's own roles and network, and reach nothing that the stage cannot. Names limit what can be made or
changed; where ARNs hold no name of ours, tags do: a preview's things have a tag `preview`, the stage's own do not.
"""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import (
    ArnEquals,
    Condition,
    Deny,
    Null,
    Statement,
    StringEquals,
    StringEqualsIfExists,
)

from ..core import names
from ..core.values import Value
from .pipeline_policies import allow_passing, allow_reading_quotas, stacks_named
from .placement import allow_placing_services
from .policies import allow, allow_everywhere, in_account, on, stage_tags

TAG = "preview"
EXPIRY = "expiry"
ALARMS = ("DeleteAlarms", "ListTagsForResource", "PutMetricAlarm", "TagResource", "UntagResource")
LOGS = (
    *("AssociateKmsKey", "CreateLogGroup", "DeleteDataProtectionPolicy", "DeleteLogGroup", "DeleteRetentionPolicy"),
    *("PutBearerTokenAuthentication", "PutDataProtectionPolicy", "PutLogGroupDeletionProtection", "DisassociateKmsKey"),
    *("GetDataProtectionPolicy", "ListTagsForResource", "PutRetentionPolicy", "TagResource", "UntagResource"),
)
SCALING = (
    *("DeleteScalingPolicy", "DeleteScheduledAction", "DeregisterScalableTarget", "ListTagsForResource"),
    *("PutScalingPolicy", "PutScheduledAction", "RegisterScalableTarget", "TagResource", "UntagResource"),
)
SCHEDULES = ("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")
# What changes a target group or a rule that is there.
BALANCING = (
    *("AddTags", "DeleteRule", "DeleteTargetGroup", "DeregisterTargets", "ModifyRule", "ModifyTargetGroup"),
    *("ModifyTargetGroupAttributes", "RegisterTargets", "RemoveTags", "SetRulePriorities"),
)
DESCRIBING = {
    "application-autoscaling": ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"),
    "cloudwatch": ("DescribeAlarms", "GetMetricData"),
    "ec2": ("DescribeVpcs",),
    "ecs": ("DeregisterTaskDefinition", "DescribeTaskDefinition"),
    "elasticloadbalancing": (
        *("DescribeRules", "DescribeTags", "DescribeTargetGroupAttributes", "DescribeTargetGroups"),
        "DescribeTargetHealth",
    ),
    "logs": ("DescribeIndexPolicies", "DescribeLogGroups", "DescribeResourcePolicies"),
}


def roles_of_tasks(project: str, stage: str, service: str) -> list[Value]:
    """Return the ARNs of the roles that a stage's tasks have, by the beginning of their names."""
    stack = names.stack(project, stage, "service")
    return [
        in_account(f"iam::${{AWS::AccountId}}:role/{stack}-{service}{kind}Role-*") for kind in ("Task", "Execution")
    ]


def allow_making_previews(
    project: str, stage: str, service: str, subnets: Sequence[Value], expiry_role_arn: Value
) -> list[Statement]:
    """Allow what CloudFormation calls to make, change and remove the stack of a preview, and nothing beside it.

    `subnets` are where its tasks may run: a service elsewhere would stand in another stage's network.
    """
    prefix = names.preview(project, stage, "")
    cluster = f"{names.stack(project, stage, 'service')}-*"
    services, deployments = (
        in_account(f"ecs:*:${{AWS::AccountId}}:{kind}/{cluster}/{prefix}*")
        for kind in ("service", "service-deployment")
    )
    definitions = in_account(f"ecs:*:${{AWS::AccountId}}:task-definition/{prefix}*")
    watching = ("DescribeServiceDeployments", "DescribeServices", "ListServiceDeployments", "StopServiceDeployment")
    return [
        allow(on("cloudformation", "DescribeStacks"), stacks_named(names.stack(project, stage, ""))),
        allow_placing_services([services], subnets),
        allow(
            on("ecs", "DeleteService", "ListTagsForResource", "TagResource", "UntagResource", *watching),
            [services, deployments],
        ),
        allow(
            on("ecs", "RegisterTaskDefinition", "ListTagsForResource", "TagResource", "UntagResource"), [definitions]
        ),
        allow(on("logs", *LOGS), [in_account(f"logs:*:${{AWS::AccountId}}:log-group:{prefix}*")]),
        allow(on("cloudwatch", *ALARMS), [in_account(f"cloudwatch:*:${{AWS::AccountId}}:alarm:{prefix}*")]),
        allow(on("scheduler", *SCHEDULES), [in_account(f"scheduler:*:${{AWS::AccountId}}:schedule/default/{prefix}*")]),
        *allow_scaling(project, stage),
        *allow_standing_behind_load_balancer(project, stage),
        allow_passing(roles_of_tasks(project, stage, service), "ecs-tasks"),
        allow_passing([expiry_role_arn], "scheduler"),
        allow(on("iam", "GetRole"), roles_of_tasks(project, stage, service)),
        allow_everywhere("TheseHaveNoResource", [one for key, some in DESCRIBING.items() for one in on(key, *some)]),
    ]


def allow_scaling(project: str, stage: str) -> list[Statement]:
    """Set how many tasks a service runs, unless that is another stage's service or the stage's own.

    Application Auto Scaling also asks whether the caller may change the service itself, which names decide.
    Source: Application Auto Scaling User Guide, "Permissions validation for Application Auto Scaling API calls".
    """
    targets = in_account("application-autoscaling:*:${AWS::AccountId}:scalable-target/*")
    linked = in_account("iam::${AWS::AccountId}:role/aws-service-role/ecs.application-autoscaling.*/*")
    return [
        allow(on("application-autoscaling", *SCALING), [targets], _of_previews(project, stage, or_new=True)),
        allow(on("iam", "CreateServiceLinkedRole"), [linked]),
    ]


def allow_standing_behind_load_balancer(project: str, stage: str) -> list[Statement]:
    """Make target groups and rules of the stage's listeners, and change those that previews made.

    Their ARNs hold five letters of a stack's name at the most. Tags are given while something is made, and later only
    to what has a preview's: nothing of the stage can be turned into a preview's by tagging it.
    Source: Service Authorization Reference, "Condition keys for AWS Elastic Load Balancing V2".
    """
    balancing = "elasticloadbalancing:*:${AWS::AccountId}"
    groups = in_account(f"{balancing}:targetgroup/*")
    listeners, rules = (in_account(f"{balancing}:listener{kind}/*") for kind in ("", "-rule"))
    tagged = Condition([StringEquals("elasticloadbalancing:CreateAction", ["CreateRule", "CreateTargetGroup"])])
    of_stage = Condition([StringEquals(stage_tags(project, stage))])
    return [
        allow(on("elasticloadbalancing", "CreateTargetGroup"), [groups]),
        allow(on("elasticloadbalancing", "CreateRule"), [listeners], of_stage),
        allow(on("elasticloadbalancing", "AddTags"), [groups, rules], tagged),
        allow(on("elasticloadbalancing", *BALANCING), [groups, rules], _of_previews(project, stage)),
    ]


def allow_ending_previews(project: str, stage: str) -> list[Statement]:
    """Delete the stacks of previews. CloudFormation goes on in the role that it made them in; none is handed to it."""
    return [allow(on("cloudformation", "DeleteStack"), stacks_named(names.preview(project, stage, "")))]


def allow_running_tasks(family: Value, cluster_arn: Value, role_arns: Sequence[Value]) -> list[Statement]:
    """Run tasks of definitions whose names begin so in one cluster, as EventBridge must, with these roles of theirs.

    Source: Amazon EventBridge User Guide, "Amazon ECS targets", permissions.
    """
    definitions = in_account("ecs:${AWS::Region}:${AWS::AccountId}:task-definition/${Family}", Family=family)
    in_cluster = Condition([ArnEquals("ecs:cluster", cluster_arn)])
    return [allow(on("ecs", "RunTask"), [definitions], in_cluster), allow_passing(role_arns, "ecs-tasks")]


def allow_waking(cluster_name: Value, services: Sequence[str], parameter: str) -> list[Statement]:
    """Say how many tasks services of one cluster are to have, whose names are like these, or are in a parameter.

    What the services run cannot be changed so: that would need roles to be passed on.
    """
    arns = [
        in_account(
            "ecs:${AWS::Region}:${AWS::AccountId}:service/${Cluster}/${Service}",
            Cluster=cluster_name,
            Service=service,
        )
        for service in services
    ]
    held = in_account(f"ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/{parameter}")
    return [allow(on("ecs", "DescribeServices", "UpdateService"), arns), allow(on("ssm", "GetParameter"), [held])]


def allow_writing_logs(project: str, stage: str) -> Statement:
    """Write to the streams of the log groups that a stage's previews have."""
    groups = in_account(f"logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{names.preview(project, stage, '*')}:*")
    return allow(on("logs", "CreateLogStream", "PutLogEvents"), [groups])


def allow_developing_previews(project: str, stage: str, making_role_arn: Value) -> list[Statement]:
    """Make, change and end the previews of a stage, and push the images that they run.

    CloudFormation works in the stage's role for previews, which must be named each time, so that a stack which somebody
    else once made in another role is out of reach too.
    """
    stacks = stacks_named(names.preview(project, stage, ""))
    in_role = Condition([StringEquals("cloudformation:RoleArn", making_role_arn)])
    changing = ("CreateChangeSet", "CreateStack", "DeleteStack", "RollbackStack", "UpdateStack")
    finishing = ("CancelUpdateStack", "DeleteChangeSet", "ExecuteChangeSet", "SetStackPolicy", "TagResource")
    return [
        allow(on("cloudformation", "ContinueUpdateRollback", *changing), stacks, in_role),
        allow(on("cloudformation", *finishing), stacks),
        refuse_imports(stacks),
        allow_passing([making_role_arn], "cloudformation"),
        allow_reading_quotas(),
        *allow_pushing(
            in_account(f"ecr:*:${{AWS::AccountId}}:repository/{names.stack(project, stage, names.PREVIEWS)}-*")
        ),
    ]


def refuse_imports(stacks: Sequence[Value]) -> Statement:
    """Refuse to import what others made into a preview's stack, which could then delete it."""
    importing = Condition([Null("cloudformation:ImportResourceTypes", False)])
    change = on("cloudformation", "CreateChangeSet")
    return Statement(Sid="NoImports", Effect=Deny, Action=change, Resource=list(stacks), Condition=importing)


def allow_pushing(repository: Value) -> list[Statement]:
    """Push images to the repository of previews. Signing in needs `*`."""
    layers = ("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "UploadLayerPart")
    images = ("BatchGetImage", "GetDownloadUrlForLayer", "PutImage")
    signing_in = allow_everywhere("SigningInHasNoResource", on("ecr", "GetAuthorizationToken"))
    return [signing_in, allow(on("ecr", *layers, *images), [repository])]


def refuse_more() -> list[Statement]:
    """Refuse to run anything more: what a stage's budget attaches to the previews' role. Ending them still works.

    Who may not change a service cannot scale it either, see `allow_scaling`.
    """
    running = on("ecs", "CreateService", "RegisterTaskDefinition", "UpdateService")
    return [Statement(Sid="BudgetIsSpent", Effect=Deny, Action=running, Resource=["*"])]


def allow_attaching(role_arn: Value, policy_arn: Value) -> Statement:
    """Attach one policy to one role, and detach it."""
    this_one = Condition([ArnEquals("iam:PolicyARN", policy_arn)])
    return allow(on("iam", "AttachRolePolicy", "DetachRolePolicy"), [role_arn], this_one)


def name(project: str, stage: str, kind: str, region: str = names.THIS_REGION) -> str:
    """Name a role or policy of a stage's previews, as the stage's own roles are named."""
    return names.iam_name(names.stage_access(project, stage), kind, region)


def policy_arn(project: str, stage: str, region: str) -> Value:
    """Return the ARN of what developers of previews may do, which stands beside the stage's roles."""
    return in_account(f"iam::${{AWS::AccountId}}:policy/{name(project, stage, TAG, region)}")


def expiry_role_arn(project: str, stage: str) -> Value:
    """Return the ARN of the role that ends previews at their hour."""
    return in_account(f"iam::${{AWS::AccountId}}:role/{name(project, stage, EXPIRY)}")


def _of_previews(project: str, stage: str, or_new: bool = False) -> Condition:
    """Hold for what previews of a stage made, by its tags; with `or_new` also for what has none yet."""
    if or_new:
        return Condition([StringEqualsIfExists(stage_tags(project, stage))])
    return Condition([StringEquals(stage_tags(project, stage)), Null(f"aws:ResourceTag/{TAG}", False)])
