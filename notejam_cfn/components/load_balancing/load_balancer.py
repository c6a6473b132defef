"""The load balancer: with CloudFront in front of it, or, without, the only part that the internet reaches."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from troposphere import Sub, ec2, s3
from troposphere import elasticloadbalancingv2 as elb
from troposphere.validators.route53 import AliasTarget

from ...config.settings import LoadBalancerSettings
from ...core.inputs import Inputs
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ..data.encryption import Encryption
from ..edge.distribution import add_distribution
from ..edge.edge import Edge
from ..edge.vpc_origin import add_cloudfront_security_group
from ..network.security_groups import add_security_group
from ..network.vpc import Network
from .access_logs import add_access_logs
from .dns import add_certificate, add_records
from .firewall import CountedRules, add_firewall
from .listeners import HTTP, HTTPS, NOT_RELEASED_YET, add_cloudfront_listener, add_listeners
from .routing import Route

# What a load balancer answers by itself. Source: Elastic Load Balancing API Reference, "FixedResponseActionConfig".
LONGEST_PAGE = 1024
PUBLIC, INTERNAL = "internet-facing", "internal"
OPEN_TO_PEOPLE = Suppression(
    reason="This is the public way in: people reach it on port 80, which redirects to HTTPS given a certificate.",
    risk="Everyone can send requests; nothing but the load balancer wears this group.",
    checkov=("CKV_AWS_260",),
)
MEANT_TO_BE_DELETED = Suppression(
    reason="This stage is made to be deleted with one command; load_balancer.deletion_protection turns it on.",
    risk="Whoever may delete the stack can take the stage away; other stages are not touched.",
    guard=("elbv2_deletion_protection_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class LoadBalancer(Inputs):
    """What a service needs to stand behind the load balancer, and people to reach it.

    `trusted_proxies` says how many of the last entries of `X-Forwarded-For` are by AWS: the load balancer's, and before
    it CloudFront's. `routes` are those of the services that stand behind it: see `routing`. `shared` says that several
    things sleep behind it: its count of refusals then wakes none of them, which whoever shares it has to do.
    """

    url: Value = described("Address that people open")
    listener_arn: Value = described("Listener that services attach to")
    security_group_id: Value = described(
        "Security group of the load balancer", output="load_balancer_security_group_id"
    )
    full_name: Value = described("Load balancer, as metrics name it", output="load_balancer_full_name")
    access_log_bucket: Value | None = described("Bucket of the access logs", default=None)
    trusted_proxies: int = 1
    web_acl_log_group: Value | None = described("Log group of the firewall", default=None)
    certificate_arn: Value | None = described("Certificate of the domain", default=None)
    distribution_id: Value | None = described("CloudFront distribution in front", default=None)
    shared: bool = False
    routes: list[Route] = dataclasses.field(default_factory=list, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class LoadBalancerOptions(Inputs):
    """What stands in front of an application knows of it.

    `page` is the HTML, of at most 1,024 characters, that people see until a service takes a request. `counted_rules`
    are rules of AWS WAF's managed groups that only count, by their group: they take what the application is for as an
    attack.
    """

    page: str = NOT_RELEASED_YET
    counted_rules: CountedRules = dataclasses.field(default_factory=dict)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if len(self.page) > LONGEST_PAGE:
            yield "page", f"must have at most {LONGEST_PAGE} characters, got {len(self.page)}"


@component("load-balancer")
def add_load_balancer(
    template: Template,
    settings: LoadBalancerSettings,
    network: Network,
    encryption: Encryption,
    edge: Edge | None = None,
    options: LoadBalancerOptions | None = None,
) -> LoadBalancer:
    """Add a load balancer: internal with CloudFront in front of it, given an edge, and else open to everyone.

    Until a service takes a request it answers with a page that says what to do next.
    """
    network.require_two_zones("public" if edge is None else "isolated", "the load balancer")
    bucket, known = add_access_logs(template, settings), options or LoadBalancerOptions()
    if edge is None:
        return add_public_load_balancer(template, settings, network, encryption, bucket, known)
    return add_internal_load_balancer(template, settings, network, edge, bucket, known.page)


def add_internal_load_balancer(
    template: Template, settings: LoadBalancerSettings, network: Network, edge: Edge, bucket: s3.Bucket, page: str
) -> LoadBalancer:
    """Add a load balancer without a public address in the isolated subnets, and CloudFront in front of it."""
    group = add_security_group(
        template,
        "LoadBalancerSecurityGroup",
        network.vpc_id,
        "Load balancer: out to the tasks",
        "Lets the load balancer reach tasks; who may reach it stands in a group of its own.",
    )
    admitted = add_cloudfront_security_group(template, network.vpc_id)
    groups = [group.get_att("GroupId"), admitted.get_att("GroupId")]
    balancer = add_balancer(template, settings, network, INTERNAL, groups, bucket)
    listener = add_cloudfront_listener(template, balancer, page)
    distribution, url = add_distribution(template, settings, balancer, edge)
    return LoadBalancer(
        url=url,
        listener_arn=listener.ref(),
        security_group_id=group.get_att("GroupId"),
        full_name=balancer.get_att("LoadBalancerFullName"),
        access_log_bucket=bucket.ref(),
        trusted_proxies=2,
        distribution_id=distribution.ref(),
    )


def add_public_load_balancer(
    template: Template,
    settings: LoadBalancerSettings,
    network: Network,
    encryption: Encryption,
    bucket: s3.Bucket,
    options: LoadBalancerOptions,
) -> LoadBalancer:
    """Add a load balancer over the public subnets, with HTTPS where a certificate is known."""
    group = add_public_security_group(template, settings, network)
    balancer = add_balancer(template, settings, network, PUBLIC, [group.get_att("GroupId")], bucket)
    certificate_arn = add_certificate(template, settings) if settings.https else None
    listener = add_listeners(template, balancer, settings.domains, certificate_arn, options.page)
    name: Value = balancer.get_att("DNSName")
    if settings.hosted_zone_id:
        target = AliasTarget(DNSName=name, HostedZoneId=balancer.get_att("CanonicalHostedZoneID"))
        add_records(template, settings, target, ipv6=network.dual_stack)
    url: Value = f"https://{settings.domain}" if settings.domain else Sub("http://${Name}", Name=name)
    template.add_output_for_people("Url", url, "Open this address: the application")
    counted = options.counted_rules
    acl_logs = add_firewall(template, settings, encryption, balancer, counted) if settings.waf else None
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


def add_balancer(
    template: Template,
    settings: LoadBalancerSettings,
    network: Network,
    scheme: str,
    group_ids: Sequence[Value],
    bucket: s3.Bucket,
) -> elb.LoadBalancer:
    """Add the balancer itself, dual-stack where the network is; only a public one stands where the internet leads."""
    subnet_ids = network.isolated_subnet_ids if scheme == INTERNAL else network.public_subnet_ids
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
            Scheme=scheme,
            IpAddressType="dualstack" if network.dual_stack else "ipv4",
            Subnets=list(subnet_ids),
            SecurityGroups=list(group_ids),
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in attributes.items()
            ],
        ),
        why="Spreads requests over the healthy tasks of all zones.",
        suppress=[] if settings.deletion_protection else [MEANT_TO_BE_DELETED],
    )
