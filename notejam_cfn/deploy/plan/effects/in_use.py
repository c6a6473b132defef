"""What AWS refuses to delete while something else uses it, and by what kinds of things.

A reference alone is no use: an alarm that names a load balancer does not hold it.

Sources: Amazon VPC User Guide, "Delete your VPC", "Delete a subnet"; EC2 API Reference, error code DependencyViolation;
Elastic Load Balancing API, DeleteTargetGroup; RDS API, DeleteDBSubnetGroup; ECS API,
DeleteCluster; WAF API, DeleteWebACL; Certificate Manager API, DeleteCertificate.
"""

from __future__ import annotations

EC2, ELB, RDS = "AWS::EC2::", "AWS::ElasticLoadBalancingV2::", "AWS::RDS::"
# By type: the types, or beginnings of types, of those whose use holds it.
HELD_BY: dict[str, tuple[str, ...]] = {
    f"{EC2}VPC": (EC2, ELB),
    f"{EC2}Subnet": (
        EC2,
        ELB,
        "AWS::ECS::Service",
        f"{RDS}DBSubnetGroup",
        "AWS::Lambda::Function",
        "AWS::EFS::MountTarget",
    ),
    f"{EC2}SecurityGroup": (
        *(f"{EC2}SecurityGroup", f"{EC2}VPCEndpoint", f"{ELB}LoadBalancer", "AWS::ECS::Service"),
        *(f"{RDS}DBCluster", f"{RDS}DBInstance", "AWS::Lambda::Function", "AWS::CodeBuild::Project"),
    ),
    f"{EC2}InternetGateway": (f"{EC2}VPCGatewayAttachment",),
    f"{EC2}RouteTable": (f"{EC2}SubnetRouteTableAssociation",),
    f"{EC2}VPCCidrBlock": (f"{EC2}Subnet",),
    f"{EC2}EIP": (f"{EC2}NatGateway",),
    f"{ELB}TargetGroup": (f"{ELB}Listener", "AWS::ECS::Service"),
    f"{RDS}DBSubnetGroup": (f"{RDS}DBCluster", f"{RDS}DBInstance"),
    f"{RDS}DBClusterParameterGroup": (f"{RDS}DBCluster",),
    f"{RDS}DBCluster": (f"{RDS}DBInstance",),
    "AWS::ECS::Cluster": ("AWS::ECS::Service",),
    "AWS::WAFv2::WebACL": ("AWS::WAFv2::WebACLAssociation", "AWS::CloudFront::Distribution"),
    "AWS::CertificateManager::Certificate": (f"{ELB}Listener", "AWS::CloudFront::Distribution"),
    "AWS::CloudFront::VpcOrigin": ("AWS::CloudFront::Distribution",),
    f"{ELB}LoadBalancer": ("AWS::CloudFront::VpcOrigin",),
}


def refuses_deletion(kind: str) -> bool:
    """Tell whether resources of a type cannot be deleted while they are used."""
    return kind in HELD_BY


def uses(kind: str, user: str) -> bool:
    """Tell whether a reference from a resource of the type `user` holds one of the type `kind`."""
    return any(user.startswith(holder) for holder in HELD_BY.get(kind, ()))
