"""Notejam itself, as a service runs it: what the task definition tells the application.

The variables are the contract that docs/application.md lists; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import secretsmanager

from .components.containers.options import TaskOptions
from .components.containers.secrets import secret
from .components.data.database import Database
from .components.data.encryption import Encryption
from .components.load_balancing.firewall import CountedRules
from .components.load_balancing.load_balancer import LoadBalancer, LoadBalancerOptions
from .components.network.vpc import Network
from .components.observability.dashboard import SLOWEST, Widget, chart
from .components.observability.queries import CONTAINERS, SavedQuery
from .config.settings import Stage
from .core.template import Template, component
from .core.values import Value
from .iam import policies

# What drops the database of a preview, given the id of its stack.
DROP_PREVIEW = ("drop-preview",)
ANY_ADDRESS = "0.0.0.0"
ANY_ADDRESS_IPV6 = "::"


@component("application")
def add_application(
    template: Template,
    stage: Stage,
    network: Network,
    encryption: Encryption,
    database: Database,
    load_balancer: LoadBalancer,
) -> TaskOptions:
    """Add the secret that signs sessions, and return how Notejam is started and what it is told."""
    session = add_session_secret(template, encryption)
    return TaskOptions(
        command=["serve"],
        prepare=["migrate"],
        health_command=["python", "-m", "app", "healthcheck"],
        environment=environment(stage, network, database, load_balancer),
        secrets={
            "SESSION_SECRET": secret(session.ref()),
            "DATABASE_USER": secret(database.secret_arn, "username"),
            "DATABASE_PASSWORD": secret(database.secret_arn, "password"),
        },
        security_group_ids=[database.client_security_group_id],
        statements=[policies.allow_sending_mail(stage.service.mail_from)] if stage.service.mail_from else [],
    )


def environment(stage: Stage, network: Network, database: Database, load_balancer: LoadBalancer) -> dict[str, Value]:
    """Return what the containers find in their environment; nothing in it is a secret."""
    variables: dict[str, Value] = {
        "STAGE": stage.name,
        "METRICS_NAMESPACE": stage.monitoring.metrics_namespace,
        "PUBLIC_URL": load_balancer.url,
        "HOST": ANY_ADDRESS_IPV6 if network.ipv6_only_tasks else ANY_ADDRESS,
        "PORT": str(stage.service.port),
        "TRUSTED_PROXIES": str(load_balancer.trusted_proxies),
        "LOG_LEVEL": "INFO",
        "TIME_ZONE": stage.service.time_zone,
        "DATABASE_HOST": database.endpoint,
        "DATABASE_PORT": str(database.port),
        "DATABASE_NAME": database.name,
        "DATABASE_SSLMODE": "verify-full",
        "DATABASE_SECRET_ARN": database.secret_arn,
        "MAIL_BACKEND": "ses" if stage.service.mail_from else "terminal",
    }
    if stage.service.mail_from:
        variables["MAIL_FROM"] = stage.service.mail_from
    if network.ipv6_only_tasks:
        variables["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
    return variables


def charts(stage: Stage) -> list[Widget]:
    """Return the charts of the application's own measurements: the whole request, and the part in the database."""
    namespace = stage.monitoring.metrics_namespace
    metrics = [
        [namespace, "Latency", "Stage", stage.name, SLOWEST | {"label": "whole request"}],
        [".", "DatabaseTime", "Stage", stage.name, SLOWEST | {"label": "in the database"}],
    ]
    return [chart("Slow parts", metrics, unit="milliseconds")]


