"""The load balancer: the only part that the internet reaches."""

from __future__ import annotations

import dataclasses

from troposphere import Sub, certificatemanager, ec2, route53, s3, wafv2
from troposphere import elasticloadbalancingv2 as elb
from troposphere.validators.route53 import AliasTarget

from ...config.settings import LoadBalancerSettings
from ...core import names
from ...core.suppressions import TLS_IN_OTHER_WORDS, Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies
from ..data.encryption import Encryption
from ..network.security_groups import add_security_group
from ..network.vpc import Network
from ..observability.log_groups import add_log_group

HTTP, HTTPS = 80, 443
# TLS 1.2 and 1.3 with forward secrecy and post-quantum key exchange: what the console proposes since 2025.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
NOT_RELEASED_YET = (
    "<!doctype html><meta charset=utf-8><title>Almost there</title>"
    "<style>body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>"
    "<h1>Almost there</h1><p>This stage is up and waits for its first release.</p>"
    "<p>Run <code>python scripts/release.py STAGE</code>, or update the stack with an image in "
    "<b>ImageUri</b>.</p>"
)
# AWS's managed groups, in the order they are asked; the names are WAF's own.
MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
# What people write in notes looks like attacks: code, markup, paths. The application handles bodies safely and limits
# their size itself, so the rules about bodies only count.
COUNTED_ONLY = {
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
    "AWSManagedRulesSQLiRuleSet": ("SQLi_BODY", "SQLiExtendedPatterns_BODY"),
}
NO_CERTIFICATE = Suppression(
    reason="No domain or certificate is configured for this stage, so there is no HTTPS to redirect to.",
    risk="Passwords and notes can be read on the way. Set load_balancer.domain before real people use the stage.",
    checkov=("CKV_AWS_2", "CKV_AWS_103"),
    guard=("alb_http_to_https_redirection_check",),
)
OPEN_TO_PEOPLE = Suppression(
    reason="This is the public way in: people reach it on port 80, which redirects to HTTPS given a certificate.",
    risk="Everyone can send requests; nothing but the load balancer wears this group.",
    checkov=("CKV_AWS_260",),
)
HOLDS_LOGS_ITSELF = Suppression(
    reason="This bucket is where access logs end: logging access to it would need another such bucket, and so on.",
    risk="Who read the logs is not logged here; CloudTrail data events can record it where that is asked for.",
    checkov=("CKV_AWS_18",),
    guard=("s3_bucket_logging_enabled_check",),
)
ENCRYPTED_BY_S3 = Suppression(
    reason="Elastic Load Balancing writes access logs only to buckets under S3's own key (SSE-S3).",
    risk="Reading is decided by IAM and the bucket's policy alone, without a second lock on a key.",
    guard=("s3_bucket_default_encryption_kms_check",),
)
LOGS_EXPIRE = Suppression(
    reason="Access logs name people's addresses and must be able to expire and be erased; versions undo an overwrite.",
    risk="An administrator of the account can delete access logs early.",
    guard=("s3_bucket_object_lock_enabled_check",),
)
MEANT_TO_BE_DELETED = Suppression(
    reason="This stage is made to be deleted with one command; load_balancer.deletion_protection turns it on.",
    risk="Whoever may delete the stack can take the stage away; other stages are not touched.",
    guard=("elbv2_deletion_protection_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class LoadBalancer:
    """What a service needs to stand behind the load balancer, and people to reach it."""

    url: Value
    listener_arn: Value
    security_group_id: Value
    full_name: Value
    access_log_bucket: Value
    web_acl_log_group: Value | None = described("Log group of the firewall", default=None)
    certificate_arn: Value | None = described("Certificate of the domain", default=None)


@component("load-balancer")
def add_load_balancer(
    template: Template, settings: LoadBalancerSettings, network: Network, encryption: Encryption
) -> LoadBalancer:
    """Add a load balancer over the public subnets, with HTTPS where a certificate is known.

    Until a service takes a request it answers with a page that says what to do next.
    """
    group = add_public_security_group(template, settings, network)
    bucket = add_access_logs(template, settings)
    balancer = add_balancer(template, settings, network, group.get_att("GroupId"), bucket)
    certificate_arn = add_certificate(template, settings) if settings.https else None
    listener = add_listeners(template, balancer, certificate_arn)
    if settings.hosted_zone_id:
        add_records(template, settings, network, balancer)
    url = add_url(template, settings, balancer)
    acl_logs = add_firewall(template, settings, encryption, balancer) if settings.waf else None
    return LoadBalancer(
        url=url,
        listener_arn=listener.ref(),
        security_group_id=group.get_att("GroupId"),
        full_name=balancer.get_att("LoadBalancerFullName"),
        access_log_bucket=bucket.ref(),
        web_acl_log_group=acl_logs,
        certificate_arn=certificate_arn,
    )


def add_public_security_group(
    template: Template, settings: LoadBalancerSettings, network: Network
) -> ec2.SecurityGroup:
    """Admit everyone on the ports that people use, and nothing else."""
    group = add_security_group(
        template,
        "LoadBalancerSecurityGroup",
        network.vpc_id,
        "Load balancer: open to everyone on its ports",
        "Admits people on the web's ports; the only group open to the world.",
        suppress=[OPEN_TO_PEOPLE],
    )
    sources = [{"CidrIp": "0.0.0.0/0"}] + ([{"CidrIpv6": "::/0"}] if network.dual_stack else [])
    ports = {HTTP: "HTTP"} | ({HTTPS: "HTTPS"} if settings.https else {})
    group.SecurityGroupIngress = [
        ec2.SecurityGroupRule(
            Description=f"{protocol} from anywhere", IpProtocol="tcp", FromPort=port, ToPort=port, **source
        )
        for port, protocol in ports.items()
        for source in sources
    ]
    return group


def add_access_logs(template: Template, settings: LoadBalancerSettings) -> s3.Bucket:
    """Add the bucket of access logs, which Elastic Load Balancing only writes to S3 under S3's own key.

    It is kept when the stack goes, since CloudFormation cannot delete a bucket with objects; they expire by themselves.
    """
    bucket = template.add(
        s3.Bucket(
            "AccessLogs",
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
                    )
                ]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            NotificationConfiguration=s3.NotificationConfiguration(
                EventBridgeConfiguration=s3.EventBridgeConfiguration(EventBridgeEnabled=True)
            ),
            LifecycleConfiguration=s3.LifecycleConfiguration(
                Rules=[
                    s3.LifecycleRule(
                        Id="expire",
                        Status="Enabled",
                        ExpirationInDays=settings.access_log_days,
                        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=1),
                        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
                    )
                ]
            ),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        ),
        why="Keeps a line for each request, for analysis with Athena, until it expires.",
        suppress=[HOLDS_LOGS_ITSELF, ENCRYPTED_BY_S3, LOGS_EXPIRE],
    )
    template.add(
        s3.BucketPolicy(
            "AccessLogsPolicy",
            Bucket=bucket.ref(),
            PolicyDocument=policies.policy(
                policies.allow_delivering_load_balancer_logs(bucket.get_att("Arn")),
                policies.refuse_plain_http(bucket.get_att("Arn")),
            ),
        ),
        why="Lets the load balancer write access logs, and nobody talk to the bucket without TLS.",
        suppress=[TLS_IN_OTHER_WORDS],
    )
    return bucket


