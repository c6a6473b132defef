"""What attacks are about: the things of the project in one account, as IAM sees them, and who tries what."""

from __future__ import annotations

from .conftest import ACCOUNT, AWAY, REGION, of_delivery

DEV, APPROVER = "Developers", "Approvers"
# Who runs what a commit says before anybody approved it.
UNAPPROVED = ("test", "image", "plan", "deploy-dev", "in-dev-plan", "in-dev-deploy", "in-dev-execute")
ELSEWHERE = "222222222222"


def arn(service: str, rest: str, region: str = REGION) -> str:
    """Return an ARN of the account: `arn("ecs", "cluster/x")`."""
    nowhere = service in ("cloudfront", "iam", "route53", "s3")
    return f"arn:aws:{service}:{'' if nowhere else region}:{'' if service == 's3' else ACCOUNT}:{rest}"


def stack(name: str) -> str:
    return arn("cloudformation", f"stack/notejam-{name}/11111111-2222-3333-4444-555555555555")


def role(name: str) -> str:
    return arn("iam", f"role/{name}")


def delivery_role(short: str, region: str = REGION) -> str:
    return role(of_delivery(short, region))


def delivery_policy(short: str, region: str = REGION) -> str:
    return arn("iam", f"policy/{of_delivery(short, region)}")


def project(name: str) -> str:
    return arn("codebuild", f"project/notejam-delivery-{name}")


def passed_to(service: str) -> dict[str, str]:
    return {"iam:PassedToService": f"{service}.amazonaws.com"}


PIPELINE = arn("codepipeline", "notejam-delivery-Pipeline-1ABC")
BUCKET = "arn:aws:s3:::notejam-delivery-artifactbucket-1abc"
REPOSITORY = arn("codecommit", "notejam-1a2b3c4d")
SNAPSHOT = arn("rds", "cluster-snapshot:awsbackup:job-1")
DATABASE = arn("rds", "cluster:notejam-prod-database-1")
LISTENER = arn("elasticloadbalancing", "listener/app/notej-LoadB-1/1/1")
PROD_KEY = {"aws:ResourceTag/project": "notejam", "aws:ResourceTag/stage": "prod"}
DEV_KEY = {"aws:ResourceTag/project": "notejam", "aws:ResourceTag/stage": "dev"}
OF_PROD = {"secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn": DATABASE}
OF_DEV = {"secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn": arn("rds", "cluster:notejam-dev-database-1")}
SESSION_SECRET = arn("secretsmanager", "secret:SessionSecret-1")
TASK_ROLE = role("notejam-prod-service-WebTaskRole-1")
LOG = arn("logs", "log-group:notejam-prod-service-WebLogGroup-1")
RDS_SECRET = arn("secretsmanager", "secret:rds!cluster-1-a")
MAIN, OTHER = ({"codecommit:References": f"refs/heads/{branch}"} for branch in ("main", "mine"))
IN_BOUNDARY = {"iam:PermissionsBoundary": delivery_policy("in-dev-boundary")}
IN_PRODS = {"iam:PermissionsBoundary": delivery_policy("in-prod-boundary")}
IN_AWAY = {"iam:PermissionsBoundary": delivery_policy("in-dev-boundary", AWAY)}
IN_ADMIN = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
