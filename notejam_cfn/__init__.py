"""Composes CloudFormation templates for web services on ECS Fargate and Aurora Serverless.

    from notejam_cfn import NetworkSettings, Template, add_encryption, add_network

A component is a function `(template, settings, inputs) -> outputs`. Importing this package needs troposphere, awacs and
PyYAML only: no AWS account, no boto3, no linter.
"""

from .application import add_application
from .checks import InvalidSetting
from .components.cluster import Cluster, add_cluster
from .components.database import Database, add_database
from .components.encryption import Encryption, add_encryption
from .components.load_balancer import LoadBalancer, add_load_balancer
from .components.log_groups import add_log_group
from .components.network import Network, add_network
from .components.security_groups import add_security_group, allow_from_group, allow_to_internet
from .components.service import Application, Service, add_service
from .config import ConfigError
from .settings import (
    ClusterSettings,
    DatabaseSettings,
    EncryptionSettings,
    LoadBalancerSettings,
    NetworkSettings,
    Project,
    ServiceSettings,
    Stage,
)
from .stacks import Stack, stacks_of, stacks_of_stage
from .template import Template, component
from .values import Value, Values, described
from .wiring import publish

__version__ = "0.1.0"

__all__ = [
    "Application",
    "Cluster",
    "ClusterSettings",
    "ConfigError",
    "Database",
    "DatabaseSettings",
    "Encryption",
    "EncryptionSettings",
    "InvalidSetting",
    "LoadBalancer",
    "LoadBalancerSettings",
    "Network",
    "NetworkSettings",
    "Project",
    "Service",
    "ServiceSettings",
    "Stack",
    "Stage",
    "Template",
    "Value",
    "Values",
    "add_application",
    "add_cluster",
    "add_database",
    "add_encryption",
    "add_load_balancer",
    "add_log_group",
    "add_network",
    "add_security_group",
    "add_service",
    "allow_from_group",
    "allow_to_internet",
    "component",
    "described",
    "publish",
    "stacks_of",
    "stacks_of_stage",
]
