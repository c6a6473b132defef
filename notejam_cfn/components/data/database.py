"""The database: an Aurora Serverless v2 PostgreSQL cluster in isolated subnets, reached only by its clients."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from troposphere import Equals, GetAZs, If, NoValue, Parameter, Select, ec2, rds

from ...config.settings import DatabaseSettings
from ...core import names
from ...core.inputs import Inputs
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies
from ..network.security_groups import add_security_group, allow_from_group
from ..network.vpc import Network, add_database_subnets
from ..observability.log_groups import add_log_group
from ..service_role import service_role
from .encryption import Encryption
from .origin import GROUP, Origin, add_origin

PORT = 5432
ENGINE = "aurora-postgresql"
ADMINISTRATOR = "clusteradmin"
COMPONENT = "database"
PAUSES = "DatabasePauses"
# Capacities to choose from, the steps growing with them. RDS takes 0 to 256 units in multiples of 0.5. Source: Amazon
# Aurora User Guide, "Setting the Aurora Serverless v2 capacity range for a cluster".
CAPACITIES: tuple[float, ...] = (
    *(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 16),
    *(20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256),
)
LOG_GROUP = "DatabaseLogGroup"
MONITORING_SECONDS = 60
MEANT_TO_BE_DELETED = Suppression(
    reason="This stage is made to be deleted with one command; database.deletion_protection turns it on.",
    risk="Whoever may delete the stack can delete the database; final_snapshot decides if a snapshot stays.",
    guard=("rds_cluster_deletion_protection_enabled_check",),
)
USER_OF_A_NEW_ONE_ONLY = Suppression(
    reason="One condition gives a new cluster its user and a restored one its snapshot; the rule reads no conditions.",
    risk="None.",
    validate=("W3688",),
)
# What PostgreSQL logs and demands. Source: Amazon Aurora User Guide, "Aurora PostgreSQL parameters".
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_statement": "ddl",
    "log_min_duration_statement": "1000",
    "log_lock_waits": "1",
    "log_connections": "1",
    "idle_in_transaction_session_timeout": "60000",
}


@dataclasses.dataclass(frozen=True)
class Database(Inputs):
    """How to reach a database. `client_security_group_id` is the security group of those who may connect.

    One that exists may lack the fields from `cluster_id` on. `tags` are those by which backups find the cluster,
    so that a restored one is backed up from the moment it exists.
    """

    endpoint: Value = described("Address of the database's writer")
    secret_arn: Value = described("Secret with the database's user name and password")
    client_security_group_id: Value = described("Security group that may connect to the database")
    cluster_id: Value | None = described("Identifier of the database cluster", default=None)
    cluster_arn: Value | None = described("Cluster that backups select", default=None)
    log_group_name: Value | None = described("Log group of PostgreSQL", default=None)
    subnet_group_name: Value | None = described("Isolated subnets as the database's places", default=None)
    name: str = ""
    port: int = PORT
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)


@component(COMPONENT)
def add_database(template: Template, settings: DatabaseSettings, network: Network, encryption: Encryption) -> Database:
    """Add a private Aurora cluster and return how to reach it.

    RDS makes the administrator's password, keeps it in Secrets Manager and replaces it every 7 days: clients must be
    able to read it again. The cluster pauses when its capacity may fall to 0 and nobody is connected.
    """
    network.require_two_zones("isolated", "the database")
    client_id = add_database_clients(template, network.vpc_id).get_att("GroupId")
    server = add_security_group(
        template,
        "DatabaseServer",
        network.vpc_id,
        "Database: admits its clients",
        "Closes the database to everything that does not wear the clients' group.",
    )
    server_id = server.get_att("GroupId")
    allow_from_group(template, "DatabaseAccess", client_id, server_id, PORT, "database connections")
    subnets_name = network.database_subnets_name or add_database_subnets(template, network.isolated_subnet_ids).ref()
    origin = add_origin(template, settings)
    log_group = add_log_group(
        template,
        LOG_GROUP,
        settings.log_retention_days,
        encryption,
        "Keeps PostgreSQL's log; made before the cluster, which would make one that is kept for ever.",
        names.postgresql_log_group(origin.cluster_id),
    )
    cluster = add_cluster(
        template, settings, origin, cluster_properties(settings, network, encryption, server_id, subnets_name)
    )
    add_instances(template, settings, cluster.ref(), network)
    return Database(
        endpoint=cluster.get_att("Endpoint.Address"),
        secret_arn=cluster.get_att("MasterUserSecret.SecretArn"),
        client_security_group_id=client_id,
        cluster_id=cluster.ref(),
        cluster_arn=cluster.get_att("DBClusterArn"),
        log_group_name=log_group.ref(),
        subnet_group_name=subnets_name,
        name=settings.database_name,
        tags=template.stack_tags | {"component": COMPONENT},
    )


def add_database_clients(template: Template, vpc_id: Value) -> ec2.SecurityGroup:
    """Add the group of those who may connect."""
    return add_security_group(
        template,
        "DatabaseClients",
        vpc_id,
        "Worn by what may connect to the database",
        "Marks what may connect to the database, whatever its address.",
    )


def add_cluster(
    template: Template, settings: DatabaseSettings, origin: Origin, common: Mapping[str, Any]
) -> rds.DBCluster:
    """Add the cluster: new, or started from the snapshot that the deployment names, which has user and name already.

    Another snapshot replaces it, under the name of the next generation, and the cluster there was is kept. Once given,
    the snapshot stays given: without it the cluster would be replaced by an empty one.
    """
    restored = template.condition_given(origin.snapshot)
    cluster = rds.DBCluster(
        "DatabaseCluster",
        DBClusterIdentifier=origin.cluster_id,
        EngineVersion=origin.version.ref(),
        SnapshotIdentifier=If(restored, origin.snapshot.ref(), NoValue),
        DatabaseName=If(restored, NoValue, settings.database_name),
        MasterUsername=If(restored, NoValue, ADMINISTRATOR),
        DBClusterParameterGroupName=add_cluster_parameters(template, settings).ref(),
        ServerlessV2ScalingConfiguration=add_capacity(template, settings),
        DeletionPolicy="Snapshot" if settings.final_snapshot else "Delete",
        UpdateReplacePolicy="Retain",
        DependsOn=LOG_GROUP,
        **common,
    )
    return template.add(
        cluster,
        why="Keeps the application's data; grows with demand and pauses when nobody uses it.",
        suppress=[USER_OF_A_NEW_ONE_ONLY, *([] if settings.deletion_protection else [MEANT_TO_BE_DELETED])],
    )


def cluster_properties(
    settings: DatabaseSettings,
    network: Network,
    encryption: Encryption,
    server_id: Value,
    subnets_name: Value,
) -> dict[str, Any]:
    """Return what is chosen before a deployment: encrypted, reached over TLS only, recoverable to any second.

    Performance Insights costs nothing for 7 days. It is turned off by name, as RDS takes what is left out as before.
    """
    insights = {"PerformanceInsightsRetentionPeriod": 7, "PerformanceInsightsKmsKeyId": encryption.key_arn}
    return {
        "Engine": ENGINE,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "Port": PORT,
        "DBSubnetGroupName": subnets_name,
        "VpcSecurityGroupIds": [server_id],
        "NetworkType": "DUAL" if network.dual_stack else "IPV4",
        "ManageMasterUserPassword": True,
        "MasterUserSecret": rds.MasterUserSecret(KmsKeyId=encryption.key_arn),
        "EnableIAMDatabaseAuthentication": True,
        "StorageEncrypted": True,
        "KmsKeyId": encryption.key_arn,
        "BackupRetentionPeriod": settings.backup_days,
        "DeleteAutomatedBackups": not settings.final_snapshot,
        "CopyTagsToSnapshot": True,
        "DeletionProtection": settings.deletion_protection,
        "EnableCloudwatchLogsExports": ["postgresql"],
        "DatabaseInsightsMode": "standard",
        "PerformanceInsightsEnabled": settings.insights,
        **(insights if settings.insights else {}),
    }


def add_cluster_parameters(template: Template, settings: DatabaseSettings) -> rds.DBClusterParameterGroup:
    """Demand TLS, and log what helps to find slow or stuck statements."""
    return template.add(
        rds.DBClusterParameterGroup(
            "DatabaseParameters",
            Family=f"{ENGINE}{settings.engine_version.partition('.')[0]}",
            Description="TLS only; logs slow statements, locks and changes of the schema",
            Parameters=dict(PARAMETERS),
        ),
        why="Refuses connections without TLS and logs slow statements.",
    )


def add_capacity(template: Template, settings: DatabaseSettings) -> rds.ServerlessV2ScalingConfiguration:
    """Let the person who deploys choose the range of capacity units, 0 at the least meaning that it may pause.

    RDS refuses a minimum above the maximum, what is no multiple of 0.5, and a time to pause for what may not pause. No
    template can compare two parameters, so the choices of the minimum end where those of the maximum begin.
    """
    between = max(1, settings.min_acu, settings.max_acu / 2)
    least = add_capacity_choice(
        template, "Minimum", settings.min_acu, (0, between), "when idle; 0 lets the database pause"
    )
    most = add_capacity_choice(
        template, "Maximum", settings.max_acu, (between, CAPACITIES[-1]), "at the most; it bounds the cost"
    )
    if PAUSES not in template.conditions:
        template.add_condition(PAUSES, Equals(least.ref(), "0"))
    return rds.ServerlessV2ScalingConfiguration(
        MinCapacity=least.ref(),
        MaxCapacity=most.ref(),
        SecondsUntilAutoPause=If(PAUSES, settings.pause_after_minutes * 60, NoValue),
    )


def add_capacity_choice(
    template: Template, which: str, default: float, limits: tuple[float, float], meaning: str
) -> Parameter:
    """Add the parameter of one end of the range: a choice among the capacities within limits."""
    low, high = limits
    choices = sorted({default, *(units for units in CAPACITIES if low <= units <= high)})
    return template.add_parameter_in(
        GROUP,
        f"{which} capacity (ACU)",
        f"{which[:3]}Capacity",
        Type="Number",
        Default=f"{default:g}",
        AllowedValues=[f"{units:g}" for units in choices],
        Description=f"Aurora capacity units (about 2 GiB each) {meaning}.",
    )


def add_instances(template: Template, settings: DatabaseSettings, cluster_id: Value, network: Network) -> None:
    """Add the writer and the readers, each in the zone after the one before; RDS chooses where no order is known.

    Source on that: Amazon RDS API Reference, "CreateDBInstance", AvailabilityZone.
    The first reader follows the writer's capacity and takes over from it; later ones scale on their own.
    Source: Amazon Aurora User Guide, "Scaling for Aurora Serverless v2", on promotion tiers.
    """
    # RDS writes the operating system's measurements in it; a paused instance has none.
    measuring = policies.allow_writing_os_metrics()
    monitoring = template.add(
        service_role("DatabaseMonitoringRole", "monitoring.rds", *measuring, policy_name="write-os-metrics"),
        why="Lets RDS record what the database's machines do, and nothing else.",
    )
    zones = len(network.isolated_subnet_ids) if network.in_order_of_zones else 0
    for number in range(settings.readers + 1):
        role = f"Reader{number}" if number else "Writer"
        zone: dict[str, Any] = {"AvailabilityZone": Select(number % zones, GetAZs(""))} if zones else {}
        instance = rds.DBInstance(
            f"Database{role}",
            DBClusterIdentifier=cluster_id,
            DBInstanceClass="db.serverless",
            Engine=ENGINE,
            **zone,
            PromotionTier=min(number, 15),
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=True,
            MonitoringInterval=MONITORING_SECONDS,
            MonitoringRoleArn=monitoring.get_att("Arn"),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
        why = "Runs the database's statements." if not number else "Takes over when the writer or its zone fails."
        template.add(instance, why=why)
