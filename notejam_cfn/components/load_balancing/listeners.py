"""The load balancer's listeners, and the page of a stage that waits for its first release."""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import elasticloadbalancingv2 as elb

from ...core.suppressions import Suppression
from ...core.template import Template
from ...core.values import Value

HTTP, HTTPS = 80, 443
# Source: Elastic Load Balancing, "Quotas for your Application Load Balancers", condition values per rule.
NAMES_IN_A_RULE = 5
# TLS 1.2 and 1.3 with forward secrecy and post-quantum key exchange: what the console proposes since 2025.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
# Asked by CloudFront when no task could be asked; see `add_cloudfront_listener`.
WAKING_PATH = "/waking-up.html"
WAKING_PRIORITY = 2
# It looks every five seconds whether a task answers, and then asks again for what was asked, form and all. Without
# scripts it loads itself again. A load balancer answers with 1,024 characters at the most.
WAKING = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>One moment, please</title><noscript><meta http-equiv=refresh content=8></noscript>"
    "<style>body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>"
    "<h1>One moment, please</h1><p>The application is waking up, or very busy. "
    "This page goes on by itself, mostly within two minutes.</p>"
    "<script>!function look(){setTimeout(()=>fetch(location.href,{method:'HEAD',cache:'no-store'})"
    ".then(a=>a.status<502?location.reload():look(),look),5e3)}()</script>"
)
NOT_RELEASED_YET = (
    "<!doctype html><meta charset=utf-8><title>Almost there</title>"
    "<style>body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>"
    "<h1>Almost there</h1><p>This service waits for its first release: update the stack with a container image.</p>"
)
BEHIND_CLOUDFRONT = Suppression(
    reason="People never reach this listener: CloudFront serves them over HTTPS and asks here over its VPC origin.",
    risk="Between CloudFront's private way in and the tasks, requests cross the VPC unencrypted.",
    checkov=("CKV_AWS_2", "CKV_AWS_103"),
    guard=("alb_http_to_https_redirection_check",),
)
NO_CERTIFICATE = Suppression(
    reason="No domain or certificate is configured for this stage, so there is no HTTPS to redirect to.",
    risk="What people send, passwords too, can be read on the way. Set load_balancer.domain before real people come.",
    checkov=("CKV_AWS_2", "CKV_AWS_103"),
    guard=("alb_http_to_https_redirection_check",),
)


def add_cloudfront_listener(template: Template, balancer: elb.LoadBalancer, page: str) -> elb.Listener:
    """Add the one listener behind CloudFront, to which services attach, and the page shown in place of its own 503.

    The load balancer gives a 503 when no task is there, and counts it, which wakes a sleeping service. CloudFront
    cannot tell it from a 503 of the application; what must reach people as it is has another status.
    """
    why = "Takes requests from CloudFront, which speaks HTTPS with people."
    listener = add_service_listener(template, balancer, "HttpListener", HTTP, why, page, [BEHIND_CLOUDFRONT])
    waking = elb.FixedResponseConfig(StatusCode="200", ContentType="text/html", MessageBody=WAKING)
    template.add(
        elb.ListenerRule(
            "WakingPage",
            ListenerArn=listener.ref(),
            Priority=WAKING_PRIORITY,
            Conditions=[
                elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=[WAKING_PATH]))
            ],
            Actions=[elb.ListenerRuleAction(Type="fixed-response", FixedResponseConfig=waking)],
        ),
        why="Holds the page that people see while no task answers, which goes on by itself.",
    )
    return listener


def add_listeners(
    template: Template, balancer: elb.LoadBalancer, domains: Sequence[str], certificate_arn: Value | None, page: str
) -> elb.Listener:
    """Add the listener that services attach to, and with HTTPS one that redirects to it.

    The redirect names the domain: whoever comes by another name, such as the domain of before, would otherwise be sent
    to that name over HTTPS, which the certificate does not cover.
    """
    if certificate_arn is None:
        why = "Takes requests over HTTP, as no certificate is configured."
        return add_service_listener(template, balancer, "HttpListener", HTTP, why, page, [NO_CERTIFICATE])
    redirect = elb.RedirectConfig(Protocol="HTTPS", Host=domains[0], Port=str(HTTPS), StatusCode="HTTP_301")
    http = template.add(
        elb.Listener(
            "HttpListener",
            LoadBalancerArn=balancer.ref(),
            Protocol="HTTP",
            Port=HTTP,
            DefaultActions=[elb.Action(Type="redirect", RedirectConfig=redirect)],
        ),
        why="Sends people who ask over HTTP to HTTPS.",
    )
    add_other_redirects(template, http, domains[1:])
    listener = add_service_listener(template, balancer, "HttpsListener", HTTPS, "Takes requests over HTTPS.", page)
    listener.SslPolicy = TLS_POLICY
    listener.Certificates = [elb.Certificate(CertificateArn=certificate_arn)]
    return listener


def add_other_redirects(template: Template, http: elb.Listener, domains: Sequence[str]) -> None:
    """Send people who ask for another name of the certificate over HTTP to that name; a rule takes five of them."""
    for number, start in enumerate(range(0, len(domains), NAMES_IN_A_RULE), start=1):
        names = list(domains[start : start + NAMES_IN_A_RULE])
        redirect = elb.RedirectConfig(Protocol="HTTPS", Host="#{host}", Port=str(HTTPS), StatusCode="HTTP_301")
        template.add(
            elb.ListenerRule(
                f"OtherNames{number}",
                ListenerArn=http.ref(),
                Priority=number,
                Conditions=[elb.Condition(Field="host-header", HostHeaderConfig=elb.HostHeaderConfig(Values=names))],
                Actions=[elb.ListenerRuleAction(Type="redirect", RedirectConfig=redirect)],
            ),
            why="Sends people who ask for other names over HTTP to the same name over HTTPS.",
        )


def add_service_listener(
    template: Template,
    balancer: elb.LoadBalancer,
    title: str,
    port: int,
    why: str,
    page: str,
    suppress: Sequence[Suppression] = (),
) -> elb.Listener:
    """Add a listener that answers with the page of a stage without a release, until a service adds its rule.

    Nothing is there yet, so it answers 404: a 503 would be the waking page, which waits for what will not come.
    """
    answer = elb.FixedResponseConfig(StatusCode="404", ContentType="text/html", MessageBody=page)
    return template.add(
        elb.Listener(
            title,
            LoadBalancerArn=balancer.ref(),
            Protocol="HTTPS" if port == HTTPS else "HTTP",
            Port=port,
            DefaultActions=[elb.Action(Type="fixed-response", FixedResponseConfig=answer)],
        ),
        why=why,
        suppress=suppress,
    )
