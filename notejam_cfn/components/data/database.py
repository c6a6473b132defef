"""The database: an Aurora Serverless v2 PostgreSQL cluster in isolated subnets, reached only by its clients."""

from __future__ import annotations

import dataclasses
from typing import Any

from troposphere import Condition, GetAZs, If, Not, Parameter, Select, Sub, ec2, iam, rds

from ...config.settings import DatabaseSettings
from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies
from ..network.security_groups import add_security_group, allow_from_group
from ..network.vpc import Network
from ..observability.log_groups import add_log_group
from .encryption import Encryption
from .ssm_pointers import add_signpost

PORT = 5432
ENGINE = "aurora-postgresql"
ADMINISTRATOR = "notejam"
GROUP = "Database"
LOG_GROUP = "DatabaseLogGroup"
NEW = "NewDatabase"
MONITORING_SECONDS = 60
MEANT_TO_BE_DELETED = Suppression(
    reason="This stage is made to be deleted with one command; database.deletion_protection turns it on.",
    risk="Whoever may delete the stack can delete the database; final_snapshot decides if a snapshot stays.",
    guard=("rds_cluster_deletion_protection_enabled_check",),
)
GENERATION = "ClusterGeneration"
SIGNPOST = "Says where the database is, also after a restore has replaced the cluster."
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
class Database:
    """How to reach a database. `client_security_group_id` is the security group that those who connect must wear."""

    endpoint: Value = described("Address of the database's writer")
    secret_arn: Value = described("Secret with the database's user name and password")
    client_security_group_id: Value = described("Security group that may connect to the database")
    cluster_id: Value = described("Identifier of the database cluster")
    cluster_arn: Value = described("Cluster that backups select")
    log_group_name: Value = described("Log group of PostgreSQL")
    subnet_group_name: Value = described("Isolated subnets as the database's places")
    name: str = "notejam"
    port: int = PORT


@component("database")
def add_database(template: Template, settings: DatabaseSettings, network: Network, encryption: Encryption) -> Database:
    """Add a private Aurora cluster and return how to reach it.

    RDS makes the administrator's password, keeps it in Secrets Manager and replaces it every 7 days: clients must be
    able to read it again. The cluster pauses when its capacity may fall to 0 and nobody is connected.
    """
    clients, server = add_database_security_groups(template, network)
    subnets = add_subnet_group(template, network)
    cluster = add_clusters(template, settings, network, encryption, server, subnets)
    log_group = add_log_group(
        template,
        LOG_GROUP,
        settings.log_retention_days,
        encryption,
        "Keeps PostgreSQL's log; made before the cluster, which would make one that is kept for ever.",
        names.postgresql_log_group(GENERATION),
    )
    add_instances(template, settings, cluster.ref(), zones=len(network.isolated_subnet_ids))
    return Database(
        endpoint=add_signpost(template, "DatabaseEndpoint", cluster.get_att("Endpoint.Address"), SIGNPOST),
        secret_arn=add_signpost(template, "DatabaseSecretArn", cluster.get_att("MasterUserSecret.SecretArn"), SIGNPOST),
        client_security_group_id=clients.get_att("GroupId"),
        cluster_id=names.cluster(GENERATION),
        cluster_arn=names.cluster_arn(GENERATION),
        log_group_name=log_group.ref(),
        subnet_group_name=subnets.ref(),
        name=settings.database_name,
    )


@dataclasses.dataclass(frozen=True)
class EitherCluster:
    """The cluster that exists: the one restored from a snapshot where one is named, else the new one."""

    restored_when: str
    restored: rds.DBCluster
    new: rds.DBCluster

    def ref(self) -> If:
        """Return the identifier of the one that exists."""
        return If(self.restored_when, self.restored.ref(), self.new.ref())

    def get_att(self, attribute: str) -> If:
        """Return an attribute of the one that exists."""
        return If(self.restored_when, self.restored.get_att(attribute), self.new.get_att(attribute))


