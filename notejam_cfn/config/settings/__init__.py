"""What can be chosen: one frozen, flat class of settings per component, and the presets a stage's size starts from.

Every field has a default, its unit in its name, and bounds that are checked when the object is made.
"""

from .backup import LEAST_MONTHLY_DAYS, BackupSettings
from .containers import (
    IMAGE_PATTERN,
    ClusterSettings,
    JobSettings,
    QueueSettings,
    ServiceSettings,
    TaskSettings,
    WorkerSettings,
)
from .data import DatabaseSettings
from .load_balancing import CdnSettings, LoadBalancerSettings
from .monitoring import MonitoringSettings
from .network import EGRESS, EncryptionSettings, NetworkSettings
from .pipeline import REPOSITORY_PATTERN, SOURCES, DeliverySettings
from .presets import NOTEJAM, PRESETS
from .previews import PreviewSettings
from .project import Project
from .stage import SIZES, Stage
from .storage import BucketSettings, CacheSettings, FileSystemSettings

__all__ = [
    "EGRESS",
    "IMAGE_PATTERN",
    "LEAST_MONTHLY_DAYS",
    "NOTEJAM",
    "PRESETS",
    "REPOSITORY_PATTERN",
    "SIZES",
    "SOURCES",
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
