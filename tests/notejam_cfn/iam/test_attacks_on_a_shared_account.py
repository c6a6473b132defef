"""Ways up where stages and other projects share an account: what has no name, what has no tags, and what is shared.

Who tries is a commit that nobody has approved: in the pipeline's builds, and in CloudFormation with a template of its
own, which may also import what is there already.
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World
from .things import DEV_KEY, PROD_KEY, RDS_SECRET, SNAPSHOT, UNAPPROVED, arn

Row = tuple[str, str, str, dict[str, Any]]
DISTRIBUTION = arn("cloudfront", "distribution/E1")
TARGETS = arn("elasticloadbalancing", "targetgroup/notejam-prod-web/1")
BALANCER = arn("elasticloadbalancing", "loadbalancer/app/notejam-LoadB-1/1")
SERVICE = arn("ecs", "service/notejam-dev-service/mine")
SCALING = arn("application-autoscaling", "scalable-target/1")
PLAN = arn("backup", "backup-plan:11111111-2222-3333-4444-555555555555")
RESTORE_TEST = arn("backup", "restore-testing-plan:restore_test_1-11111111")
VPC, SUBNET = arn("ec2", "vpc/vpc-1"), arn("ec2", "subnet/subnet-1")
SECRET = arn("secretsmanager", "secret:SessionSecret-1")
FIREWALL = arn("wafv2", "global/webacl/Firewall/1")
MACHINE = arn("states", "stateMachine:ExportMachine-1")
KEY = arn("kms", "key/1")
OF_PIPELINE = {"kms:ResourceAliases": ["alias/notejam-delivery"], "aws:ResourceTag/project": "notejam"}
OF_PAYROLL = {"kms:ResourceAliases": ["alias/payroll"]}
ZONE = "arn:aws:route53:::hostedzone/Z1"
NOBODYS: dict[str, Any] = {}

PRODUCTION: list[Row] = [
    ("point production's distribution elsewhere", "cloudfront:UpdateDistribution", DISTRIBUTION, PROD_KEY),
    ("delete production's distribution", "cloudfront:DeleteDistribution", DISTRIBUTION, PROD_KEY),
    (
        "change the way to production's balancer",
        "cloudfront:UpdateVpcOrigin",
        arn("cloudfront", "vpcorigin/1"),
        PROD_KEY,
    ),
    ("tag production's distribution as one's own", "cloudfront:TagResource", DISTRIBUTION, PROD_KEY),
    ("take production's tasks out of service", "elasticloadbalancing:DeregisterTargets", TARGETS, PROD_KEY),
    ("put a task among production's", "elasticloadbalancing:RegisterTargets", TARGETS, PROD_KEY),
    ("open another port of production's balancer", "elasticloadbalancing:CreateListener", BALANCER, PROD_KEY),
    ("take over its balancer by its name", "elasticloadbalancing:CreateLoadBalancer", BALANCER, PROD_KEY),
    ("scale production to nothing", "application-autoscaling:RegisterScalableTarget", SCALING, PROD_KEY),
    ("stop production's scaling", "application-autoscaling:DeregisterScalableTarget", SCALING, PROD_KEY),
    ("end production's backups", "backup:DeleteBackupPlan", PLAN, PROD_KEY),
    ("thin production's backups out", "backup:UpdateBackupPlan", PLAN, PROD_KEY),
    ("add something to production's backups", "backup:CreateBackupSelection", PLAN, PROD_KEY),
    ("tag production's plan of backups as one's own", "backup:TagResource", PLAN, PROD_KEY),
    ("end production's tests of restores", "backup:DeleteRestoreTestingPlan", RESTORE_TEST, PROD_KEY),
    (
        "let others copy from production's vault",
        "backup:PutBackupVaultAccessPolicy",
        "arn:aws:backup:eu-central-1:123456789012:backup-vault:notejam-prod-1",
        PROD_KEY,
    ),
    (
        "unlock production's vault",
        "backup:DeleteBackupVaultLockConfiguration",
        "arn:aws:backup:eu-central-1:123456789012:backup-vault:notejam-prod-1",
        PROD_KEY,
    ),
    ("start a database from production's backup", "rds:RestoreDBClusterFromSnapshot", SNAPSHOT, PROD_KEY),
    (
        "start one from its last snapshot",
        "rds:RestoreDBClusterFromSnapshot",
        arn("rds", "cluster-snapshot:notejam-prod-database-snapshot-1"),
        PROD_KEY,
    ),
    ("tag production's backup as one's own", "rds:AddTagsToResource", SNAPSHOT, PROD_KEY),
    ("share production's backup", "rds:ModifyDBClusterSnapshotAttribute", SNAPSHOT, PROD_KEY),
    ("copy production's backup", "rds:CopyDBClusterSnapshot", SNAPSHOT, PROD_KEY),
    (
        "start one from production as it was",
        "rds:RestoreDBClusterToPointInTime",
        arn("rds", "cluster:notejam-prod-database-1"),
        PROD_KEY,
    ),
    ("change production's password", "secretsmanager:RotateSecret", RDS_SECRET, NOBODYS),
    ("copy production's secret to another region", "secretsmanager:ReplicateSecretToRegions", SECRET, PROD_KEY),
    ("let another account read production's secret", "secretsmanager:PutResourcePolicy", SECRET, PROD_KEY),
    ("overwrite production's secret", "secretsmanager:PutSecretValue", SECRET, PROD_KEY),
    (
        "put tasks into production's network",
        "ecs:CreateService",
        SERVICE,
        {"ecs:subnet": ["dev PrivateSubnetId1", "prod PrivateSubnetId1"]},
    ),
    ("move them there", "ecs:UpdateService", SERVICE, {"ecs:subnet": ["prod PrivateSubnetId1"]}),
    (
        "put a load balancer into it",
        "elasticloadbalancing:CreateLoadBalancer",
        BALANCER,
        {"elasticloadbalancing:Subnet": ["prod PublicSubnetId1"]},
    ),
    ("put one where nobody says", "elasticloadbalancing:CreateLoadBalancer", BALANCER, {}),
    (
        "move one there",
        "elasticloadbalancing:SetSubnets",
        BALANCER,
        {"elasticloadbalancing:Subnet": ["prod PublicSubnetId1"], **DEV_KEY},
    ),
    ("make a place for databases in it", "rds:CreateDBSubnetGroup", arn("rds", "subgrp:notejam-dev-mine"), NOBODYS),
    ("move a place for databases there", "rds:ModifyDBSubnetGroup", arn("rds", "subgrp:notejam-dev-mine"), DEV_KEY),
    ("put a database into its places", "rds:CreateDBCluster", arn("rds", "subgrp:notejam-prod-network-1"), PROD_KEY),
    ("put an instance into them", "rds:CreateDBInstance", arn("rds", "subgrp:notejam-prod-network-1"), PROD_KEY),
    ("make a subnet in production's network", "ec2:CreateSubnet", VPC, PROD_KEY),
    ("make a security group in it", "ec2:CreateSecurityGroup", VPC, PROD_KEY),
    ("make a route table in it", "ec2:CreateRouteTable", VPC, PROD_KEY),
    ("make a way out of it", "ec2:CreateEgressOnlyInternetGateway", VPC, PROD_KEY),
    ("make an endpoint in it", "ec2:CreateVpcEndpoint", VPC, PROD_KEY),
    ("read its traffic", "ec2:CreateFlowLogs", VPC, PROD_KEY),
    ("put a gateway into it", "ec2:CreateNatGateway", SUBNET, PROD_KEY),
    ("peer with it", "ec2:CreateVpcPeeringConnection", VPC, PROD_KEY),
    ("read production's parameters", "ssm:GetParameters", arn("ssm", "parameter/notejam-prod-service-x"), PROD_KEY),
    ("write production's parameters", "ssm:PutParameter", arn("ssm", "parameter/notejam-prod-service-x"), PROD_KEY),
    ("run a command on a host", "ssm:SendCommand", arn("ssm", "document/AWS-RunShellScript"), NOBODYS),
    ("open a session on a host", "ssm:StartSession", arn("ecs", "task/notejam-prod-service-1a2b3c4d/1"), NOBODYS),
    ("open a shell in production", "ecs:ExecuteCommand", arn("ecs", "task/notejam-prod-service-1a2b3c4d/1"), PROD_KEY),
    ("run a task in production's cluster", "ecs:RunTask", arn("ecs", "task-definition/notejam-prod-web:1"), PROD_KEY),
    ("lift production's budget", "budgets:ModifyBudget", arn("budgets", "budget/notejam-prod-1-budget", ""), PROD_KEY),
    ("log production's requests to oneself", "wafv2:PutLoggingConfiguration", FIREWALL, PROD_KEY),
    ("change what starts on an event", "events:PutTargets", arn("events", "rule/notejam-prod-backups-x"), PROD_KEY),
    ("stream production's logs away", "logs:PutSubscriptionFilter", arn("logs", "log-group:notejam-prod-x"), PROD_KEY),
    ("hide what happened", "logs:PutRetentionPolicy", arn("logs", "log-group:notejam-prod-x:log-stream:"), PROD_KEY),
    ("read production's files", "s3:GetObject", "arn:aws:s3:::notejam-prod-accesslogs-1/x", NOBODYS),
    ("open production's bucket", "s3:PutBucketPolicy", "arn:aws:s3:::notejam-prod-exports-1", NOBODYS),
    ("replicate production's bucket", "s3:PutReplicationConfiguration", "arn:aws:s3:::notejam-prod-exports-1", NOBODYS),
    ("silence production's alarms", "sns:SetTopicAttributes", arn("sns", "notejam-prod-network-Alarms-1"), PROD_KEY),
    ("delete production's alarms", "cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:notejam-prod-x"), PROD_KEY),
    (
        "take over production's name",
        "route53:ChangeResourceRecordSets",
        ZONE,
        {"route53:ChangeResourceRecordSetsNormalizedRecordNames": ["notes.example.com"]},
    ),
    ("change what production exports", "states:UpdateStateMachine", MACHINE, PROD_KEY),
    ("start production's export", "states:StartExecution", MACHINE, PROD_KEY),
]

PIPELINES: list[Row] = [
    ("change the policy of the pipeline's key", "kms:PutKeyPolicy", KEY, OF_PIPELINE),
    ("give the pipeline's key away", "kms:CreateGrant", KEY, OF_PIPELINE),
    ("tag the pipeline's key as one's own", "kms:TagResource", KEY, OF_PIPELINE),
    (
        "note another image as production's",
        "ssm:PutParameter",
        arn("ssm", "parameter/notejam-delivery-in-prod-image"),
        NOBODYS,
    ),
    (
        "start the pipeline at a commit",
        "codepipeline:StartPipelineExecution",
        arn("codepipeline", "notejam-delivery-Pipeline-1"),
        NOBODYS,
    ),
    ("change the pipeline", "codepipeline:UpdatePipeline", arn("codepipeline", "notejam-delivery-Pipeline-1"), NOBODYS),
    (
        "retry a stage at other sources",
        "codepipeline:RetryStageExecution",
        arn("codepipeline", "notejam-delivery-Pipeline-1/prod"),
        NOBODYS,
    ),
    (
        "build with a buildspec of one's own",
        "codebuild:StartBuild",
        arn("codebuild", "project/notejam-delivery-deploy-prod"),
        NOBODYS,
    ),
    (
        "start builds from outside",
        "codebuild:CreateWebhook",
        arn("codebuild", "project/notejam-delivery-deploy-prod"),
        NOBODYS,
    ),
    ("change what a build runs", "codebuild:UpdateProject", arn("codebuild", "project/notejam-delivery-plan"), NOBODYS),
    (
        "use the connection to the Git host",
        "codeconnections:UseConnection",
        arn("codeconnections", "connection/1"),
        NOBODYS,
    ),
    ("let another host in", "iam:CreateOpenIDConnectProvider", arn("iam", "oidc-provider/token.example.com"), NOBODYS),
    ("replicate images from elsewhere", "ecr:PutReplicationConfiguration", "*", NOBODYS),
    ("pull images of others through", "ecr:CreatePullThroughCacheRule", "*", NOBODYS),
    ("let others push images", "ecr:SetRepositoryPolicy", arn("ecr", "repository/notejam-delivery-images-1"), NOBODYS),
    ("overwrite images", "ecr:PutImageTagMutability", arn("ecr", "repository/notejam-delivery-images-1"), NOBODYS),
    ("delete images", "ecr:BatchDeleteImage", arn("ecr", "repository/notejam-delivery-images-1"), NOBODYS),
    ("make a function", "lambda:CreateFunction", arn("lambda", "function:mine"), NOBODYS),
    (
        "make a schedule with the pipeline's role",
        "scheduler:CreateSchedule",
        arn("scheduler", "schedule/default/mine"),
        NOBODYS,
    ),
    (
        "forge the pipeline's log",
        "logs:PutLogEvents",
        arn("logs", "log-group:notejam-delivery-pipeline:log-stream:1"),
        NOBODYS,
    ),
]

# What has none of the project's names or tags: things of other projects in the account.
OTHERS: list[Row] = [
    ("decrypt with another project's key", "kms:Decrypt", KEY, OF_PAYROLL),
    ("change the policy of another project's key", "kms:PutKeyPolicy", KEY, OF_PAYROLL),
    ("tag another project's key as one's own", "kms:TagResource", KEY, OF_PAYROLL),
    ("delete another project's key", "kms:ScheduleKeyDeletion", KEY, OF_PAYROLL),
    ("rename another project's key", "kms:UpdateAlias", arn("kms", "alias/payroll"), NOBODYS),
    ("delete another project's distribution", "cloudfront:DeleteDistribution", DISTRIBUTION, NOBODYS),
    ("end another project's backups", "backup:DeleteBackupPlan", PLAN, NOBODYS),
    ("make a subnet in the account's own network", "ec2:CreateSubnet", VPC, NOBODYS),
    (
        "change a security group of others",
        "ec2:AuthorizeSecurityGroupIngress",
        arn("ec2", "security-group/sg-1"),
        NOBODYS,
    ),
    ("take requests from another project", "elasticloadbalancing:CreateListener", BALANCER, NOBODYS),
    ("read another project's parameters", "ssm:GetParameters", arn("ssm", "parameter/payroll/password"), NOBODYS),
    (
        "start a database from another project's snapshot",
        "rds:RestoreDBClusterFromSnapshot",
        arn("rds", "cluster-snapshot:payroll-1"),
        NOBODYS,
    ),
    ("tag another project's snapshot", "rds:AddTagsToResource", arn("rds", "cluster-snapshot:payroll-1"), NOBODYS),
    (
        "read another project's secret",
        "secretsmanager:GetSecretValue",
        arn("secretsmanager", "secret:payroll-1"),
        NOBODYS,
    ),
    (
        "delete another project's secret",
        "secretsmanager:DeleteSecret",
        arn("secretsmanager", "secret:payroll-1"),
        NOBODYS,
    ),
    ("change another project's machine", "states:UpdateStateMachine", arn("states", "stateMachine:payroll"), NOBODYS),
    ("lift another project's budget", "budgets:ModifyBudget", arn("budgets", "budget/payroll", ""), NOBODYS),
]
ROWS = [*PRODUCTION, *PIPELINES, *OTHERS]


@pytest.mark.parametrize(("attack", "action", "resource", "context"), ROWS, ids=[row[0] for row in ROWS])
def test_a_commit_that_nobody_approved_cannot(
    world: World, attack: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert [who for who in UNAPPROVED if world.may(who, action, resource, context)] == [], attack


@pytest.mark.parametrize(("attack", "action", "resource", "context"), ROWS, ids=[row[0] for row in ROWS])
def test_a_role_that_a_template_of_development_makes_cannot(
    world: World, attack: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not world.within("dev", action, resource, context), attack


@pytest.mark.parametrize("who", ["Developers", "Approvers"])
@pytest.mark.parametrize(("attack", "action", "resource", "context"), PRODUCTION, ids=[row[0] for row in PRODUCTION])
def test_people_cannot_do_it_themselves(
    world: World, who: str, attack: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert not world.may(who, action, resource, context), attack


# The same with one's own things, without which the refusals above would say nothing.
OWN = [
    ("cloudfront:UpdateDistribution", DISTRIBUTION, DEV_KEY),
    ("elasticloadbalancing:CreateListener", BALANCER, DEV_KEY),
    ("ecs:CreateService", SERVICE, {"ecs:subnet": ["dev PrivateSubnetId1"]}),
    ("ecs:UpdateService", SERVICE, {}),
    (
        "elasticloadbalancing:CreateLoadBalancer",
        BALANCER,
        {"elasticloadbalancing:Subnet": ["dev PublicSubnetId1"]},
    ),
    ("elasticloadbalancing:SetSubnets", BALANCER, {"elasticloadbalancing:Subnet": ["dev PublicSubnetId1"], **DEV_KEY}),
    ("rds:CreateDBCluster", arn("rds", "subgrp:notejam-dev-network-1"), DEV_KEY),
    ("application-autoscaling:RegisterScalableTarget", SCALING, {}),
    ("backup:CreateBackupSelection", PLAN, DEV_KEY),
    ("backup:CreateBackupPlan", PLAN, {}),
    ("rds:RestoreDBClusterFromSnapshot", SNAPSHOT, DEV_KEY),
    ("ec2:CreateSubnet", VPC, DEV_KEY),
    ("ec2:CreateSubnet", SUBNET, {}),
    ("ec2:CreateVpc", VPC, {}),
    ("ssm:PutParameter", arn("ssm", "parameter/notejam-dev-service-WebServiceName"), {}),
    ("budgets:ModifyBudget", arn("budgets", "budget/notejam-dev-monitoring-1-budget", ""), {}),
    ("kms:PutKeyPolicy", KEY, {"kms:ResourceAliases": ["alias/notejam-dev-network"]}),
    ("kms:CreateAlias", arn("kms", "alias/notejam-dev-network"), {}),
]


@pytest.mark.parametrize(("action", "resource", "context"), OWN)
def test_cloudformation_can_do_the_same_with_the_stages_own(
    world: World, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert world.may("in-dev-execute", action, resource, context)
