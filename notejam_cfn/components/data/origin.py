"""What a cluster starts from and is called: parameters that a restore changes together."""

from __future__ import annotations

import dataclasses

from troposphere import Join, Parameter

from ...config.settings import DatabaseSettings
from ...core import names
from ...core.template import Template

GROUP = "Database"


@dataclasses.dataclass(frozen=True)
class Origin:
    """What a cluster starts from, and its identifier, known before the cluster is there."""

    snapshot: Parameter
    version: Parameter
    cluster_id: Join


def add_origin(template: Template, settings: DatabaseSettings) -> Origin:
    """Let the person who deploys restore a snapshot into a cluster that takes the place of the one there is.

    A restore says the version of its snapshot: AWS upgrades minor versions by itself, and never goes back. A major
    version alone takes AWS's default of the region. What stays the same in the template is not sent to RDS, so an
    upgrade by AWS makes no later update fail.
    Source: https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds, modifyDbClusterRequest

    It also names the cluster anew: CloudFormation makes that one before it lets go of the one there is.
    """
    major = settings.engine_version.partition(".")[0]
    snapshot = template.add_parameter_in(
        GROUP,
        "Snapshot to restore",
        "SnapshotIdentifier",
        Type="String",
        Default="",
        AllowedPattern="|[a-zA-Z][a-zA-Z0-9:._/-]{0,254}",
        ConstraintDescription="empty, or the name or ARN of a cluster snapshot",
        Description=(
            "Empty for a new database. The name or ARN of a snapshot starts from it: the database is then replaced, "
            "and the one there is now is kept, without instances, until you delete it in the RDS console. Change it "
            "together with the two below, and leave it set afterwards: without it an empty database takes the place."
        ),
    )
    version = template.add_parameter_in(
        GROUP,
        "PostgreSQL version",
        "EngineVersion",
        Type="String",
        Default=settings.engine_version,
        AllowedPattern=rf"{major}(\.[0-9]{{1,2}})?",
        ConstraintDescription=f"{major}, or one of its minor versions such as {major}.9",
        Description=(
            f"{major} for a new database: AWS chooses the minor version and upgrades it. With a snapshot to restore, "
            "the version that the RDS console shows for the snapshot, or a later one."
        ),
    )
    generation = template.add_parameter_in(
        GROUP,
        "Generation of the cluster",
        "ClusterGeneration",
        Type="String",
        Default="1",
        AllowedPattern="[1-9][0-9]{0,2}",
        ConstraintDescription="a whole number from 1 to 999",
        Description=(
            "The last part of the cluster's name. Raise it by one when you change the snapshot to restore, and by one "
            "more when that failed; otherwise leave it, as a change alone replaces the database."
        ),
    )
    return Origin(snapshot, version, names.cluster(generation.ref()))
