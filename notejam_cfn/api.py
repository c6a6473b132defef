"""What `import notejam_cfn` offers, by name. What not every program needs is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .components.backup.backups import Backups, add_backups
from .components.backup.cross_region import CrossRegionBackup, add_cross_region_backup
from .components.containers.cluster import Cluster, add_cluster
from .components.containers.options import Sidecar, TaskOptions, Volume
from .components.containers.outputs import Job, Service, Worker
from .components.containers.secrets import Secret, parameter, secret
from .components.containers.service import add_service
from .components.containers.service_connect import Connect, Namespace, add_namespace
from .components.data.database import Database, add_database
from .components.data.encryption import Encryption, add_encryption
from .components.existing import existing_database, existing_load_balancer
from .components.load_balancing.load_balancer import LoadBalancer, LoadBalancerOptions, add_load_balancer
from .components.network.security_groups import add_security_group, allow_from_group, allow_to_internet
from .components.network.vpc import Network, add_network
from .components.observability.alarm_topic import AlarmTopic, add_alarm_topic
from .components.observability.log_groups import add_log_group
from .components.observability.metric_alarms import MetricAlarm, add_alarm
from .components.observability.monitoring import (
    MonitoredResources,
    add_database_alarms,
    add_monitoring,
    add_service_alarms,
)
from .components.observability.queries import SavedQuery
from .config.fields import InvalidSetting
from .config.loader import ConfigError
from .config.settings import (
    BackupSettings,
    BucketSettings,
    CacheSettings,
    ClusterSettings,
    DatabaseSettings,
    DeliverySettings,
    EncryptionSettings,
    FileSystemSettings,
    JobSettings,
    LoadBalancerSettings,
    MonitoringSettings,
    NetworkSettings,
    Project,
    QueueSettings,
    ServiceSettings,
    Stage,
    WorkerSettings,
)
from .core.inputs import Inputs, InvalidInput
from .core.render import to_json, to_yaml
from .core.stack_outputs import publish
from .core.template import Template, component
from .core.values import Value, Values, described, elements

if TYPE_CHECKING:
    from .build.deployable import stack, write_output
    from .components.containers.job import add_job
    from .components.containers.queue import Queue, add_queue
    from .components.containers.worker import add_worker
    from .components.data.bucket import Bucket, add_bucket
    from .components.data.cache import Cache, add_cache
    from .components.data.file_system import FileSystem, add_file_system
    from .reports.template import Size, cost, size
    from .stacks import Stack, stacks_of, stacks_of_stage

__all__ = [
    "AlarmTopic",
    "BackupSettings",
    "Backups",
    "Bucket",
    "BucketSettings",
    "Cache",
    "CacheSettings",
    "Cluster",
    "ClusterSettings",
    "ConfigError",
    "Connect",
    "CrossRegionBackup",
    "Database",
    "DatabaseSettings",
    "DeliverySettings",
    "Encryption",
    "EncryptionSettings",
    "FileSystem",
    "FileSystemSettings",
    "Inputs",
    "InvalidInput",
    "InvalidSetting",
    "Job",
    "JobSettings",
    "LoadBalancer",
    "LoadBalancerOptions",
    "LoadBalancerSettings",
    "MetricAlarm",
    "MonitoredResources",
    "MonitoringSettings",
    "Namespace",
    "Network",
    "NetworkSettings",
    "Project",
    "Queue",
    "QueueSettings",
    "SavedQuery",
    "Secret",
    "Service",
    "ServiceSettings",
    "Sidecar",
    "Size",
    "Stack",
    "Stage",
    "TaskOptions",
    "Template",
    "Value",
    "Values",
    "Volume",
    "Worker",
    "WorkerSettings",
    "add_alarm",
    "add_alarm_topic",
    "add_backups",
    "add_bucket",
    "add_cache",
    "add_cluster",
    "add_cross_region_backup",
    "add_database",
    "add_database_alarms",
    "add_encryption",
    "add_file_system",
    "add_job",
    "add_load_balancer",
    "add_log_group",
    "add_monitoring",
    "add_namespace",
    "add_network",
    "add_queue",
    "add_security_group",
    "add_service",
    "add_service_alarms",
    "add_worker",
    "allow_from_group",
    "allow_to_internet",
    "component",
    "cost",
    "described",
    "elements",
    "existing_database",
    "existing_load_balancer",
    "parameter",
    "publish",
    "secret",
    "size",
    "stack",
    "stacks_of",
    "stacks_of_stage",
    "to_json",
    "to_yaml",
    "write_output",
]

_LATE = {
    "stack": ".build.deployable",
    "write_output": ".build.deployable",
    "add_job": ".components.containers.job",
    "Queue": ".components.containers.queue",
    "add_queue": ".components.containers.queue",
    "add_worker": ".components.containers.worker",
    "Bucket": ".components.data.bucket",
    "add_bucket": ".components.data.bucket",
    "Cache": ".components.data.cache",
    "add_cache": ".components.data.cache",
    "FileSystem": ".components.data.file_system",
    "add_file_system": ".components.data.file_system",
    "Size": ".reports.template",
    "cost": ".reports.template",
    "size": ".reports.template",
    "Stack": ".stacks",
    "stacks_of": ".stacks",
    "stacks_of_stage": ".stacks",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for late: whole stages, folders, reports and what a pipeline is made of."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATE[name], __package__), name)
