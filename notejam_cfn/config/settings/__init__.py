"""What can be chosen: one frozen, flat class of settings per component, and the presets a stage's size starts from.

Every field has a default, its unit in its name, and bounds that are checked when the object is made.
"""

from .backup import FOR_EVER_DAYS, LEAST_MONTHLY_DAYS, THREE_YEARS, BackupSettings
from .common import ADDRESS_PATTERN, LOG_RETENTION_DAYS, REGION_PATTERN
from .containers import (
    DAYS_PATTERN,
    FARGATE_MEMORY_MIB,
    IMAGE_PATTERN,
    ClusterSettings,
    JobSettings,
    QueueSettings,
    ServiceSettings,
    TaskSettings,
    WorkerSettings,
)
from .data import RESERVED_DATABASE_NAMES, DatabaseSettings
from .load_balancing import DOMAIN_PATTERN, CdnSettings, LoadBalancerSettings
from .monitoring import MonitoringSettings
from .network import EGRESS, PRIVATE_BLOCKS, EncryptionSettings, NetworkSettings
from .pipeline import CONNECTION_PATTERN, GIT_HOSTS, MOST_IGNORED_PATHS, REPOSITORY_PATTERN, SOURCES, DeliverySettings
from .presets import NOTEJAM, PRESETS
from .previews import PreviewSettings
from .project import Project
from .stage import BUDGET, RESTORE_TESTING, SIZES, Stage
from .storage import BucketSettings, CacheSettings, FileSystemSettings

__all__ = [
    "ADDRESS_PATTERN",
    "BUDGET",
    "CONNECTION_PATTERN",
    "DAYS_PATTERN",
    "DOMAIN_PATTERN",
    "EGRESS",
    "FARGATE_MEMORY_MIB",
    "FOR_EVER_DAYS",
    "GIT_HOSTS",
    "IMAGE_PATTERN",
    "LEAST_MONTHLY_DAYS",
    "LOG_RETENTION_DAYS",
    "MOST_IGNORED_PATHS",
    "NOTEJAM",
    "PRESETS",
    "PRIVATE_BLOCKS",
    "REGION_PATTERN",
    "REPOSITORY_PATTERN",
    "RESERVED_DATABASE_NAMES",
    "RESTORE_TESTING",
    "SIZES",
    "SOURCES",
    "THREE_YEARS",
    "BackupSettings",
    "BucketSettings",
    "CacheSettings",
    "CdnSettings",
    "ClusterSettings",
    "DatabaseSettings",
    "DeliverySettings",
    "EncryptionSettings",
    "FileSystemSettings",
    "JobSettings",
    "LoadBalancerSettings",
    "MonitoringSettings",
    "NetworkSettings",
    "PreviewSettings",
    "Project",
    "QueueSettings",
    "ServiceSettings",
    "Stage",
    "TaskSettings",
    "WorkerSettings",
]
