"""What `import notejam_cfn` offers, by name."""

from .application import add_application, secret_key
from .components.backup.backups import Backups, add_backups
from .components.backup.cross_region import CrossRegionBackup, add_cross_region_backup
from .components.containers.cluster import Cluster, add_cluster
from .components.containers.image_repository import ImageRepository, add_image_repository
from .components.containers.service import Service, add_service
from .components.containers.task_definition import TaskOptions
from .components.data.database import Database, add_database
from .components.data.encryption import Encryption, add_encryption
from .components.load_balancing.load_balancer import LoadBalancer, add_load_balancer
from .components.network.security_groups import add_security_group, allow_from_group, allow_to_internet
from .components.network.vpc import Network, add_network
from .components.observability.alarm_topic import AlarmTopic, add_alarm_topic
from .components.observability.log_groups import add_log_group
from .components.observability.monitoring import MonitoredResources, add_monitoring
from .config.fields import InvalidSetting
from .config.loader import ConfigError
from .config.settings import (
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
from .core.inputs import Inputs, InvalidInput
from .core.render import to_json, to_yaml
from .core.stack_outputs import publish
from .core.template import Template, component
from .core.values import Value, Values, described, elements
from .stacks import Stack, stacks_of, stacks_of_stage

__all__ = [
    "AlarmTopic",
    "BackupSettings",
    "Backups",
    "Cluster",
    "ClusterSettings",
    "ConfigError",
    "CrossRegionBackup",
    "Database",
    "DatabaseSettings",
    "DeliverySettings",
    "Encryption",
    "EncryptionSettings",
    "ImageRepository",
    "Inputs",
    "InvalidInput",
    "InvalidSetting",
    "LoadBalancer",
    "LoadBalancerSettings",
    "MonitoredResources",
    "MonitoringSettings",
    "Network",
    "NetworkSettings",
    "Project",
    "Service",
    "ServiceSettings",
    "Stack",
    "Stage",
    "TaskOptions",
    "Template",
    "Value",
    "Values",
    "add_alarm_topic",
    "add_application",
    "add_backups",
    "add_cluster",
    "add_cross_region_backup",
    "add_database",
    "add_encryption",
    "add_image_repository",
    "add_load_balancer",
    "add_log_group",
    "add_monitoring",
    "add_network",
    "add_security_group",
    "add_service",
    "allow_from_group",
    "allow_to_internet",
    "component",
    "described",
    "elements",
    "publish",
    "secret_key",
    "stacks_of",
    "stacks_of_stage",
    "to_json",
    "to_yaml",
]