def add_balancer(
    template: Template, settings: LoadBalancerSettings, network: Network, group: Value, bucket: s3.Bucket
) -> elb.LoadBalancer:
    """Add the balancer itself, dual-stack where the network is."""
    attributes = {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": bucket.ref(),
        "deletion_protection.enabled": str(settings.deletion_protection).lower(),
        "idle_timeout.timeout_seconds": str(settings.idle_timeout_seconds),
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http2.enabled": "true",
    }
    return template.add(
        elb.LoadBalancer(
            "LoadBalancer",
            Type="application",
            Scheme="internet-facing",
            IpAddressType="dualstack" if network.dual_stack else "ipv4",
            Subnets=list(network.public_subnet_ids),
            SecurityGroups=[group],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in attributes.items()
            ],
            DependsOn="AccessLogsPolicy",
        ),
        why="Spreads requests over the healthy tasks of all zones.",
        suppress=[] if settings.deletion_protection else [MEANT_TO_BE_DELETED],
    )


def add_listeners(template: Template, balancer: elb.LoadBalancer, certificate_arn: Value | None) -> elb.Listener:
    """Add the listener that services attach to, and with HTTPS one that redirects to it."""
    if certificate_arn is None:
        why = "Takes requests over HTTP, as no certificate is configured."
        return add_service_listener(template, balancer, "HttpListener", HTTP, why)
    redirect = elb.RedirectConfig(Protocol="HTTPS", Port=str(HTTPS), StatusCode="HTTP_301")
    template.add(
        elb.Listener(
            "HttpListener",
            LoadBalancerArn=balancer.ref(),
            Protocol="HTTP",
            Port=HTTP,
            DefaultActions=[elb.Action(Type="redirect", RedirectConfig=redirect)],
        ),
        why="Sends people who ask over HTTP to HTTPS.",
    )
    listener = add_service_listener(template, balancer, "HttpsListener", HTTPS, "Takes requests over HTTPS.")
    listener.SslPolicy = TLS_POLICY
    listener.Certificates = [elb.Certificate(CertificateArn=certificate_arn)]
    return listener