def add_database_security_groups(template: Template, network: Network) -> tuple[ec2.SecurityGroup, ec2.SecurityGroup]:
    """Add the group that clients wear and the group of the server, which admits only them."""
    clients = add_security_group(
        template,
        "DatabaseClients",
        network.vpc_id,
        "Worn by what may connect to the database",
        "Marks what may connect to the database, whatever its address.",
    )
    server = add_security_group(
        template,
        "DatabaseServer",
        network.vpc_id,
        "Database: admits its clients",
        "Closes the database to everything that does not wear the clients' group.",
    )
    allow_from_group(
        template, "DatabaseAccess", clients.get_att("GroupId"), server.get_att("GroupId"), PORT, "database connections"
    )
    return clients, server


def cluster_identifier(template: Template) -> Sub:
    """Return the cluster's identifier: the stack's name and a generation, raised to restore beside the old cluster.

    A cluster with a fixed name could not be replaced by a restored one: CloudFormation makes the new one first.
    """
    template.add_parameter_in(
        GROUP,
        "Generation of the cluster",
        GENERATION,
        Type="String",
        Default="1",
        AllowedPattern="[1-9][0-9]{0,3}",
        ConstraintDescription="a whole number from 1 to 9999",
        Description="Raise it by one together with a change of the snapshot to restore; otherwise leave it.",
    )
    return names.cluster(GENERATION)


def add_clusters(
    template: Template,
    settings: DatabaseSettings,
    network: Network,
    encryption: Encryption,
    server: ec2.SecurityGroup,
    subnets: rds.DBSubnetGroup,
) -> EitherCluster:
    """Add the cluster twice, of which one exists: new, or restored from the snapshot that the deployment names.

    A restored cluster inherits its administrator, which a new one must be given: they differ in properties that exclude
    each other.
    """
    snapshot = add_snapshot_parameter(template)
    restored_when = template.condition_given(snapshot)
    template.add_condition(NEW, Not(Condition(restored_when)))
    common = cluster_properties(template, settings, network, encryption, server, subnets)
    new = rds.DBCluster("DatabaseCluster", Condition=NEW, MasterUsername=ADMINISTRATOR, **common)
    restored = rds.DBCluster("RestoredCluster", Condition=restored_when, SnapshotIdentifier=snapshot.ref(), **common)
    for cluster in (new, restored):
        if settings.insights:
            turn_insights_on(cluster, encryption)
        template.add(
            cluster,
            why="Keeps people's notes; grows with demand and pauses when nobody uses it.",
            suppress=[] if settings.deletion_protection else [MEANT_TO_BE_DELETED],
        )
    return EitherCluster(restored_when, restored, new)


def cluster_properties(
    template: Template,
    settings: DatabaseSettings,
    network: Network,
    encryption: Encryption,
    server: ec2.SecurityGroup,
    subnets: rds.DBSubnetGroup,
) -> dict[str, Any]:
    """Return what a new and a restored cluster share: encrypted, reached over TLS only, recoverable to any second."""
    return {
        "DBClusterIdentifier": cluster_identifier(template),
        "Engine": ENGINE,
        "EngineVersion": settings.engine_version,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "DatabaseName": settings.database_name,
        "Port": PORT,
        "DBClusterParameterGroupName": add_cluster_parameters(template, settings).ref(),
        "DBSubnetGroupName": subnets.ref(),
        "VpcSecurityGroupIds": [server.get_att("GroupId")],
        "NetworkType": "DUAL" if network.dual_stack else "IPV4",
        "ServerlessV2ScalingConfiguration": add_capacity(template, settings),
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
        "DeletionPolicy": "Snapshot" if settings.final_snapshot else "Delete",
        "UpdateReplacePolicy": "Snapshot",
        "DependsOn": LOG_GROUP,
    }


def add_subnet_group(template: Template, network: Network) -> rds.DBSubnetGroup:
    """Add the isolated subnets as the cluster's places."""
    return template.add(
        rds.DBSubnetGroup(
            "DatabaseSubnets",
            DBSubnetGroupDescription="Isolated subnets for the database",
            SubnetIds=list(network.isolated_subnet_ids),
        ),
        why="Places the database where nothing leads in or out of the VPC.",
    )


