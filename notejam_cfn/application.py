"""Notejam itself, as a service runs it: what the task definition tells the application.

The variables are the contract that docs/application.md lists; a test compares the two.
"""

from __future__ import annotations

from troposphere import secretsmanager

from .components.containers.options import TaskOptions
from .components.containers.secrets import secret
from .components.data.database import Database
from .components.data.encryption import Encryption
from .components.load_balancing.load_balancer import LoadBalancer
from .components.network.vpc import Network
from .config.settings import Stage
from .core.template import Template, component
from .core.values import Value
from .iam import policies

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
