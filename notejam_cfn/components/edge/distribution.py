"""The CloudFront distribution: HTTPS for everyone, static files from the edge, all else from the load balancer."""

from __future__ import annotations

from typing import Any

from troposphere import If, NoValue, Sub, cloudfront
from troposphere import elasticloadbalancingv2 as elb
from troposphere.validators.route53 import AliasTarget

from ...config.settings import LoadBalancerSettings
from ...core import cloudfront as facts
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ..load_balancing.dns import add_records
from ..load_balancing.listeners import WAKING_PATH
from .edge import Edge
from .vpc_origin import GROUP, add_vpc_origin

ORIGIN = "load-balancer"
STATIC_FILES = "/static/*"
READING = ["GET", "HEAD"]
EVERY_METHOD = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
# The statuses that CloudFront keeps answers of: 10 seconds each unless told otherwise, for whoever asks next, even
# where nothing else is cached. A note that one visitor may not see would be missing for its owner.
# Source: Amazon CloudFront Developer Guide, "How CloudFront caches HTTP 4xx and 5xx status codes from your origin".
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
NO_TASK = 503
# Source: Amazon CloudFront Developer Guide, "Response timeout".
LONGEST_READ_SECONDS = 120
# TLS 1.2 or later. Source: the same, "Supported protocols and ciphers between viewers and CloudFront".
TLS_POLICY = "TLSv1.2_2021"


LOGGED_ELSEWHERE = Suppression(
    reason="The load balancer logs every request that reaches it; cdn.access_log adds CloudFront's own, by a stack in "
    "us-east-1 of which this property knows nothing.",
    risk="Requests that the cache answers, for static files only, are in no log without cdn.access_log.",
    checkov=("CKV_AWS_86",),
    guard=("cloudfront_access_logs_enabled_check",),
)
ONE_APPLICATION = Suppression(
    reason="The application answers / itself, and has one load balancer over all zones: a second origin would have "
    "nothing to answer with.",
    risk="None beyond the load balancer's own: while it is out of reach, CloudFront shows an error.",
    guard=("cloudfront_default_root_object_configured_check", "cloudfront_origin_failover_enabled_check"),
)
CLOUDFRONTS_CERTIFICATE = Suppression(
    reason="Without a domain people come by CloudFront's own name, under its certificate: the least version of TLS is "
    "CloudFront's to choose then.",
    risk="A viewer that speaks nothing newer is served over TLS 1.0. With load_balancer.domain it is TLS 1.2.",
    checkov=("CKV_AWS_174",),
    guard=(
        "cloudfront_custom_ssl_certificate_check",
        "cloudfront_security_policy_check",
        "cloudfront_sni_enabled_check",
    ),
)
NO_FIREWALL = Suppression(
    reason="load_balancer.waf is off for this stage: a firewall costs $10 a month idle, and production has one.",
    risk="Known attacks and floods reach the application, which limits what it can itself.",
    checkov=("CKV_AWS_68",),
)


@component("edge")
def add_distribution(
    template: Template, settings: LoadBalancerSettings, balancer: elb.LoadBalancer, edge: Edge
) -> tuple[cloudfront.Distribution, Value]:
    """Add the distribution in front of an internal load balancer, with the domain's records where there is a zone.

    Return it with the address people use, which is printed, with CloudFront's own, when the deployment finishes.
    """
    config = distribution_config(settings, balancer, add_vpc_origin(template, balancer))
    served = add_domain(template, settings, config, edge) if settings.domain else None
    if edge.web_acl_arn is not None:
        config.WebACLId = edge.web_acl_arn
    distribution = template.add(
        cloudfront.Distribution("Distribution", DistributionConfig=config),
        why="Answers people over HTTPS near where they are, and is the only way to the load balancer.",
        suppress=[
            LOGGED_ELSEWHERE,
            ONE_APPLICATION,
            *([] if settings.domain else [CLOUDFRONTS_CERTIFICATE]),
            *([] if settings.waf else [NO_FIREWALL]),
        ],
    )
    own_name = distribution.get_att("DomainName")
    url: Value = Sub("https://${Name}", Name=own_name)
    if served and settings.hosted_zone_id:
        target = AliasTarget(DNSName=own_name, HostedZoneId=facts.hosted_zone_id())
        add_records(template, settings, target, ipv6=True, condition=served)
    if served:
        url = If(served, f"https://{settings.domain}", url)
    template.add_output_for_people("Url", url, "Open this address: the application")
    if served:
        what = f"What {settings.domain} has to point at, as a CNAME"
        template.add_output_for_people("CloudFrontName", own_name, what)
    return distribution, url


