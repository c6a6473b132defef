"""A dashboard: what people feel, what it runs on, and what drives its cost, on one page."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from troposphere import Sub, cloudwatch

from ...core import cloudfront, names
from ...core.template import Template
from ...core.values import Value

WIDTH, COLUMNS, HEIGHT = 8, 3, 6
HOUR = 3600
RED = "#d62728"
HALF = {"stat": "p50", "label": "half of them"}
SLOWEST = {"stat": "p99", "label": "99 of 100"}

Metric: TypeAlias = list[Any]
Widget: TypeAlias = dict[str, Any]
Watched: TypeAlias = Mapping[str, Value]
"""What is shown, by the name that stands for it in the charts."""

# What a chart's metrics have in common: their namespace, metric and dimensions; "." repeats what the line above has.
ELB, RDS = "AWS/ApplicationELB", "AWS/RDS"
OF_EDGE = ("DistributionId", "${Distribution}", "Region", "Global")
OF_BALANCER = ("LoadBalancer", "${Balancer}")
OF_TASKS = (*OF_BALANCER, "TargetGroup", "${Tasks}")
OF_SERVICE = ("ClusterName", "${Cluster}", "ServiceName", "${Service}")
OF_DATABASE = ("DBClusterIdentifier", "${Database}")
OF_WRITER = (*OF_DATABASE, "Role", "WRITER")


def add_dashboard(template: Template, watched: Watched, charts: Sequence[Widget] = ()) -> None:
    """Add the dashboard of what there is; `charts` are of the application's own metrics.

    `watched` fills in the names in the charts: Balancer, Tasks, Cluster, Service and Log for a service, Database, Vault
    and Distribution, which has the dashboard begin with what CloudFront measures.
    """
    name = names.of_stack("-${AWS::Region}")  # an account's dashboards of all regions share one space of names
    body = json.dumps({"start": "-P1D", "widgets": widgets(watched.keys(), charts)}, separators=(",", ":"))
    used: dict[str, Any] = {name: value for name, value in watched.items() if f"${{{name}}}" in body}
    template.add(
        cloudwatch.Dashboard("Dashboard", DashboardName=name, DashboardBody=Sub(body, **used)),
        why="Shows on one page how the stage is doing.",
    )
    template.add_output_for_people(
        "DashboardName", name, "Look for this name under CloudWatch, Dashboards: how the stage is doing"
    )


def widgets(watched: Collection[str], charts: Sequence[Widget] = ()) -> list[Widget]:
    """Return the widgets, three to a row: for people first, then what it runs on, then what it costs."""
    service, balancer, database = "Service" in watched, "Balancer" in watched, "Database" in watched
    found = [
        *(edge_charts() if "Distribution" in watched else []),
        *(balancer_charts() if balancer else []),
        *([task_load()] if service else []),
        *charts,
        *(database_charts() if database else []),
        *(cost_charts(balancer, service, database) if service or database else []),
        *([backups()] if "Vault" in watched else []),
    ]
    size = {"width": WIDTH, "height": HEIGHT}
    places = [divmod(number, COLUMNS) for number in range(len(found))]
    return [
        widget | {"x": column * WIDTH, "y": row * HEIGHT} | size
        for widget, (row, column) in zip(found, places, strict=True)
    ]


def edge_charts() -> list[Widget]:
    """Return what CloudFront measures, wherever the stage is, in one region."""
    wrong = {"stat": "Average", "label": "went wrong (5xx)", "color": RED}
    rates = [
        ["AWS/CloudFront", "5xxErrorRate", *OF_EDGE, wrong],
        [".", "4xxErrorRate", *OF_EDGE, {"stat": "Average", "label": "asked wrongly (4xx)"}],
    ]
    requests, sent = (["AWS/CloudFront", metric, *OF_EDGE] for metric in ("Requests", "BytesDownloaded"))
    return [
        chart("Requests at CloudFront", [requests], unit="a minute", region=cloudfront.REGION),
        chart("Errors at CloudFront", rates, unit="percent of requests", region=cloudfront.REGION),
        chart("Sent by CloudFront", [sent], unit="bytes a minute", region=cloudfront.REGION),
    ]


def balancer_charts() -> list[Widget]:
    """Return what people notice of a service behind a load balancer, and how many tasks that one takes for healthy."""
    errors = [
        [ELB, "HTTPCode_Target_5XX_Count", *OF_BALANCER, {"label": "tasks (5xx)", "color": RED}],
        [".", "HTTPCode_ELB_5XX_Count", *OF_BALANCER, {"label": "load balancer (5xx)"}],
        [".", "HTTPCode_Target_4XX_Count", *OF_BALANCER, {"label": "asked wrongly (4xx)"}],
    ]
    answer_times = [[ELB, "TargetResponseTime", *OF_BALANCER, kind] for kind in (HALF, SLOWEST)]
    tasks = [
        [ELB, "HealthyHostCount", *OF_TASKS, {"stat": "Maximum", "label": "healthy"}],
        [".", "UnHealthyHostCount", *OF_TASKS, {"stat": "Maximum", "label": "unhealthy", "color": RED}],
    ]
    return [
        chart("Requests", [[ELB, "RequestCount", *OF_BALANCER]], unit="a minute"),
        chart("Errors", errors, unit="a minute"),
        chart("Seconds to answer", answer_times, unit="seconds"),
        chart("Tasks", tasks, unit="tasks"),
    ]


def task_load() -> Widget:
    """Return how hard tasks work; scaling aims at their CPU."""
    load = [
        ["AWS/ECS", "CPUUtilization", *OF_SERVICE, {"stat": "Average", "label": "CPU"}],
        [".", "MemoryUtilization", *OF_SERVICE, {"stat": "Average", "label": "memory"}],
    ]
    return chart("CPU and memory of the tasks", load, unit="percent")


def database_charts() -> list[Widget]:
    """Return how the database is doing.

    A writer with a capacity of 0 is paused; at 100 % it would like to grow further than it may. A connection that stays
    open keeps the database awake.
    """
    capacity = [
        [RDS, "ServerlessDatabaseCapacity", *OF_WRITER, {"stat": "Average", "label": "capacity units"}],
        [".", "ACUUtilization", *OF_WRITER, {"stat": "Maximum", "label": "% of the most", "yAxis": "right"}],
    ]
    connections = [[RDS, "DatabaseConnections", *OF_DATABASE, {"stat": "Maximum", "label": "open"}]]
    latency = [
        [RDS, "CommitLatency", *OF_DATABASE, {"stat": "Average", "label": "commit"}],
        [".", "AuroraReplicaLagMaximum", *OF_DATABASE, {"stat": "Maximum", "label": "readers behind"}],
    ]
    return [
        chart("Database capacity", capacity, unit="units"),
        chart("Database connections", connections, unit="connections"),
        chart("Database latency", latency, unit="milliseconds"),
    ]


def cost_charts(balancer: bool, service: bool, database: bool) -> list[Widget]:
    """Return what drives the cost of what there is: what is paid by use, and what is paid by size."""
    used: dict[str, Metric] = {}
    stored: list[Metric] = []
    if balancer:
        used["load balancer"] = [ELB, "ConsumedLCUs", *OF_BALANCER, {"stat": "Average", "label": "load balancer (LCU)"}]
    if database:
        units = {"stat": "Average", "label": "an instance (ACU)"}
        used["database"] = [RDS, "ServerlessDatabaseCapacity", *OF_DATABASE, units]
        stored.append([RDS, "VolumeBytesUsed", *OF_DATABASE, {"stat": "Average", "label": "database"}])
        stored.append([".", "SnapshotStorageUsed", *OF_DATABASE, {"stat": "Average", "label": "snapshots"}])
    if service:
        log = {"label": "containers' log", "yAxis": "right"}
        stored.append(["AWS/Logs", "IncomingBytes", "LogGroupName", "${Log}", log])
    by_use = chart(f"What drives the cost: {' and '.join(used)}", [*used.values()], unit="units")
    by_size = chart("What drives the cost: storage and logs", stored, unit="bytes", period_seconds=HOUR)
    return [by_use, by_size] if used else [by_size]


def backups() -> Widget:
    """Return the vault's jobs of a day."""
    jobs = [
        ["AWS/Backup", "NumberOfBackupJobsCompleted", "BackupVaultName", "${Vault}", {"label": "completed"}],
        [".", "NumberOfBackupJobsFailed", "BackupVaultName", "${Vault}", {"label": "failed", "color": RED}],
        [".", "NumberOfBackupJobsExpired", "BackupVaultName", "${Vault}", {"label": "not begun in time"}],
    ]
    return chart("Backups", jobs, unit="jobs a day", period_seconds=24 * HOUR)


def chart(
    title: str, metrics: Sequence[Metric], unit: str, period_seconds: int = 60, region: str = "${AWS::Region}"
) -> Widget:
    """Return a chart of some metrics, in sums unless a metric says otherwise."""
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": region,
            "metrics": list(metrics),
            "stat": "Sum",
            "period": period_seconds,
            "yAxis": {"left": {"min": 0, "label": unit, "showUnits": False}},
        },
    }
