"""The domain: its certificate, and the records that lead people to the stage."""

from __future__ import annotations

from collections.abc import Iterator

from troposphere import certificatemanager, route53
from troposphere import elasticloadbalancingv2 as elb
from troposphere.validators.route53 import AliasTarget

from ...config.settings import LoadBalancerSettings
from ...core.template import Template
from ...core.values import Value
from ..network.vpc import Network
from ..observability.alarm_topic import AlarmTopic
from ..observability.metric_alarms import MetricAlarm, add_alarm

# ACM renews 60 days before; at 30 something is wrong with the domain's validation record.
# Source: AWS Certificate Manager User Guide, "Managed certificate renewal".
CERTIFICATE_DAYS = 30
ONE_DAY_SECONDS = 86400


def add_certificate(template: Template, settings: LoadBalancerSettings) -> Value:
    """Return the certificate's ARN: the configured one, or a new one proven by a record in the zone."""
    if settings.certificate_arn:
        return settings.certificate_arn
    certificate = template.add(
        certificatemanager.Certificate(
            "Certificate",
            DomainName=settings.domain,
            ValidationMethod="DNS",
            DomainValidationOptions=[
                certificatemanager.DomainValidationOption(DomainName=name, HostedZoneId=settings.hosted_zone_id)
                for name in settings.domains
            ],
        ),
        why="Proves to browsers that the domain is ours; renews itself through its DNS record.",
    )
    if settings.more_domains:
        certificate.SubjectAlternativeNames = settings.domains[1:]
    return certificate.ref()


def add_records(
    template: Template, settings: LoadBalancerSettings, network: Network, balancer: elb.LoadBalancer
) -> None:
    """Point the domains at the load balancer, over IPv6 too where the network has it."""
    target = AliasTarget(DNSName=balancer.get_att("DNSName"), HostedZoneId=balancer.get_att("CanonicalHostedZoneID"))
    for record in domain_records(settings, target, ("A", "AAAA") if network.dual_stack else ("A",)):
        template.add(record, why="Lets people reach the application by its name.")


def domain_records(
    settings: LoadBalancerSettings, target: AliasTarget, types: tuple[str, ...]
) -> Iterator[route53.RecordSetType]:
    """Yield the records that point the domains at a target: `DomainRecordA`, and of other names `DomainRecordA2`…"""
    for number, name in enumerate(settings.domains, start=1):
        for kind in types:
            yield route53.RecordSetType(
                f"DomainRecord{kind}{number if number > 1 else ''}",
                HostedZoneId=settings.hosted_zone_id,
                Name=name,
                Type=kind,
                AliasTarget=target,
            )


def add_certificate_alarm(template: Template, notifications: AlarmTopic, certificate_arn: Value) -> None:
    """Notice that the certificate is not renewed."""
    add_alarm(
        template,
        "CertificateExpires",
        MetricAlarm(
            "AWS/CertificateManager",
            "DaysToExpiry",
            {"CertificateArn": certificate_arn},
            CERTIFICATE_DAYS,
            "Minimum",
            "LessThanThreshold",
            ONE_DAY_SECONDS,
        ),
        notifications,
        "certificate-expires",
        f"The certificate expires in less than {CERTIFICATE_DAYS} days and was not renewed.",
    )