def distribution_config(
    settings: LoadBalancerSettings, balancer: elb.LoadBalancer, origin: cloudfront.VpcOrigin
) -> cloudfront.DistributionConfig:
    """Return what the distribution does: static files, whose names carry a digest, are kept, and nothing else is.

    Every other request is passed on as it came, with all of its headers, cookies and words. The origin may take as long
    to answer as the load balancer lets a connection be quiet.
    """
    shared: dict[str, Any] = {
        "TargetOriginId": ORIGIN,
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachedMethods": READING,
        "Compress": True,
    }
    errors = {status: cloudfront.CustomErrorResponse(ErrorCode=status, ErrorCachingMinTTL=0) for status in ERRORS}
    errors[NO_TASK].ResponseCode, errors[NO_TASK].ResponsePagePath = NO_TASK, WAKING_PATH
    return cloudfront.DistributionConfig(
        Comment=Sub("${AWS::StackName}"),
        Enabled=True,
        HttpVersion="http2and3",
        IPV6Enabled=True,
        PriceClass="PriceClass_All",
        Origins=[
            cloudfront.Origin(
                Id=ORIGIN,
                DomainName=balancer.get_att("DNSName"),
                VpcOriginConfig=cloudfront.VpcOriginConfig(
                    VpcOriginId=origin.get_att("Id"),
                    OriginReadTimeout=min(settings.idle_timeout_seconds, LONGEST_READ_SECONDS),
                ),
            )
        ],
        DefaultCacheBehavior=cloudfront.DefaultCacheBehavior(
            **shared,
            CachePolicyId=facts.policy_id("CachingDisabled"),
            AllowedMethods=EVERY_METHOD,
            OriginRequestPolicyId=facts.policy_id("AllViewer"),
        ),
        CacheBehaviors=[
            cloudfront.CacheBehavior(
                **shared,
                CachePolicyId=facts.policy_id("CachingOptimized"),
                PathPattern=STATIC_FILES,
                AllowedMethods=READING,
            )
        ],
        CustomErrorResponses=[*errors.values()],
        ViewerCertificate=cloudfront.ViewerCertificate(CloudFrontDefaultCertificate=True),
    )


def add_domain(
    template: Template, settings: LoadBalancerSettings, config: cloudfront.DistributionConfig, edge: Edge
) -> str:
    """Serve the domain, unless the person who deploys says that another distribution still does; return the condition.

    CloudFront refuses a name that another distribution has, in any account: the second one, such as that of a stage
    that moves to another region, is made without it and takes it over later.
    Source: Amazon CloudFront Developer Guide, "Use custom URLs by adding alternate domain names (CNAMEs)".
    """
    parameter = template.add_parameter_in(
        GROUP,
        f"Serve {settings.domain}",
        facts.SERVE_DOMAIN,
        Type="String",
        Default="true",
        AllowedValues=["true", "false"],
        Description=(
            f"false while another distribution has {settings.domain} as an alternate name: this one then answers to "
            "its CloudFront address only, until the name has been moved (docs/deploying.md) and this is true."
        ),
    )
    served = template.condition_chosen(parameter, "true")
    config.Aliases = If(served, settings.domains, NoValue)
    config.ViewerCertificate = cloudfront.ViewerCertificate(
        AcmCertificateArn=edge.certificate_arn, MinimumProtocolVersion=TLS_POLICY, SslSupportMethod="sni-only"
    )
    return served
