"""E9520: what uses a role or a bucket waits for the policies that let it."""

from __future__ import annotations

from collections.abc import Iterator

import networkx
from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references, references_under

# Where a policy that stands beside its role names the role, or the policy of a bucket the bucket.
ATTACHED_BY = {
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
    "AWS::S3::BucketPolicy": "Bucket",
}
TAKES_ROLE = ("Role", "RoleArn", "PermissionArn")
DELIVERS_TO_BUCKET = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::FlowLog", "AWS::CloudFront::Distribution")


class PoliciesFirst(CloudFormationLintRule):
    """A resource that takes a role, or delivers to a bucket, depends on the policies that stand beside it.

    A policy refers to its role, and so does the resource; without DependsOn either may come first, and the service
    then tries what it may not do yet. On deletion the policy would go first.
    """

    id = "E9520"
    shortdesc = "Policies come before what they are for"
    description = "Whatever takes a role, or writes logs to a bucket, depends on the policies attached to it"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each resource that may come before a policy it needs."""
        if cfn.graph is None:
            return []
        graph = cfn.graph.graph
        return [
            RuleMatch(["Resources", user], f"needs DependsOn: {policy}, a policy of {target}")
            for policy, target in _attached(cfn)
            for user in _users(cfn, target)
            if policy not in networkx.descendants(graph, user)
            if user not in networkx.descendants(graph, policy)  # what a policy refers to cannot wait for it
        ]


def _attached(cfn: Template) -> Iterator[tuple[str, str]]:
    """Yield each policy that is a resource of its own, with the role or bucket it is attached to."""
    for policy, resource in cfn.get_resources().items():
        key = ATTACHED_BY.get(resource.get("Type", ""))
        if key:
            for target in dict.fromkeys(references(resource.get("Properties", {}).get(key))):
                yield policy, target


def _users(cfn: Template, target: str) -> Iterator[str]:
    """Yield what takes a role, or delivers to a bucket."""
    is_bucket = cfn.get_resources().get(target, {}).get("Type") == "AWS::S3::Bucket"
    for name, resource in cfn.get_resources().items():
        if str(resource.get("Type")).startswith("AWS::IAM::"):
            continue
        properties = resource.get("Properties", {})
        if is_bucket and resource.get("Type") in DELIVERS_TO_BUCKET and target in references(properties):
            yield name
        if not is_bucket and target in references_under(TAKES_ROLE, properties):
            yield name
