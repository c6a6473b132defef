"""The addresses of previews, made with the stage: a preview takes one that is free, at once.

Each is a CloudFront distribution, which costs nothing while nobody asks. Made and removed with each preview it would
take minutes both times, and whoever may make one may put it in front of any load balancer of the account, past that
one's firewall: AWS narrows cloudfront:CreateDistribution to no VPC origin. Previews behind one host would share the
host's cookies, as ports do. A distribution names its preview by a header, which it sets whatever a visitor sends.
"""

from __future__ import annotations

from collections.abc import Iterable

from troposphere import Sub, cloudfront
from troposphere import elasticloadbalancingv2 as elb

from ...config.settings.previews import ENDED_PRIORITY
from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from .borrowing import Lender

HEADER = "X-Preview"
ENDED = (
    "<!doctype html><meta charset=utf-8><title>No preview</title>"
    "<style>body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>"
    "<h1>No preview here</h1><p>It has ended, or was not made yet.</p>"
    "<p>Run <code>python -m notejam_cfn deploy STAGE --preview NAME --image URI</code>.</p>"
)
LIKE_THE_STAGES = Suppression(
    reason="A copy of the stage's own distribution, without a domain: the reasons stand there.",
    risk="What is risked there. Previews hold what developers put into them.",
    checkov=("CKV_AWS_68", "CKV_AWS_86", "CKV_AWS_174"),
    guard=(
        *("cloudfront_access_logs_enabled_check", "cloudfront_custom_ssl_certificate_check"),
        *("cloudfront_default_root_object_configured_check", "cloudfront_origin_failover_enabled_check"),
        *("cloudfront_security_policy_check", "cloudfront_sni_enabled_check"),
    ),
)


@component("previews")
def add_addresses(template: Template, lender: Lender, numbers: Iterable[int], own_origin: bool) -> None:
    """Add a distribution for each number, and print it as `NUMBER/HOST`, which is what a preview takes.

    A VPC origin takes 50 distributions; with `own_origin` the stack makes another to the same load balancer.
    Source: Amazon CloudFront Developer Guide, "Quotas", distributions per VPC origin.
    """
    origin: Value | None = None
    if own_origin:
        vpc_origin = lender.copied("VpcOrigin", cloudfront.VpcOrigin)
        origin = template.add(vpc_origin, why="Takes the distributions that the stage's own has no room for.").get_att(
            "Id"
        )
    for number in numbers:
        add_address(template, lender, number, origin)


def add_address(template: Template, lender: Lender, number: int, vpc_origin_id: Value | None) -> None:
    """Add one distribution: the stage's own, without its domain, that says the number of the preview behind it."""
    distribution = lender.copied("Distribution", cloudfront.Distribution)
    distribution.title = f"Address{number}"
    distribution.resource.pop("Metadata", None)
    config = distribution.DistributionConfig
    config.Comment = names.of_stack(f" {number}")
    for own in ("Aliases", "WebACLId"):
        config.properties.pop(own, None)
    config.ViewerCertificate = cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True)
    origin = config.Origins[0]
    origin.OriginCustomHeaders = [cloudfront.OriginCustomHeader(HeaderName=HEADER, HeaderValue=str(number))]
    if vpc_origin_id is not None:
        origin.VpcOriginConfig.VpcOriginId = vpc_origin_id
    template.add(distribution, why="Is the address of one preview at a time.", suppress=[LIKE_THE_STAGES])
    address = Sub(f"{number}/${{Host}}", Host=distribution.get_att("DomainName"))
    template.add_output_for_people(f"Address{number}", address, "An address that a preview can have")


@component("previews")
def add_ended_page(template: Template, listener_arn: Value) -> None:
    """Answer at an address without a preview that there is none. It is no 503, which would wake what sleeps."""
    page = elb.FixedResponseConfig(StatusCode="404", ContentType="text/html", MessageBody=ENDED)
    template.add(
        elb.ListenerRule(
            "NoPreview",
            ListenerArn=listener_arn,
            Priority=ENDED_PRIORITY,
            Conditions=[behind("*")],
            Actions=[elb.ListenerRuleAction(Type="fixed-response", FixedResponseConfig=page)],
        ),
        why="Says at an address whose preview has ended that it has.",
    )


def behind(number: Value) -> elb.Condition:
    """Hold for requests that came by the address of a number."""
    header = elb.HttpHeaderConfig(HttpHeaderName=HEADER, Values=[number])
    return elb.Condition(Field="http-header", HttpHeaderConfig=header)
