"""Service-linked roles that an account may lack: a service makes its own at the first use, sometimes too late.

Sources: IAM User Guide, "Create a service-linked role", and the page of each service on its role; that a cluster with
capacity providers fails without it, aws/containers-roadmap#2614.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from ...aws.client import Aws
from ...exit_codes import AwsTrouble

PREFIX = "AWSServiceRoleFor"
# By resource type: the service's name, and what follows the prefix in the role's.
ROLES = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "ecs.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_ECSService",
    ),
    "AWS::Backup::BackupPlan": ("backup.amazonaws.com", "Backup"),
    "AWS::CloudFront::VpcOrigin": ("vpcorigin.cloudfront.amazonaws.com", "CloudFrontVPCOrigin"),
    "AWS::ECS::Cluster": ("ecs.amazonaws.com", "ECS"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    "AWS::RDS::DBCluster": ("rds.amazonaws.com", "RDS"),
    "AWS::WAFv2::LoggingConfiguration": ("wafv2.amazonaws.com", "WAFV2Logging"),
}


def make_missing(aws: Aws, region: str, kinds: Iterable[str], tell: Callable[[str], None]) -> None:
    """Create the roles that resources of these types need and the account lacks; name the command where that is denied.

    The network comes first and takes minutes, by which time the roles are known everywhere.
    """
    for service, name in sorted({ROLES[kind] for kind in kinds if kind in ROLES}):
        with contextlib.suppress(AwsTrouble):  # it is missing, or may not be looked at: creating it tells
            aws.call("iam", region, "get_role", RoleName=PREFIX + name)
            continue
        try:
            aws.call("iam", region, "create_service_linked_role", AWSServiceName=service)
            tell(f"created the service-linked role {PREFIX}{name}, which the account lacked")
        except AwsTrouble as error:
            if "has been taken" not in str(error):
                tell(f"the account may lack {PREFIX}{name}. Whoever may, once:")
                tell(f"    aws iam create-service-linked-role --aws-service-name {service}")
