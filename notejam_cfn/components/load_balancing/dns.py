"""The domain: its certificate, and the records that lead people to the stage."""

from __future__ import annotations

from troposphere import certificatemanager, route53
from troposphere.validators.route53 import AliasTarget

from ...config.settings import LoadBalancerSettings
from ...core.template import Template
from ...core.values import Value
from ..observability.alarm_topic import AlarmTopic
from ..observability.metric_alarms import ONE_DAY_SECONDS, MetricAlarm, add_alarm

# ACM renews 60 days before; at 30 something is wrong with the domain's validation record.
# Source: AWS Certificate Manager User Guide, "Managed certificate renewal".
CERTIFICATE_DAYS = 30
ACM = "AWS/CertificateManager"


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
    template: Template, settings: LoadBalancerSettings, target: AliasTarget, ipv6: bool, condition: str | None = None
) -> None:
    """Point the domains at a target, over IPv6 too: `DomainRecordA`, and of other names `DomainRecordA2`…"""
    for number, name in enumerate(settings.domains, start=1):
        for kind in ("A", "AAAA") if ipv6 else ("A",):
            record = route53.RecordSetType(
                f"DomainRecord{kind}{number if number > 1 else ''}",
                HostedZoneId=settings.hosted_zone_id,
                Name=name,
                Type=kind,
                AliasTarget=target,
            )
            if condition:
                record.Condition = condition
            template.add(record, why="Lets people reach the application by its name.")


def add_certificate_alarm(template: Template, notifications: AlarmTopic, certificate_arn: Value) -> None:
    """Notice that the certificate is not renewed."""
    certificate = {"CertificateArn": certificate_arn}
    late = MetricAlarm(
        ACM, "DaysToExpiry", certificate, CERTIFICATE_DAYS, "Minimum", "LessThanThreshold", ONE_DAY_SECONDS
    )
    meaning = f"The certificate expires in less than {CERTIFICATE_DAYS} days and was not renewed."
    add_alarm(template, "CertificateExpires", late, notifications, "certificate-expires", meaning)
