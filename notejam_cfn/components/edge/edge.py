"""What CloudFront only takes from us-east-1: the domain's certificate, and the firewall with its log."""

from __future__ import annotations

import dataclasses

from troposphere import If, NoValue

from ...config.settings import Stage
from ...core.inputs import Inputs
from ...core.template import Template, component
from ...core.values import Value, described
from ..data.encryption import add_encryption
from ..load_balancing.dns import add_certificate, add_certificate_alarm
from ..load_balancing.firewall import CLOUDFRONT, CountedRules, add_firewall_log, add_web_acl
from ..observability.alarm_topic import add_alarm_topic
from ..observability.queries import FIREWALL, add_queries
from .vpc_origin import GROUP

CERTIFICATE, WEB_ACL = "CertificateArn", "WebAclArn"
ARN = "arn:[a-z-]+:{}:[a-z0-9-]+:[0-9]{{12}}:{}"


@dataclasses.dataclass(frozen=True)
class Edge(Inputs):
    """What the distribution of a stage takes from us-east-1; nothing without a domain and a firewall."""

    certificate_arn: Value | None = described("Certificate of the domain, for CloudFront", default=None)
    web_acl_arn: Value | None = described("Firewall, for CloudFront", default=None)


def needs_edge(stage: Stage) -> bool:
    """Tell whether a stage has something in us-east-1: a certificate that is made for it, or a firewall."""
    settings = stage.load_balancer
    return stage.behind_cdn and (settings.waf or bool(settings.domain and not settings.certificate_arn))


@component("edge")
def add_edge(template: Template, stage: Stage, counted: CountedRules) -> Edge:
    """Add what a stage's distribution needs in us-east-1, with a key and a topic of that region, which go with it."""
    settings = stage.load_balancer
    encryption = add_encryption(template, dataclasses.replace(stage.encryption, keep_key=False), ("cloudwatch", "sns"))
    topic = add_alarm_topic(template, stage.monitoring, encryption)
    certificate_arn = add_certificate(template, settings) if settings.https else None
    if certificate_arn is not None:
        add_certificate_alarm(template, topic, certificate_arn)
    if not settings.waf:
        return Edge(certificate_arn)
    acl = add_web_acl(template, settings, CLOUDFRONT, counted)
    group = add_firewall_log(template, settings, encryption, acl)
    add_queries(template, {FIREWALL: group})
    return Edge(certificate_arn, acl.get_att("Arn"))


def edge_elsewhere(template: Template, stage: Stage) -> Edge:
    """Let the person who deploys name the certificate and the firewall that stand in us-east-1."""
    settings = stage.load_balancer
    certificate = add_certificate_parameter(template, stage) if settings.domain else None
    acl = add_web_acl_parameter(template, stage) if settings.waf else None
    return Edge(certificate, acl)


def add_certificate_parameter(template: Template, stage: Stage) -> Value:
    """Ask for the certificate of the domain; one that is configured is proposed."""
    parameter = template.add_parameter_in(
        GROUP,
        f"Certificate for {stage.load_balancer.domain}",
        CERTIFICATE,
        Type="String",
        AllowedPattern=ARN.format("acm", "certificate/.+"),
        ConstraintDescription="the ARN of a certificate in us-east-1",
        Description=(
            f"ARN of an ACM certificate for {stage.load_balancer.domain} in us-east-1, from where CloudFront takes it: "
            f"the output CertificateArn of the stack made from {stage.name}/edge.yaml there, or one that you have."
        ),
    )
    if stage.load_balancer.certificate_arn:
        parameter.Default = stage.load_balancer.certificate_arn
    return parameter.ref()


def add_web_acl_parameter(template: Template, stage: Stage) -> Value:
    """Ask for the firewall; without one CloudFront answers everybody."""
    parameter = template.add_parameter_in(
        GROUP,
        "Firewall",
        WEB_ACL,
        Type="String",
        Default="",
        AllowedPattern="|" + ARN.format("wafv2", "global/webacl/.+"),
        ConstraintDescription="empty, or the ARN of a web ACL for CloudFront",
        Description=(
            "ARN of a web ACL of AWS WAF, scope CLOUDFRONT: the output WebAclArn of the stack made from "
            f"{stage.name}/edge.yaml in us-east-1. Empty: no firewall."
        ),
    )
    return If(template.condition_given(parameter), parameter.ref(), NoValue)