def add_service_listener(
    template: Template, balancer: elb.LoadBalancer, title: str, port: int, why: str
) -> elb.Listener:
    """Add a listener that answers with the page of a stage without a release, until a service adds its rule."""
    page = elb.FixedResponseConfig(StatusCode="503", ContentType="text/html", MessageBody=NOT_RELEASED_YET)
    return template.add(
        elb.Listener(
            title,
            LoadBalancerArn=balancer.ref(),
            Protocol="HTTPS" if port == HTTPS else "HTTP",
            Port=port,
            DefaultActions=[elb.Action(Type="fixed-response", FixedResponseConfig=page)],
        ),
        why=why,
        suppress=[] if port == HTTPS else [NO_CERTIFICATE],
    )


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
                certificatemanager.DomainValidationOption(
                    DomainName=settings.domain, HostedZoneId=settings.hosted_zone_id
                )
            ],
        ),
        why="Proves to browsers that the domain is ours; renews itself through its DNS record.",
    )
    return certificate.ref()


def add_records(
    template: Template, settings: LoadBalancerSettings, network: Network, balancer: elb.LoadBalancer
) -> None:
    """Point the domain at the load balancer, over IPv6 too where the network has it."""
    target = AliasTarget(DNSName=balancer.get_att("DNSName"), HostedZoneId=balancer.get_att("CanonicalHostedZoneID"))
    for record in ("A", "AAAA") if network.dual_stack else ("A",):
        template.add(
            route53.RecordSetType(
                f"DomainRecord{record}",
                HostedZoneId=settings.hosted_zone_id,
                Name=settings.domain,
                Type=record,
                AliasTarget=target,
            ),
            why="Lets people reach the application by its name.",
        )


def add_url(template: Template, settings: LoadBalancerSettings, balancer: elb.LoadBalancer) -> Value:
    """Return the address people use, and print it when the deployment finishes."""
    if settings.domain:
        url: Value = f"https://{settings.domain}"
    else:
        url = Sub("http://${Name}", Name=balancer.get_att("DNSName"))
    template.add_output_for_people("Url", url, "Open this address: the application")
    return url