def add_snapshot_parameter(template: Template) -> Parameter:
    """Let the person who deploys restore a snapshot. Once set it stays set: without it the cluster is replaced."""
    return template.add_parameter_in(
        GROUP,
        "Snapshot to restore",
        "SnapshotIdentifier",
        Type="String",
        Default="",
        AllowedPattern="|[a-zA-Z][a-zA-Z0-9:._/-]{0,254}",
        ConstraintDescription="empty, or the name or ARN of a cluster snapshot",
        Description=(
            "Empty for a new database. A snapshot's name or ARN starts from it; raise the generation as well. "
            "Once set, leave it set: removing it would replace the database by an empty one."
        ),
    )


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
    """Let the person who deploys choose the range of capacity units, 0 at the least meaning that it may pause."""
    least = template.add_parameter_in(
        GROUP,
        "Minimum capacity (ACU)",
        "MinCapacity",
        Type="Number",
        Default=f"{settings.min_acu:g}",
        MinValue=0,
        MaxValue=256,
        Description="Aurora capacity units (about 2 GiB each) when idle, in steps of 0.5; 0 lets the database pause.",
    )
    most = template.add_parameter_in(
        GROUP,
        "Maximum capacity (ACU)",
        "MaxCapacity",
        Type="Number",
        Default=f"{settings.max_acu:g}",
        MinValue=1,
        MaxValue=256,
        Description="Aurora capacity units at the most, in steps of 0.5; it bounds the cost.",
    )
    scaling = rds.ServerlessV2ScalingConfiguration(MinCapacity=least.ref(), MaxCapacity=most.ref())
    if settings.min_acu == 0:
        scaling.SecondsUntilAutoPause = settings.pause_after_minutes * 60
    return scaling


def turn_insights_on(cluster: rds.DBCluster, encryption: Encryption) -> None:
    """Turn Performance Insights on, for the 7 days that cost nothing."""
    cluster.DatabaseInsightsMode = "standard"
    cluster.PerformanceInsightsEnabled = True
    cluster.PerformanceInsightsRetentionPeriod = 7
    cluster.PerformanceInsightsKmsKeyId = encryption.key_arn


def add_instances(template: Template, settings: DatabaseSettings, cluster_id: Value, zones: int) -> None:
    """Add the writer and the readers, each in the zone after the one before.

    The first reader follows the writer's capacity and takes over from it; later ones scale on their own.
    Source: Amazon Aurora User Guide, "Scaling for Aurora Serverless v2", on promotion tiers.
    """
    monitoring = add_monitoring_role(template)
    for number in range(settings.readers + 1):
        role = f"Reader{number}" if number else "Writer"
        template.add(
            rds.DBInstance(
                f"Database{role}",
                DBClusterIdentifier=cluster_id,
                DBInstanceClass="db.serverless",
                Engine=ENGINE,
                AvailabilityZone=Select(number % zones, GetAZs("")),
                PromotionTier=min(number, 15),
                PubliclyAccessible=False,
                AutoMinorVersionUpgrade=True,
                MonitoringInterval=MONITORING_SECONDS,
                MonitoringRoleArn=monitoring.get_att("Arn"),
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
            ),
            why="Runs the database's statements." if not number else "Takes over when the writer or its zone fails.",
        )


def add_monitoring_role(template: Template) -> iam.Role:
    """Add the role by which RDS writes the operating system's measurements; a paused instance writes none."""
    return template.add(
        iam.Role(
            "DatabaseMonitoringRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("monitoring.rds"),
            Policies=[
                iam.Policy(
                    PolicyName="write-os-metrics",
                    PolicyDocument=policies.policy(*policies.allow_writing_os_metrics()),
                )
            ],
        ),
        why="Lets RDS record what the database's machines do, and nothing else.",
    )
