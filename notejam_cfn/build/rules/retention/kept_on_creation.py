"""E9514: a creation that fails leaves nothing behind, and is not stuck."""

from __future__ import annotations

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LOGS_GO_TO = "access_logs.s3.bucket"


class KeptOnCreation(CloudFormationLintRule):
    """What is kept is not kept when the creation that made it is rolled back.

    `Retain` leaves a key that costs a dollar a month, or a bucket, at every try. One bucket is different: a load
    balancer writes a test file to it while it is created, and what is not empty cannot be deleted.
    """

    id = "E9514"
    shortdesc = "A failed creation keeps nothing"
    description = "DeletionPolicy is RetainExceptOnCreate and not Retain, but for the bucket of a load balancer's logs"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"
    )

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each policy that a rollback would trip over."""
        written = _written_to(cfn)
        found = []
        for name, resource in cfn.get_resources().items():
            policy, at_once = resource.get("DeletionPolicy"), name in written
            if policy == "Retain" and not at_once:
                found.append(_match(name, "leaves it behind when the creation fails: use RetainExceptOnCreate"))
            if policy == "RetainExceptOnCreate" and at_once:
                found.append(_match(name, "cannot delete it when the creation fails, as it is not empty: use Retain"))
        return found


def _match(name: str, message: str) -> RuleMatch:
    return RuleMatch(["Resources", name, "DeletionPolicy"], message)


def _written_to(cfn: Template) -> set[str]:
    """Return the buckets that load balancers of the template write their access logs to."""
    return {
        bucket
        for balancer in cfn.get_resources(BALANCER).values()
        for attribute in balancer.get("Properties", {}).get("LoadBalancerAttributes", [])
        if isinstance(attribute, dict) and attribute.get("Key") == LOGS_GO_TO
        for bucket in references(attribute.get("Value"))
    }
