"""Composes CloudFormation templates for web services on ECS Fargate and Aurora Serverless.

    from notejam_cfn import NetworkSettings, Template, add_encryption, add_network

A component is a function `(template, settings, inputs) -> outputs`. Importing this package needs troposphere, awacs and
PyYAML only: no AWS account, no boto3, no linter.
"""

from .application import add_application, secret_key
from .checks import InvalidSetting
from .components.backups import Backups, add_backups
from .components.cluster import Cluster, add_cluster
from .components.copies import Copies, add_copies
from .components.database import Database, add_database
from .components.encryption import Encryption, add_encryption
from .components.expiry import add_expiry
from .components.load_balancer import LoadBalancer, add_load_balancer
from .components.log_groups import add_log_group
from .components.monitoring import Subjects, add_monitoring
from .components.network import Network, add_network
from .components.notifications import Notifications, add_notifications
from .components.repository import ImageRepository, add_image_repository
from .components.security_groups import add_security_group, allow_from_group, allow_to_internet
from .components.service import Service, add_service
from .components.task_definition import Application
from .config import ConfigError
from .settings import (
    BackupSettings,
    ClusterSettings,
    DatabaseSettings,
    DeliverySettings,
    EncryptionSettings,
    LoadBalancerSettings,
    MonitoringSettings,
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
    "BackupSettings",
    "Backups",
    "Cluster",
    "ClusterSettings",
    "ConfigError",
    "Copies",
    "Database",
    "DatabaseSettings",
    "DeliverySettings",
    "Encryption",
    "EncryptionSettings",
    "ImageRepository",
    "InvalidSetting",
    "LoadBalancer",
    "LoadBalancerSettings",
    "MonitoringSettings",
    "Network",
    "NetworkSettings",
    "Notifications",
    "Project",
    "Service",
    "ServiceSettings",
    "Stack",
    "Stage",
    "Subjects",
    "Template",
    "Value",
    "Values",
    "add_application",
    "add_backups",
    "add_cluster",
    "add_copies",
    "add_database",
    "add_encryption",
    "add_expiry",
    "add_image_repository",
    "add_load_balancer",
    "add_log_group",
    "add_monitoring",
    "add_network",
    "add_notifications",
    "add_security_group",
    "add_service",
    "allow_from_group",
    "allow_to_internet",
    "component",
    "described",
    "publish",
    "secret_key",
    "stacks_of",
    "stacks_of_stage",
]
