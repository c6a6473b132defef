"""Ways up through what AWS's services do for whom: CloudFormation's registry, events, sharing, copies, and the network.

Who tries is a commit that nobody has approved, a role that a template of it makes, with every right, and people.
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World
from .things import (
    DEV_KEY,
    PIPELINE,
    PROD_KEY,
    SNAPSHOT,
    UNAPPROVED,
    arn,
    delivery_policy,
    delivery_role,
    passed_to,
    project,
    role,
    stack,
)

Row = tuple[str, str, str, dict[str, Any]]
NOBODYS: dict[str, Any] = {}
PROD_CLUSTER = arn("rds", "cluster:notejam-prod-database-1")
PROD_TOPIC, NOTICES = arn("sns", "notejam-prod-network-Alarms-1"), arn("sns", "notejam-delivery-Notices-1")
PROD_LOG, PROD_VAULT = arn("logs", "log-group:notejam-prod-x"), arn("backup", "backup-vault:notejam-prod-backups-1")
PROD_BUCKET = "arn:aws:s3:::notejam-prod-backups-exports-1"
CERTIFICATE, DISTRIBUTION = arn("acm", "certificate/1"), arn("cloudfront", "distribution/E1")
OF_PROD = {"kms:ResourceAliases": ["alias/notejam-prod-network"], **PROD_KEY}
EVENTS = passed_to("events")

CLOUDFORMATION: list[Row] = [
    ("make a set of stacks", "cloudformation:CreateStackSet", "*", NOBODYS),
    (
        "make a stack in another account",
        "cloudformation:CreateStackInstances",
        arn("cloudformation", "stackset/x:1"),
        {},
    ),
    ("register a type of one's own", "cloudformation:RegisterType", "*", NOBODYS),
    ("activate a type of others", "cloudformation:ActivateType", "*", NOBODYS),
    ("turn a hook off", "cloudformation:SetTypeConfiguration", "*", NOBODYS),
    ("change what a type runs", "cloudformation:SetTypeDefaultVersion", "*", NOBODYS),
    (
        "run a macro",
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:eu-central-1:aws:transform/Include",
        NOBODYS,
    ),
    ("roll production back", "cloudformation:RollbackStack", stack("prod-service"), NOBODYS),
    ("go on with a rollback", "cloudformation:ContinueUpdateRollback", stack("prod-service"), NOBODYS),
    ("cancel production's update", "cloudformation:CancelUpdateStack", stack("prod-service"), NOBODYS),
    ("lift production's stack policy", "cloudformation:SetStackPolicy", stack("prod-database"), NOBODYS),
    ("answer for a resource", "cloudformation:SignalResource", stack("prod-service"), NOBODYS),
    (
        "take production's things into one's stack",
        "cloudformation:CreateChangeSet",
        stack("dev-service"),
        {"cloudformation:ImportResourceTypes": ["AWS::RDS::DBCluster"]},
    ),
    ("refactor production's things into it", "cloudformation:CreateStackRefactor", stack("dev-service"), NOBODYS),
    ("change the people", "cloudformation:CreateChangeSet", stack("delivery-people"), NOBODYS),
    ("change what previews may do", "cloudformation:CreateChangeSet", stack("delivery-in-dev-previews"), NOBODYS),
]
ROLES: list[Row] = [
    ("hand the pipeline's start to a rule", "iam:PassRole", role("notejam-delivery-StartRole-1"), EVENTS),
    ("hand the budget's role on", "iam:PassRole", delivery_role("in-dev-budget"), passed_to("budgets")),
    (
        "hand the previews' role on",
        "iam:PassRole",
        delivery_role("in-prod-previews"),
        passed_to("cloudformation"),
    ),
    ("hand a build's role to a build", "iam:PassRole", delivery_role("deploy-prod"), passed_to("codebuild")),
    ("hand a role to Glue", "iam:PassRole", role("notejam-dev-service-WebTaskRole-1"), passed_to("glue")),
    ("hand a role to EC2", "iam:PassRole", role("notejam-dev-service-WebTaskRole-1"), passed_to("ec2")),
    ("take the stop off", "iam:DetachRolePolicy", delivery_role("in-dev-previews"), NOBODYS),
    ("delete the boundary", "iam:DeletePolicy", delivery_policy("in-dev-boundary"), NOBODYS),
    ("go back to an old boundary", "iam:SetDefaultPolicyVersion", delivery_policy("read"), NOBODYS),
    ("make an access key", "iam:CreateAccessKey", arn("iam", "user/bob"), NOBODYS),
    ("sign in as another", "iam:UpdateLoginProfile", arn("iam", "user/bob"), NOBODYS),
    ("federate as anybody", "sts:GetFederationToken", arn("sts", "federated-user/x", ""), NOBODYS),
    ("test a state with a role", "states:TestState", arn("states", "stateMachine:x"), NOBODYS),
]
BUILDS: list[Row] = [
    ("answer for a job of the pipeline", "codepipeline:PutJobSuccessResult", "*", NOBODYS),
    ("answer for another account's job", "codepipeline:PutThirdPartyJobSuccessResult", "*", NOBODYS),
    ("take a job", "codepipeline:PollForJobs", "*", NOBODYS),
    ("open a stage that was closed", "codepipeline:EnableStageTransition", f"{PIPELINE}/prod", NOBODYS),
    ("start builds in a batch", "codebuild:StartBuildBatch", project("image"), NOBODYS),
    ("start builds in a sandbox", "codebuild:StartSandbox", project("deploy-prod"), NOBODYS),
    ("look into a running build", "codebuild:StartSandboxConnection", project("deploy-prod"), NOBODYS),
    ("import credentials of a Git host", "codebuild:ImportSourceCredentials", "*", NOBODYS),
    ("share a project", "codebuild:PutResourcePolicy", project("deploy-prod"), NOBODYS),
    ("tell approvers what they approve", "sns:Publish", NOTICES, NOBODYS),
    ("hear what approvers are asked", "sns:Subscribe", NOTICES, NOBODYS),
    ("read what images were noted", "ssm:GetParameters", arn("ssm", "parameter/notejam-delivery-in-prod-image"), {}),
]
SHARING: list[Row] = [
    ("share production's topic", "sns:AddPermission", PROD_TOPIC, NOBODYS),
    ("hear production's alarms", "sns:Subscribe", PROD_TOPIC, NOBODYS),
    ("let others send events", "events:PutPermission", arn("events", "event-bus/default"), NOBODYS),
    ("send events to the world", "events:CreateApiDestination", arn("events", "api-destination/x"), NOBODYS),
    ("send the account's logs away", "logs:PutAccountPolicy", "*", NOBODYS),
    ("make a place for logs of others", "logs:PutDestination", arn("logs", "destination:x"), NOBODYS),
    ("export production's logs", "logs:CreateExportTask", PROD_LOG, NOBODYS),
    ("decrypt what logs hide", "logs:Unmask", PROD_LOG, NOBODYS),
    ("copy production's backup elsewhere", "backup:StartCopyJob", arn("rds", "cluster-snapshot:awsbackup:1"), PROD_KEY),
    ("restore production's backup", "backup:StartRestoreJob", arn("rds", "cluster-snapshot:awsbackup:1"), PROD_KEY),
    ("back production up into one's vault", "backup:StartBackupJob", PROD_VAULT, NOBODYS),
    ("delete production's backups", "backup:DeleteRecoveryPoint", arn("rds", "cluster-snapshot:awsbackup:1"), PROD_KEY),
    ("export production's snapshot", "rds:StartExportTask", SNAPSHOT, PROD_KEY),
    ("snapshot production's database", "rds:CreateDBClusterSnapshot", PROD_CLUSTER, PROD_KEY),
    (
        "take its automated snapshot",
        "rds:RestoreDBClusterFromSnapshot",
        arn("rds", "cluster-snapshot:rds:notejam-prod-1"),
        {},
    ),
    ("set production's password", "rds:ModifyDBCluster", PROD_CLUSTER, PROD_KEY),
    ("open production's database to an API", "rds:EnableHttpEndpoint", PROD_CLUSTER, PROD_KEY),
    ("give production's database a role", "rds:AddRoleToDBCluster", PROD_CLUSTER, PROD_KEY),
    ("stop production's database", "rds:StopDBCluster", PROD_CLUSTER, PROD_KEY),
    ("give production's key away", "kms:CreateGrant", arn("kms", "key/1"), OF_PROD),
    ("turn production's key off", "kms:DisableKey", arn("kms", "key/1"), OF_PROD),
    ("import one's own key material", "kms:ImportKeyMaterial", arn("kms", "key/1"), OF_PROD),
    ("read with production's key in another region", "kms:ReplicateKey", arn("kms", "key/1"), OF_PROD),
    ("take production's bucket name", "s3:CreateBucket", "arn:aws:s3:::notejam-prod-mine", NOBODYS),
    ("make production's bucket public", "s3:PutBucketPublicAccessBlock", PROD_BUCKET, NOBODYS),
    ("let production's exports expire", "s3:PutLifecycleConfiguration", PROD_BUCKET, NOBODYS),
    ("let events read production's bucket", "s3:PutBucketNotification", PROD_BUCKET, NOBODYS),
    (
        "share images through a public registry",
        "ecr-public:CreateRepository",
        arn("ecr-public", "repository/x", ""),
        {},
    ),
    ("share images with another account", "ecr:PutRegistryPolicy", "*", NOBODYS),
    ("invoke another project's function", "lambda:InvokeFunction", arn("lambda", "function:payroll"), NOBODYS),
    ("open a resource to another account", "ram:CreateResourceShare", "*", NOBODYS),
]
NETWORK: list[Row] = [
    (
        "put a function into production's network",
        "lambda:CreateFunction",
        arn("lambda", "function:notejam-dev-mine"),
        {"lambda:VpcIds": ["vpc-1"], "lambda:SubnetIds": ["prod PrivateSubnetId1"]},
    ),
    (
        "move one there",
        "lambda:UpdateFunctionConfiguration",
        arn("lambda", "function:notejam-dev-mine"),
        {"lambda:VpcIds": ["vpc-1"], "lambda:SubnetIds": ["prod PrivateSubnetId1"]},
    ),
    ("change a function of production", "lambda:UpdateFunctionCode", arn("lambda", "function:notejam-prod-x"), {}),
    ("accept a peering", "ec2:AcceptVpcPeeringConnection", arn("ec2", "vpc-peering-connection/pcx-1"), NOBODYS),
    ("peer from one's own network", "ec2:CreateVpcPeeringConnection", arn("ec2", "vpc/vpc-1"), DEV_KEY),
    ("join networks by a gateway", "ec2:CreateTransitGatewayVpcAttachment", arn("ec2", "vpc/vpc-1"), PROD_KEY),
    ("put an interface into production", "ec2:CreateNetworkInterface", arn("ec2", "subnet/subnet-1"), PROD_KEY),
    ("start a machine there", "ec2:RunInstances", arn("ec2", "subnet/subnet-1"), PROD_KEY),
    ("mirror production's traffic", "ec2:CreateTrafficMirrorSession", arn("ec2", "network-interface/eni-1"), PROD_KEY),
    ("change an endpoint of production", "ec2:ModifyVpcEndpoint", arn("ec2", "vpc-endpoint/vpce-1"), PROD_KEY),
    ("let addresses in from anywhere", "ec2:ModifySubnetAttribute", arn("ec2", "subnet/subnet-1"), PROD_KEY),
    ("end the log of production's traffic", "ec2:DeleteFlowLogs", arn("ec2", "vpc-flow-log/fl-1"), PROD_KEY),
    ("resolve production's names", "ec2:AssociateDhcpOptions", arn("ec2", "vpc/vpc-1"), PROD_KEY),
    (
        "publish a service of production",
        "ec2:CreateVpcEndpointServiceConfiguration",
        arn("ec2", "vpc-endpoint-service/1"),
        {},
    ),
    ("delete production's certificate", "acm:DeleteCertificate", CERTIFICATE, PROD_KEY),
    ("take production's certificate out", "acm:ExportCertificate", CERTIFICATE, PROD_KEY),
    ("tag production's certificate", "acm:AddTagsToCertificate", CERTIFICATE, PROD_KEY),
    ("run code on production's requests", "cloudfront:UpdateFunction", arn("cloudfront", "function/x"), PROD_KEY),
    ("change what such code knows", "cloudfront:UpdateKeyValueStore", arn("cloudfront", "key-value-store/1"), PROD_KEY),
    ("put a distribution's name before one's own", "cloudfront:AssociateAlias", DISTRIBUTION, PROD_KEY),
    ("empty production's edge", "cloudfront:CreateInvalidation", DISTRIBUTION, PROD_KEY),
    (
        "move production's target group",
        "elasticloadbalancing:ModifyTargetGroup",
        arn("elasticloadbalancing", "targetgroup/x/1"),
        PROD_KEY,
    ),
    (
        "take production's certificates off",
        "elasticloadbalancing:RemoveListenerCertificates",
        arn("elasticloadbalancing", "listener/app/x/1/1"),
        PROD_KEY,
    ),
    (
        "answer production's names within its network",
        "servicediscovery:RegisterInstance",
        arn("servicediscovery", "service/srv-1"),
        PROD_KEY,
    ),
]
ROWS = [*CLOUDFORMATION, *ROLES, *BUILDS, *SHARING, *NETWORK]


@pytest.mark.parametrize(("attack", "action", "resource", "context"), ROWS, ids=[row[0] for row in ROWS])
def test_nobody_gets_up_through_a_service(
    world: World, attack: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    assert [who for who in UNAPPROVED if world.may(who, action, resource, context)] == [], attack
    assert [who for who in ("Developers", "Approvers") if world.may(who, action, resource, context)] == [], attack
    assert not world.within("dev", action, resource, context), f"a role that a template makes can {attack}"


# CloudFormation in development's role can do the same with what is the stage's own, or the refusals would say nothing.
OWN: list[Row] = [
    ("in-dev-deploy", "cloudformation:CreateChangeSet", stack("dev-service"), {}),
    ("in-dev-deploy", "cloudformation:SetStackPolicy", stack("dev-database"), {}),
    ("in-dev-execute", "iam:PassRole", role("notejam-dev-backups-Role-1"), EVENTS),
    ("in-dev-execute", "lambda:CreateFunction", arn("lambda", "function:notejam-dev-mine"), {}),
    ("in-dev-execute", "sns:Subscribe", arn("sns", "notejam-dev-network-Alarms-1"), {}),
    ("in-dev-execute", "rds:ModifyDBCluster", arn("rds", "cluster:notejam-dev-database-1"), DEV_KEY),
    (
        "in-dev-execute",
        "elasticloadbalancing:ModifyTargetGroup",
        arn("elasticloadbalancing", "targetgroup/x/1"),
        DEV_KEY,
    ),
    ("in-dev-execute", "ec2:ModifySubnetAttribute", arn("ec2", "subnet/subnet-1"), DEV_KEY),
]


@pytest.mark.parametrize(("who", "action", "resource", "context"), OWN)
def test_a_stages_own_roles_can(world: World, who: str, action: str, resource: str, context: dict[str, Any]) -> None:
    assert world.may(who, action, resource, context)


def test_a_template_makes_no_stacks_of_its_own(world: World) -> None:
    """A nested stack would be made with the rights of the role, but without the checks of the one that deploys."""
    for action in ("CreateStack", "UpdateStack", "CreateChangeSet", "DeleteStack"):
        assert not world.may("in-dev-execute", f"cloudformation:{action}", stack("dev-nested"))
