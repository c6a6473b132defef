"""Ways up: from a developer's rights, or from a commit that nobody approved, to production, its data or the pipeline.

A row says who tries what. `Developers` are people; `plan`, `test`, `image` and `deploy-dev` are builds, in which a
commit runs that nobody has approved; `in-dev-execute` is CloudFormation with a template of such a commit. A role that
such a template makes is tried with every right, since the template may give it any.
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ACCOUNT, AWAY, World, of_delivery
from .things import (
    APPROVER,
    BUCKET,
    DATABASE,
    DEV,
    DEV_KEY,
    ELSEWHERE,
    IN_ADMIN,
    IN_AWAY,
    IN_BOUNDARY,
    IN_PRODS,
    LISTENER,
    LOG,
    MAIN,
    OF_DEV,
    OF_PROD,
    OTHER,
    PIPELINE,
    PROD_KEY,
    RDS_SECRET,
    REPOSITORY,
    SESSION_SECRET,
    SNAPSHOT,
    TASK_ROLE,
    UNAPPROVED,
    arn,
    delivery_policy,
    delivery_role,
    passed_to,
    project,
    role,
    stack,
)

Row = tuple[str, str, str, str, dict[str, Any]]

PEOPLE: list[Row] = [
    ("make a user", DEV, "iam:CreateUser", arn("iam", "user/mallory"), {}),
    ("make a role", DEV, "iam:CreateRole", role("notejam-dev-mine"), IN_BOUNDARY),
    ("edit a policy", DEV, "iam:CreatePolicyVersion", delivery_policy("develop"), {}),
    ("attach a policy to oneself", DEV, "iam:AttachUserPolicy", arn("iam", "user/alice"), {}),
    ("join the approvers", DEV, "iam:AddUserToGroup", arn("iam", "group/notejam-delivery-Approvers-1"), {}),
    ("take a second factor away from another", DEV, "iam:EnableMFADevice", arn("iam", "user/bob"), {}),
    ("take on the role that deploys production", DEV, "sts:AssumeRole", delivery_role("in-prod-deploy"), {}),
    ("take on the role of a task", DEV, "sts:AssumeRole", role("notejam-dev-service-WebTaskRole-1"), {}),
    ("pass CloudFormation's role", DEV, "iam:PassRole", delivery_role("in-prod-execute"), passed_to("x")),
    (
        "pass CloudFormation's role to it",
        DEV,
        "iam:PassRole",
        delivery_role("in-prod-execute"),
        passed_to("cloudformation"),
    ),
    ("change production's stack", DEV, "cloudformation:UpdateStack", stack("prod-service"), {}),
    ("make a change set for production", DEV, "cloudformation:CreateChangeSet", stack("prod-service"), {}),
    ("execute a change set that waits", DEV, "cloudformation:ExecuteChangeSet", stack("prod-service"), {}),
    ("delete production", DEV, "cloudformation:DeleteStack", stack("prod-database"), {}),
    ("unprotect production", DEV, "cloudformation:UpdateTerminationProtection", stack("prod-database"), {}),
    ("change the development stage itself", DEV, "cloudformation:UpdateStack", stack("dev-service"), {}),
    ("change the delivery", DEV, "cloudformation:UpdateStack", stack("delivery"), {}),
    ("make a stack of any name", DEV, "cloudformation:CreateStack", stack("mine"), {}),
    ("run any commit", DEV, "codepipeline:StartPipelineExecution", PIPELINE, {}),
    ("change the pipeline", DEV, "codepipeline:UpdatePipeline", PIPELINE, {}),
    ("take production back to an old version", DEV, "codepipeline:RollbackStage", f"{PIPELINE}/prod", {}),
    ("skip a condition", DEV, "codepipeline:OverrideStageCondition", f"{PIPELINE}/prod", {}),
    ("approve production", DEV, "codepipeline:PutApprovalResult", f"{PIPELINE}/prod/approve", {}),
    ("act for a custom action", DEV, "codepipeline:PutJobSuccessResult", "*", {}),
    (
        "build with a buildspec of one's own",
        DEV,
        "codebuild:StartBuild",
        project("image"),
        {},
    ),
    (
        "deploy with a buildspec of one's own",
        DEV,
        "codebuild:StartBuild",
        project("deploy-prod"),
        {},
    ),
    ("run a build again", DEV, "codebuild:RetryBuild", project("deploy-prod"), {}),
    ("change a project", DEV, "codebuild:UpdateProject", project("plan"), {}),
    ("push to the protected branch", DEV, "codecommit:GitPush", REPOSITORY, MAIN),
    ("make the protected branch", DEV, "codecommit:CreateBranch", REPOSITORY, MAIN),
    ("commit to it by the console", DEV, "codecommit:PutFile", REPOSITORY, MAIN),
    ("merge into it without a pull request", DEV, "codecommit:MergeBranchesByFastForward", REPOSITORY, MAIN),
    ("overrule the reviews", DEV, "codecommit:OverridePullRequestApprovalRules", REPOSITORY, {}),
    ("edit the rule of reviews", DEV, "codecommit:DeletePullRequestApprovalRule", REPOSITORY, {}),
    ("make another branch the default", DEV, "codecommit:UpdateDefaultBranch", REPOSITORY, {}),
    ("swap the sources", DEV, "s3:PutObject", f"{BUCKET}/notejam-delivery-Pip/Source/a1b2c3d", {}),
    ("swap a plan", DEV, "s3:PutObject", f"{BUCKET}/notejam-delivery-Pip/Plan_prod/a1b2c3d", {}),
    ("write what an administrator deploys", DEV, "s3:PutObject", f"{BUCKET}/administration/abc.json", {}),
    ("read the artifacts", DEV, "s3:GetObject", f"{BUCKET}/notejam-delivery-Pip/Plan_prod/a1b2c3d", {}),
    ("push an image", DEV, "ecr:PutImage", arn("ecr", "repository/notejam-delivery-images-1"), {}),
    ("delete the image that runs", DEV, "ecr:BatchDeleteImage", arn("ecr", "repository/notejam-delivery-images-1"), {}),
    (
        "read the session secret",
        DEV,
        "secretsmanager:GetSecretValue",
        SESSION_SECRET,
        PROD_KEY,
    ),
    ("read the database's password", DEV, "secretsmanager:GetSecretValue", RDS_SECRET, OF_PROD),
    ("decrypt with production's key", DEV, "kms:Decrypt", arn("kms", "key/1"), PROD_KEY),
    ("make a key for a shell into production", DEV, "kms:GenerateDataKey", arn("kms", "key/1"), PROD_KEY),
    ("tag production's key as development's", DEV, "kms:TagResource", arn("kms", "key/1"), PROD_KEY),
    ("tag anything", DEV, "tag:TagResources", "*", {}),
    ("open a shell in production", DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-prod-service-1a2b3c4d/1"), {}),
    ("run a task as production", DEV, "ecs:RunTask", arn("ecs", "task-definition/notejam-prod:1"), {}),
    ("read production's exports", DEV, "s3:GetObject", "arn:aws:s3:::notejam-prod-backups-exports-1/x.parquet", {}),
    ("restore production's snapshot", DEV, "rds:RestoreDBClusterFromSnapshot", SNAPSHOT, {}),
    ("share production's snapshot", DEV, "rds:ModifyDBClusterSnapshotAttribute", SNAPSHOT, {}),
    (
        "query production's database",
        DEV,
        "rds-data:ExecuteStatement",
        DATABASE,
        {},
    ),
    ("connect by IAM", DEV, "rds-db:connect", arn("rds-db", "dbuser:cluster-1/notejam"), {}),
    ("look at another project's database", DEV, "rds:DescribeDBClusters", arn("rds", "cluster:payroll-1"), {}),
    ("look at another project's containers", DEV, "ecs:DescribeTasks", arn("ecs", "task/payroll/1"), {}),
    ("hide what one did", DEV, "logs:DeleteLogGroup", arn("logs", "log-group:notejam-delivery-pipeline"), {}),
    ("silence an alarm", DEV, "cloudwatch:DisableAlarmActions", arn("cloudwatch", "alarm:notejam-prod-x"), {}),
    ("read another project's log", DEV, "logs:FilterLogEvents", arn("logs", "log-group:payroll"), {}),
    ("push as an approver", APPROVER, "codecommit:GitPush", REPOSITORY, OTHER),
    ("start the pipeline as an approver", APPROVER, "codepipeline:StartPipelineExecution", PIPELINE, {}),
    (
        "open a shell as an approver",
        APPROVER,
        "ecs:ExecuteCommand",
        arn("ecs", "task/notejam-dev-service-1a2b3c4d/1"),
        {},
    ),
]

PROD = [
    ("execute production's change set", "cloudformation:ExecuteChangeSet", stack("prod-service"), {}),
    ("update production", "cloudformation:UpdateStack", stack("prod-service"), {}),
    ("delete production", "cloudformation:DeleteStack", stack("prod-network"), {}),
    ("update the delivery", "cloudformation:UpdateStack", stack("delivery"), {}),
    ("update the access to production", "cloudformation:UpdateStack", stack("delivery-in-prod"), {}),
    ("take on production's deploy role", "sts:AssumeRole", delivery_role("in-prod-deploy"), {}),
    ("pass production's role", "iam:PassRole", delivery_role("in-prod-execute"), passed_to("cloudformation")),
    # Of a stage in the region that it has moved from or to, which another pipeline deploys or nobody.
    ("take on a deploy role elsewhere", "sts:AssumeRole", delivery_role("in-dev-deploy", AWAY), {}),
    ("pass a role elsewhere", "iam:PassRole", delivery_role("in-dev-execute", AWAY), passed_to("cloudformation")),
    ("borrow a boundary elsewhere", "iam:CreateRole", role("notejam-dev-mine"), IN_AWAY),
    (
        "pass a task role of production",
        "iam:PassRole",
        TASK_ROLE,
        passed_to("ecs-tasks"),
    ),
    ("change a task of production", "ecs:UpdateService", arn("ecs", "service/notejam-prod-service/web"), {}),
    ("approve", "codepipeline:PutApprovalResult", f"{PIPELINE}/prod/approve", {}),
    (
        "start a build of another purpose",
        "codebuild:StartBuild",
        project("deploy-prod"),
        {},
    ),
    ("make an administrator", "iam:CreateRole", role("notejam-dev-mine"), IN_ADMIN),
    ("make a role without a boundary", "iam:CreateRole", role("notejam-dev-mine"), {}),
    ("give a role of the stage rights", "iam:PutRolePolicy", role("notejam-dev-service-WebTaskRole-1"), {}),
    ("borrow production's boundary", "iam:CreateRole", role("notejam-dev-mine"), IN_PRODS),
    ("change the boundary", "iam:CreatePolicyVersion", delivery_policy("in-dev-boundary"), {}),
    ("take a role's boundary away", "iam:DeleteRolePermissionsBoundary", role("notejam-dev-service-WebTaskRole-1"), {}),
    (
        "change whom a role trusts",
        "iam:UpdateAssumeRolePolicy",
        delivery_role("in-prod-deploy"),
        {},
    ),
    ("change the role that deploys", "iam:PutRolePolicy", delivery_role("in-dev-deploy"), IN_BOUNDARY),
    ("read production's password", "secretsmanager:GetSecretValue", RDS_SECRET, OF_PROD),
    ("decrypt with production's key", "kms:Decrypt", arn("kms", "key/1"), PROD_KEY),
    ("read production's exports", "s3:GetObject", "arn:aws:s3:::notejam-prod-backups-exports-1/x.parquet", {}),
    ("swap the sources", "s3:PutObject", f"{BUCKET}/notejam-delivery-Pip/Source/a1b2c3d", {}),
    ("write what an administrator deploys", "s3:PutObject", f"{BUCKET}/administration/abc.json", {}),
    ("read what another person uploaded", "s3:GetObject", f"{BUCKET}/uploads/abc.zip", {}),
    ("delete production's database", "rds:DeleteDBCluster", DATABASE, {}),
    ("open production's database", "ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/sg-1"), PROD_KEY),
    ("lead production's traffic elsewhere", "ec2:CreateRoute", arn("ec2", "route-table/rtb-1"), PROD_KEY),
    ("tag production's network as one's own", "ec2:CreateTags", arn("ec2", "vpc/vpc-1"), PROD_KEY),
    ("take production's requests", "elasticloadbalancing:CreateRule", LISTENER, PROD_KEY),
    ("change production's listener", "elasticloadbalancing:ModifyListener", LISTENER, PROD_KEY),
    ("turn production's firewall off", "wafv2:UpdateWebACL", arn("wafv2", "regional/webacl/Firewall/1"), PROD_KEY),
    ("open production's vault", "backup:PutBackupVaultAccessPolicy", arn("backup", "backup-vault:notejam-prod-1"), {}),
    ("change what production exports", "states:UpdateStateMachine", arn("states", "stateMachine:Export-1"), PROD_KEY),
    ("delete production's key", "kms:ScheduleKeyDeletion", arn("kms", "key/1"), PROD_KEY),
    ("change production's key policy", "kms:PutKeyPolicy", arn("kms", "key/1"), PROD_KEY),
    ("empty production's log", "logs:DeleteLogGroup", LOG, {}),
]

MADE: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "read production's session secret",
        "secretsmanager:GetSecretValue",
        SESSION_SECRET,
        PROD_KEY,
    ),
    ("read production's password", "secretsmanager:GetSecretValue", RDS_SECRET, OF_PROD),
    ("decrypt with production's key", "kms:Decrypt", arn("kms", "key/1"), PROD_KEY),
    ("grant itself production's key", "kms:CreateGrant", arn("kms", "key/1"), PROD_KEY),
    ("read production's exports", "s3:GetObject", "arn:aws:s3:::notejam-prod-backups-exports-1/x.parquet", {}),
    ("write an artifact", "s3:PutObject", f"{BUCKET}/notejam-delivery-Pip/Source/a1b2c3d", {}),
    ("delete a stack", "cloudformation:DeleteStack", stack("prod-network"), {}),
    ("take on a role", "sts:AssumeRole", delivery_role("in-prod-deploy"), {}),
    ("pass a role of production", "iam:PassRole", TASK_ROLE, passed_to("ecs-tasks")),
    ("make a role", "iam:CreateRole", role("notejam-dev-mine"), IN_BOUNDARY),
    ("push an image", "ecr:PutImage", arn("ecr", "repository/notejam-delivery-images-1"), {}),
    ("approve", "codepipeline:PutApprovalResult", f"{PIPELINE}/prod/approve", {}),
    (
        "delete production's snapshots",
        "rds:DeleteDBClusterSnapshot",
        SNAPSHOT,
        PROD_KEY,
    ),
    ("delete production's database", "rds:DeleteDBCluster", DATABASE, {}),
    (
        "write production's log",
        "logs:PutLogEvents",
        f"{LOG}:log-stream:1",
        {},
    ),
]


@pytest.mark.parametrize(("attack", "who", "action", "resource", "context"), PEOPLE, ids=[row[0] for row in PEOPLE])
def test_people_cannot(
    world: World, attack: str, who: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not world.may(who, action, resource, context), attack


@pytest.mark.parametrize("who", UNAPPROVED)
@pytest.mark.parametrize(("attack", "action", "resource", "context"), PROD, ids=[row[0] for row in PROD])
def test_a_commit_that_nobody_approved_cannot(
    world: World, who: str, attack: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not world.may(who, action, resource, context), attack


@pytest.mark.parametrize("kind", ["plan", "deploy"])
def test_a_stages_roles_see_no_stack_of_a_stage_that_is_called_alike(world: World, kind: str) -> None:
    for name in ("delivery-in-dev", "delivery-in-dev-previews", "dev-network"):
        assert world.may(f"in-dev-{kind}", "cloudformation:GetTemplate", stack(name)), name
    for name in ("delivery-in-devops", "delivery-in-devops-previews", "devops-network", "delivery-in-prod"):
        assert not world.may(f"in-dev-{kind}", "cloudformation:GetTemplate", stack(name)), name


@pytest.mark.parametrize(("attack", "action", "resource", "context"), MADE, ids=[row[0] for row in MADE])
def test_a_role_that_a_template_of_development_makes_cannot(
    world: World, attack: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not world.within("dev", action, resource, context), attack


# Whom a role trusts decides who takes it on, whatever their own policies say.
TRUST = [
    ("in-prod-deploy", f"role/{of_delivery('deploy-prod')}", ACCOUNT, True),
    ("in-prod-deploy", f"role/{of_delivery('deploy-dev')}", ACCOUNT, False),
    ("in-prod-deploy", f"role/{of_delivery('plan')}", ACCOUNT, False),
    ("in-prod-deploy", f"role/{of_delivery('deploy-prod')}", ELSEWHERE, False),
    ("in-prod-deploy", "user/alice", ACCOUNT, False),
    ("in-prod-deploy", f"role/{of_delivery('deploy-prod').replace('-delivery', '-dev-delivery')}", ACCOUNT, False),
    ("in-prod-deploy", f"role/{of_delivery('deploy-prod', AWAY)}", ACCOUNT, False),
    ("in-prod-plan", f"role/{of_delivery('plan')}", ACCOUNT, True),
    ("in-prod-plan", f"role/{of_delivery('plan', AWAY)}", ACCOUNT, False),
    ("in-prod-plan", f"role/{of_delivery('test')}", ACCOUNT, False),
    ("in-prod-execute", f"role/{of_delivery('deploy-prod')}", ACCOUNT, False),
    ("deploy-prod", "user/alice", ACCOUNT, False),
    ("BuildRole", f"role/{of_delivery('plan')}", ACCOUNT, False),
]


@pytest.mark.parametrize(("role", "principal", "account", "trusted"), TRUST)
def test_a_role_trusts_whom_it_must(world: World, role: str, principal: str, account: str, trusted: bool) -> None:
    assert world.trusts(role, principal, account) is trusted


# What has to work, so that the refusals above say something.
NEEDED: list[tuple[str, str, str, dict[str, Any]]] = [
    (DEV, "cloudformation:DescribeStacks", stack("prod-service"), {}),
    (DEV, "cloudformation:GetTemplate", stack("prod-database"), {}),
    (DEV, "ecs:DescribeServices", arn("ecs", "service/notejam-prod-service/web"), {}),
    (DEV, "rds:DescribeDBClusters", DATABASE, {}),
    (DEV, "cloudformation:DescribeStackResourceDrifts", stack("dev-service"), {}),
    (DEV, "ecs:DescribeTasks", arn("ecs", "task/notejam-prod-service-1a2b3c4d/1"), {}),
    (DEV, "ecs:DescribeServiceDeployments", arn("ecs", "service-deployment/notejam-prod-service/web/1"), {}),
    (DEV, "rds:DescribeDBClusterParameters", arn("rds", "cluster-pg:notejam-prod-database-1"), {}),
    (DEV, "codebuild:BatchGetBuilds", project("plan"), {}),
    (DEV, "codebuild:ListBuildsForProject", project("plan"), {}),
    (DEV, "codepipeline:ListActionExecutions", PIPELINE, {}),
    (DEV, "logs:FilterLogEvents", LOG, {}),
    (DEV, "logs:GetQueryResults", LOG, {}),
    (DEV, "logs:StartQuery", arn("logs", "log-group:/aws/rds/cluster/notejam-test-database-1/postgresql"), {}),
    (DEV, "cloudwatch:GetMetricData", "*", {}),
    (DEV, "codepipeline:RetryStageExecution", f"{PIPELINE}/prod", {}),
    (DEV, "codepipeline:StopPipelineExecution", PIPELINE, {}),
    (DEV, "codecommit:GitPush", REPOSITORY, OTHER),
    (DEV, "codecommit:GitPush", REPOSITORY, {}),
    (DEV, "codecommit:MergePullRequestBySquash", REPOSITORY, MAIN),
    (DEV, "ecs:ExecuteCommand", arn("ecs", "task/notejam-dev-service-1a2b3c4d/1"), {}),
    (DEV, "kms:GenerateDataKey", arn("kms", "key/1"), DEV_KEY),
    (DEV, "iam:EnableMFADevice", arn("iam", "user/alice"), {}),
    (APPROVER, "codepipeline:PutApprovalResult", f"{PIPELINE}/prod/approve", {}),
    ("plan", "sts:AssumeRole", delivery_role("in-prod-plan"), {}),
    ("plan", "s3:PutObject", f"{BUCKET}/notejam-delivery-Pip/Plan_prod/a1b2c3d", {}),
    ("deploy-prod", "s3:GetObject", f"{BUCKET}/notejam-delivery-Pip/Plan_prod/a1b2c3d", {}),
    ("in-dev-plan", "cloudformation:GetTemplate", stack("dev-service"), {}),
    ("in-dev-deploy", "cloudformation:CreateChangeSet", stack("dev-service"), {}),
    ("in-dev-deploy", "iam:PassRole", delivery_role("in-dev-execute"), passed_to("cloudformation")),
    ("in-dev-deploy", "cloudformation:ExecuteChangeSet", stack("dev-service"), {}),
    ("in-dev-execute", "iam:CreateRole", role("notejam-dev-service-WebTaskRole-1"), IN_BOUNDARY),
    ("in-dev-execute", "iam:PassRole", role("notejam-dev-service-WebTaskRole-1"), passed_to("ecs-tasks")),
    ("in-dev-execute", "ecs:UpdateService", arn("ecs", "service/notejam-dev-service/web"), {}),
]
WITHIN_DEV: list[tuple[str, str, dict[str, Any]]] = [
    ("secretsmanager:GetSecretValue", RDS_SECRET, OF_DEV),
    ("secretsmanager:GetSecretValue", SESSION_SECRET, DEV_KEY),
    ("kms:Decrypt", arn("kms", "key/1"), DEV_KEY),
    ("logs:PutLogEvents", arn("logs", "log-group:notejam-dev-service-WebLogGroup-1:log-stream:1"), {}),
    ("rds:CreateDBClusterSnapshot", arn("rds", "cluster:notejam-dev-database-1"), {}),
]


@pytest.mark.parametrize(("who", "action", "resource", "context"), NEEDED)
def test_what_the_work_needs_is_allowed(
    world: World, who: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert world.may(who, action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), WITHIN_DEV)
def test_a_boundary_lets_a_role_do_what_its_stage_needs(
    world: World, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert world.within("dev", action, resource, context)


def test_a_shell_reaches_the_cluster_as_the_template_names_it(
    world: World, starter_templates: dict[str, dict[str, Any]]
) -> None:
    (hyphen, (stack_name, _)) = starter_templates["dev/service"]["Resources"]["Cluster"]["Properties"]["ClusterName"][
        "Fn::Join"
    ]
    assert (hyphen, stack_name) == ("-", {"Ref": "AWS::StackName"})
    for kind, rest in (("cluster", ""), ("task", "/1")):
        named = f"{kind}/notejam-{{}}-service-1a2b3c4d{rest}"
        assert world.may(DEV, "ecs:ExecuteCommand", arn("ecs", named.format("dev")))
        assert not world.may(DEV, "ecs:ExecuteCommand", arn("ecs", named.format("prod")))


CHANGES = [
    ("ecs:ExecuteCommand", arn("ecs", "task/notejam-dev-service-1a2b3c4d/1")),
    ("codecommit:GitPush", REPOSITORY),
    ("codepipeline:RetryStageExecution", f"{PIPELINE}/dev"),
]


@pytest.mark.parametrize(("action", "resource"), CHANGES)
@pytest.mark.parametrize("factor", ["false", None], ids=["console", "access-key"])
def test_nothing_is_changed_without_a_second_factor(
    world: World, action: str, resource: str, factor: str | None
) -> None:
    assert world.may(DEV, action, resource)
    assert not world.may(
        DEV, action, resource, {"aws:MultiFactorAuthPresent": factor} if factor else {}, factor is None
    )


def test_reading_needs_no_second_factor(world: World) -> None:
    assert world.may(
        DEV, "cloudformation:DescribeStacks", stack("prod-service"), {"aws:MultiFactorAuthPresent": "false"}
    )
    assert world.may(DEV, "codecommit:GitPull", REPOSITORY, {"aws:MultiFactorAuthPresent": "false"})


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("cloudformation:CreateChangeSet", stack("dev-service"), {}),
        ("cloudformation:ExecuteChangeSet", stack("dev-service"), {}),
        ("iam:PassRole", delivery_role("in-dev-execute"), passed_to("cloudformation")),
    ],
)
def test_what_plans_a_commit_that_nobody_approved_can_begin_no_change(
    world: World, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not world.may("in-dev-plan", action, resource, context)
