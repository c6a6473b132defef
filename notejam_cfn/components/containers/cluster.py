"""The ECS cluster that the services of a stage run in."""

from __future__ import annotations

import dataclasses

from troposphere import ecs

from ...config.settings import ClusterSettings
from ...core import names
from ...core.inputs import Inputs
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ..data.encryption import Encryption
from ..observability.log_groups import add_log_group

INSIGHTS_LOG_GROUP = "InsightsLogGroup"
MORE_THAN_ENABLED = Suppression(
    reason="Container Insights is on as `enhanced`, which includes all of `enabled`; the rule is older than the word.",
    risk="None.",
    guard=("ecs_container_insights_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class Cluster(Inputs):
    """A cluster and the log group that shells opened in its containers are recorded in; without one there are none."""

    name: Value = described("Cluster that services run in", output="cluster_name")
    shell_log_group_arn: Value | None = described("Log group of shells", default=None)
    key_arn: Value | None = described("Key that shells are encrypted with", default=None, output="shell_key_arn")


@component("cluster")
def add_cluster(template: Template, settings: ClusterSettings, encryption: Encryption) -> Cluster:
    """Add a cluster of Fargate capacity, on demand and Spot, which costs nothing while nothing runs."""
    shells = add_log_group(
        template,
        "ShellLogGroup",
        settings.log_retention_days,
        encryption,
        "Records what people typed in a container's shell.",
    )
    # Every shell that is opened is recorded, and its channel is encrypted with the stage's key.
    recorded = ecs.ExecuteCommandLogConfiguration(CloudWatchLogGroupName=shells.ref(), CloudWatchEncryptionEnabled=True)
    commands = ecs.ExecuteCommandConfiguration(
        KmsKeyId=encryption.key_arn, Logging="OVERRIDE", LogConfiguration=recorded
    )
    cluster = ecs.Cluster(
        "Cluster",
        ClusterName=names.of_this_stack(),
        CapacityProviders=["FARGATE", "FARGATE_SPOT"],
        ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value=settings.insights)],
        Configuration=ecs.ClusterConfiguration(ExecuteCommandConfiguration=commands),
        DependsOn=add_insights_log_group(template, settings, encryption),
    )
    suppressions = [MORE_THAN_ENABLED] if settings.insights == "enhanced" else []
    template.add(cluster, why="Runs the containers on Fargate; no servers to look after.", suppress=suppressions)
    return Cluster(name=cluster.ref(), shell_log_group_arn=shells.get_att("Arn"), key_arn=encryption.key_arn)


def add_insights_log_group(template: Template, settings: ClusterSettings, encryption: Encryption) -> str:
    """Add the group Container Insights writes to, before ECS would make one that is kept for ever.

    It is there whether insights are on or not: one that came and went with them would meet what ECS writes late.
    """
    group = add_log_group(
        template,
        INSIGHTS_LOG_GROUP,
        settings.log_retention_days,
        encryption,
        "Keeps Container Insights' measurements for as long as the stage asks.",
        names.container_insights_log_group(names.of_this_stack()),
    )
    return str(group.title)
