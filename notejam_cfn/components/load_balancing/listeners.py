"""The load balancer's listeners, and the page of a stage that waits for its first release."""

from __future__ import annotations

from troposphere import elasticloadbalancingv2 as elb

from ...core.suppressions import Suppression
from ...core.template import Template
from ...core.values import Value

HTTP, HTTPS = 80, 443
# TLS 1.2 and 1.3 with forward secrecy and post-quantum key exchange: what the console proposes since 2025.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
NOT_RELEASED_YET = (
    "<!doctype html><meta charset=utf-8><title>Almost there</title>"
    "<style>body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>"
    "<h1>Almost there</h1><p>This stage is up and waits for its first release.</p>"
    "<p>Release an image, or update the stack with one in "
    "<b>ImageUri</b>.</p>"
)
NO_CERTIFICATE = Suppression(
    reason="No domain or certificate is configured for this stage, so there is no HTTPS to redirect to.",
    risk="Passwords and notes can be read on the way. Set load_balancer.domain before real people use the stage.",
    checkov=("CKV_AWS_2", "CKV_AWS_103"),
    guard=("alb_http_to_https_redirection_check",),
)


def add_listeners(
    template: Template, balancer: elb.LoadBalancer, domain: str, certificate_arn: Value | None
) -> elb.Listener:
    """Add the listener that services attach to, and with HTTPS one that redirects to it.

    The redirect names the domain: whoever comes by another name, such as the domain of before, would otherwise be sent
    to that name over HTTPS, which the certificate does not cover.
    """
    if certificate_arn is None:
        why = "Takes requests over HTTP, as no certificate is configured."
        return add_service_listener(template, balancer, "HttpListener", HTTP, why)
    redirect = elb.RedirectConfig(Protocol="HTTPS", Host=domain, Port=str(HTTPS), StatusCode="HTTP_301")
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