NOT_RELEASED_YET = (
    "<!doctype html><meta charset=utf-8><title>Almost there</title>"
    "<style>body{font:1.1rem/1.6 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>"
    "<h1>Almost there</h1><p>This stage is up and waits for its first release.</p>"
    "<p>Run <code>python -m notejam_cfn release STAGE</code>, or update the stack with an image in "
    "<b>ImageUri</b>.</p>"
)
# The rules that look at what people write: notes and searches look like attacks, since they hold code, markup and
# paths. The application handles text safely and limits its size itself, so these rules only count. WAF named them.
# Source: AWS WAF Developer Guide, "Baseline rule groups" and "Use-case specific rule groups".
COUNTED_RULES: CountedRules = {
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        *(f"{rule}_BODY" for rule in ("EC2MetaDataSSRF", "GenericLFI", "GenericRFI", "CrossSiteScripting")),
        *(f"{rule}_QUERYARGUMENTS" for rule in ("EC2MetaDataSSRF", "GenericLFI", "GenericRFI", "CrossSiteScripting")),
        "RestrictedExtensions_QUERYARGUMENTS",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        *("JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"),
        *("JavaDeserializationRCE_QUERYSTRING", "Log4JRCE_QUERYSTRING"),
    ),
    "AWSManagedRulesSQLiRuleSet": (
        *("SQLi_BODY", "SQLiExtendedPatterns_BODY"),
        *("SQLi_QUERYARGUMENTS", "SQLiExtendedPatterns_QUERYARGUMENTS"),
    ),
}
IN_FRONT = LoadBalancerOptions(page=NOT_RELEASED_YET, counted_rules=COUNTED_RULES)

# Questions to the application's log, whose fields docs/application.md lists.
QUERIES = (
    SavedQuery(
        "ErrorsByRoute",
        "errors by route",
        CONTAINERS,
        (
            'filter message = "request" and status >= 500',
            "stats count(*) as errors, count_distinct(user_id) as people by route, error",
            "sort errors desc",
        ),
    ),
    SavedQuery(
        "SlowestRequests",
        "slowest requests",
        CONTAINERS,
        (
            "fields time, duration_ms, database_ms, method, route, status, request_id",
            'filter message = "request"',
            "sort duration_ms desc",
            "limit 25",
        ),
    ),
    SavedQuery(
        "LatencyByRoute",
        "latency by route",
        CONTAINERS,
        (
            'filter message = "request"',
            "stats count(*) as requests, pct(duration_ms, 50) as half, pct(duration_ms, 99) as slowest,"
            " avg(database_ms) as in_database by route",
            "sort slowest desc",
        ),
    ),
    SavedQuery(
        "WhoWasThrottled",
        "who was throttled",
        CONTAINERS,
        (
            "filter status = 429",
            "stats count(*) as refused, count_distinct(user_id) as people by route, bin(5m)",
            "sort refused desc",
        ),
    ),
    SavedQuery(
        "OneRequest",
        "what one request id did",
        CONTAINERS,
        (
            "fields time, level, method, route, status, duration_ms, database_ms, user_id, error, stack",
            'filter request_id = "PUT THE REQUEST ID HERE"',
            "sort time asc",
        ),
    ),
    SavedQuery(
        "OtherErrors",
        "errors outside requests",
        CONTAINERS,
        (
            'filter level in ["WARNING", "ERROR"] and message != "request"',
            "stats count(*) as times, latest(time) as last by message, logger, error",
            "sort times desc",
        ),
    ),
)


def preview_environment(given: Mapping[str, Value], url: Value, database: Value) -> dict[str, Value]:
    """Return what a preview's containers find: the stage's variables, with an address and a database of their own.

    Its log is text: people read it, and metrics, which CloudWatch takes from JSON, would count as the stage's own.
    """
    own = {"PUBLIC_URL": url, "DATABASE_NAME": database, "DATABASE_CREATED_FROM": given["DATABASE_NAME"]}
    return {**given, **own, "LOG_FORMAT": "text"}


def add_session_secret(template: Template, encryption: Encryption) -> secretsmanager.Secret:
    """Add the secret that signs session cookies, made by AWS and seen by nobody."""
    return template.add(
        secretsmanager.Secret(
            "SessionSecret",
            Description="Signs the session cookies of the application",
            KmsKeyId=encryption.key_arn,
            GenerateSecretString=secretsmanager.GenerateSecretString(PasswordLength=64, ExcludePunctuation=True),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        ),
        why="Signs session cookies, so that nobody can make one up.",
    )
