"""E9523: a name that an account has once differs from region to region."""

from __future__ import annotations

from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references

# Types whose names an account has once in all of its regions, for buckets all accounts, and where the name stands.
# Sources: AWS IAM User Guide, "IAM and AWS STS quotas", IAM name requirements; the API references of CloudFront (errors
# such as CachePolicyAlreadyExists) and of AWS Budgets (BudgetName); AWS CloudFormation Template Reference,
# "AWS::CloudWatch::Dashboard" and "AWS::CodeConnections::Connection"; Amazon S3 User Guide, "Bucket naming rules".
ACCOUNT_WIDE = {
    "AWS::Budgets::Budget": ("Budget", "BudgetName"),
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudFront::KeyGroup": ("KeyGroupConfig", "Name"),
    "AWS::CloudFront::KeyValueStore": ("Name",),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
    "AWS::CloudFront::OriginRequestPolicy": ("OriginRequestPolicyConfig", "Name"),
    "AWS::CloudFront::PublicKey": ("PublicKeyConfig", "Name"),
    "AWS::CloudFront::RealtimeLogConfig": ("Name",),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
    "AWS::CloudFront::VpcOrigin": ("VpcOriginEndpointConfig", "Name"),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::CodeConnections::Connection": ("ConnectionName",),
    "AWS::IAM::Group": ("GroupName",),
    "AWS::IAM::InstanceProfile": ("InstanceProfileName",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::IAM::User": ("UserName",),
    "AWS::S3::Bucket": ("BucketName",),
}
DIFFERS = frozenset({"AWS::Region", "AWS::StackId"})


class AccountWideNames(CloudFormationLintRule):
    """A fixed name in a global service has a part that the same stack in another region does not have.

    A stage that moves to another region is made there while its old stacks stay, which may not even answer; a name that
    both form would be refused with "already exists". The region, the stack's id, or another resource is such a part.
    """

    id = "E9523"
    shortdesc = "A name that an account has once differs from region to region"
    description = "The name of a resource of a global service refers to AWS::Region, AWS::StackId or to a resource"
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each name that the same stack in another region would form too."""
        resources = cfn.get_resources()
        return [
            RuleMatch(
                ["Resources", name, "Properties", *path],
                f"{resource['Type']} has this name once in an account, and the same stack in another region would take "
                "it too: add ${AWS::Region}",
            )
            for name, resource in resources.items()
            if (path := ACCOUNT_WIDE.get(resource.get("Type", "")))
            and (given := _at(resource.get("Properties", {}), path)) is not None
            and not any(each in DIFFERS or each in resources for each in references([given]))
        ]


def _at(properties: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        properties = properties.get(key) if isinstance(properties, dict) else None
    return properties