def add_firewall(
    template: Template, settings: LoadBalancerSettings, encryption: Encryption, balancer: elb.LoadBalancer
) -> Value:
    """Add AWS WAF with managed rules and a rate limit by address, and return the log group of what it blocked."""
    limit = wafv2.RateBasedStatement(Limit=settings.requests_per_5_minutes, AggregateKeyType="IP")
    rate = _rule("RateLimit", 0, wafv2.Statement(RateBasedStatement=limit))
    rate.Action = wafv2.RuleAction(Block=wafv2.BlockAction())
    acl = template.add(
        wafv2.WebACL(
            "Firewall",
            Scope="REGIONAL",
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            VisibilityConfig=_visibility("Firewall"),
            Rules=[rate, *(_managed_rule(name, number) for number, name in enumerate(MANAGED_RULES, start=1))],
        ),
        why="Stops known attacks and floods before they reach the application.",
    )
    template.add(
        wafv2.WebACLAssociation("FirewallAssociation", ResourceArn=balancer.ref(), WebACLArn=acl.get_att("Arn")),
        why="Puts the firewall in front of the load balancer.",
    )
    return add_firewall_log(template, settings, encryption, acl)


def add_firewall_log(
    template: Template, settings: LoadBalancerSettings, encryption: Encryption, acl: wafv2.WebACL
) -> Value:
    """Log the requests that the firewall blocked or counted, without cookies and credentials."""
    group = add_log_group(
        template,
        "FirewallLogGroup",
        settings.log_retention_days,
        encryption,
        "Keeps what the firewall blocked.",
        names.waf_log_group(),
    )
    hidden = [
        wafv2.LoggingConfigurationFieldToMatch(SingleHeader=wafv2.SingleHeader(Name=name))
        for name in ("authorization", "cookie")
    ]
    template.add(
        wafv2.LoggingConfiguration(
            "FirewallLog",
            ResourceArn=acl.get_att("Arn"),
            LogDestinationConfigs=[names.log_group_arn(group.ref())],
            RedactedFields=hidden,
            LoggingFilter=only_what_rules_matched(),
        ),
        why="Records what the firewall stopped, or would have stopped, to tune its rules.",
    )
    return group.ref()


def only_what_rules_matched() -> wafv2.LoggingFilter:
    """Keep of the firewall's log what a rule blocked or counted; the access logs know every request, for a tenth.

    Source: AWS WAF API Reference, "ActionCondition"; a rule of a managed group that is set to count is "excluded".
    """
    kept = [
        wafv2.Condition(ActionCondition=wafv2.ActionCondition(Action=action))
        for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
    ]
    matched = wafv2.Filter(Behavior="KEEP", Requirement="MEETS_ANY", Conditions=kept)
    return wafv2.LoggingFilter(DefaultBehavior="DROP", Filters=[matched])


def _managed_rule(name: str, priority: int) -> wafv2.WebACLRule:
    group = wafv2.ManagedRuleGroupStatement(VendorName="AWS", Name=name)
    if name in COUNTED_ONLY:
        group.RuleActionOverrides = [
            wafv2.RuleActionOverride(Name=rule, ActionToUse=wafv2.RuleAction(Count=wafv2.CountAction()))
            for rule in COUNTED_ONLY[name]
        ]
    statement = wafv2.Statement(ManagedRuleGroupStatement=group)
    rule = _rule(name, priority, statement)
    rule.OverrideAction = wafv2.OverrideAction.from_dict("", {"None": {}})
    return rule


def _rule(name: str, priority: int, statement: wafv2.Statement) -> wafv2.WebACLRule:
    return wafv2.WebACLRule(Name=name, Priority=priority, Statement=statement, VisibilityConfig=_visibility(name))


def _visibility(name: str) -> wafv2.VisibilityConfig:
    return wafv2.VisibilityConfig(CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=name)
