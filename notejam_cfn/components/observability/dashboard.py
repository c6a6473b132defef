"""A dashboard: what people feel, what it runs on, and what drives its cost, on one page."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from troposphere import Sub, cloudwatch

from ...core import cloudfront, names
from ...core.template import Template
from ...core.values import Value

WIDTH, COLUMNS, HEIGHT = 8, 3, 6
HOUR = 3600
HALF = {"stat": "p50", "label": "half of them"}
SLOWEST = {"stat": "p99", "label": "99 of 100"}

Metric: TypeAlias = list[Any]
Widget: TypeAlias = dict[str, Any]
Watched: TypeAlias = Mapping[str, Value]
"""What is shown, by the name that stands for it in the charts."""

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
        *([chart("CPU and memory of the tasks", task_load(), unit="percent")] if service else []),
        *charts,
        *(database_charts() if database else []),
        *(cost_charts(balancer, service, database) if service or database else []),
        *([chart("Backups", backups(), unit="jobs a day", period_seconds=24 * HOUR)] if "Vault" in watched else []),
    ]
    return list(placed(found))


def balancer_charts() -> list[Widget]:
    """Return what people notice of a service behind a load balancer."""
    return [
        chart("Requests", [["AWS/ApplicationELB", "RequestCount", *OF_BALANCER]], unit="a minute"),
        chart("Errors", errors(), unit="a minute"),
        chart("Seconds to answer", answer_times(), unit="seconds"),
        chart("Tasks", tasks(), unit="tasks"),
    ]


def database_charts() -> list[Widget]:
    """Return how the database is doing."""
    return [
        chart("Database capacity", capacity(), unit="units"),
        chart("Database connections", connections(), unit="connections"),
        chart("Database latency", database_latency(), unit="milliseconds"),
    ]


def cost_charts(balancer: bool, service: bool, database: bool) -> list[Widget]:
    """Return what drives the cost of what there is."""
    parts = " and ".join([*(["load balancer"] if balancer else []), *(["database"] if database else [])])
    used = [chart(f"What drives the cost: {parts}", cost_drivers(balancer, database), unit="units")] if parts else []
    kept = stored(service, database)
    return [*used, chart("What drives the cost: storage and logs", kept, unit="bytes", period_seconds=HOUR)]


def placed(charts: Iterable[Widget]) -> Iterable[Widget]:
    """Place the charts row by row."""
    for number, widget in enumerate(charts):
        row, column = divmod(number, COLUMNS)
        yield widget | {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT}


def edge_charts() -> list[Widget]:
    """Return what CloudFront measures, wherever the stage is, in one region."""
    rates = [
        [
            "AWS/CloudFront",
            "5xxErrorRate",
            *OF_EDGE,
            {"stat": "Average", "label": "went wrong (5xx)", "color": "#d62728"},
        ],
        [".", "4xxErrorRate", *OF_EDGE, {"stat": "Average", "label": "asked wrongly (4xx)"}],
    ]
    charts = [
        chart("Requests at CloudFront", [["AWS/CloudFront", "Requests", *OF_EDGE]], unit="a minute"),
        chart("Errors at CloudFront", rates, unit="percent of requests"),
        chart("Sent by CloudFront", [["AWS/CloudFront", "BytesDownloaded", *OF_EDGE]], unit="bytes a minute"),
    ]
    for each in charts:
        each["properties"]["region"] = cloudfront.REGION
    return charts


def chart(title: str, metrics: Sequence[Metric], unit: str, period_seconds: int = 60) -> Widget:
    """Return a chart of some metrics, in sums unless a metric says otherwise."""
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "metrics": list(metrics),
            "stat": "Sum",
            "period": period_seconds,
            "yAxis": {"left": {"min": 0, "label": unit, "showUnits": False}},
        },
    }


def errors() -> list[Metric]:
    """Return answers that went wrong: ours, the load balancer's own, and people's."""
    return [
        ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", *OF_BALANCER, {"label": "tasks (5xx)", "color": "#d62728"}],
        [".", "HTTPCode_ELB_5XX_Count", *OF_BALANCER, {"label": "load balancer (5xx)"}],
        [".", "HTTPCode_Target_4XX_Count", *OF_BALANCER, {"label": "asked wrongly (4xx)"}],
    ]


def answer_times() -> list[Metric]:
    """Return how long tasks take to answer."""
    return [["AWS/ApplicationELB", "TargetResponseTime", *OF_BALANCER, kind] for kind in (HALF, SLOWEST)]


def tasks() -> list[Metric]:
    """Return how many tasks there are, in the load balancer's eyes."""
    return [
        ["AWS/ApplicationELB", "HealthyHostCount", *OF_TASKS, {"stat": "Maximum", "label": "healthy"}],
        [".", "UnHealthyHostCount", *OF_TASKS, {"stat": "Maximum", "label": "unhealthy", "color": "#d62728"}],
    ]


def task_load() -> list[Metric]:
    """Return how hard tasks work; scaling aims at their CPU."""
    return [
        ["AWS/ECS", "CPUUtilization", *OF_SERVICE, {"stat": "Average", "label": "CPU"}],
        [".", "MemoryUtilization", *OF_SERVICE, {"stat": "Average", "label": "memory"}],
    ]


def capacity() -> list[Metric]:
    """Return the writer's capacity: 0 is paused, and at 100 % it would like to grow further than it may."""
    return [
        ["AWS/RDS", "ServerlessDatabaseCapacity", *OF_WRITER, {"stat": "Average", "label": "capacity units"}],
        [".", "ACUUtilization", *OF_WRITER, {"stat": "Maximum", "label": "% of the most", "yAxis": "right"}],
    ]


def connections() -> list[Metric]:
    """Return connections; one that stays open keeps the database awake."""
    return [["AWS/RDS", "DatabaseConnections", *OF_DATABASE, {"stat": "Maximum", "label": "open"}]]


def database_latency() -> list[Metric]:
    """Return how long the database takes to commit, and how far readers lag behind."""
    return [
        ["AWS/RDS", "CommitLatency", *OF_DATABASE, {"stat": "Average", "label": "commit"}],
        [".", "AuroraReplicaLagMaximum", *OF_DATABASE, {"stat": "Maximum", "label": "readers behind"}],
    ]


def cost_drivers(balancer: bool, database: bool) -> list[Metric]:
    """Return what is paid by use: load balancer capacity and database capacity."""
    load = ["AWS/ApplicationELB", "ConsumedLCUs", *OF_BALANCER, {"stat": "Average", "label": "load balancer (LCU)"}]
    units = ["AWS/RDS", "ServerlessDatabaseCapacity", *OF_DATABASE, {"stat": "Average", "label": "an instance (ACU)"}]
    return [*([load] if balancer else []), *([units] if database else [])]


def stored(service: bool, database: bool) -> list[Metric]:
    """Return what is paid by size: the database, its snapshots, and the containers' log."""
    log = ["AWS/Logs", "IncomingBytes", "LogGroupName", "${Log}", {"label": "containers' log", "yAxis": "right"}]
    kept = [
        ["AWS/RDS", "VolumeBytesUsed", *OF_DATABASE, {"stat": "Average", "label": "database"}],
        [".", "SnapshotStorageUsed", *OF_DATABASE, {"stat": "Average", "label": "snapshots"}],
    ]
    return [*(kept if database else []), *([log] if service else [])]


def backups() -> list[Metric]:
    """Return the vault's jobs of a day."""
    return [
        ["AWS/Backup", "NumberOfBackupJobsCompleted", "BackupVaultName", "${Vault}", {"label": "completed"}],
        [".", "NumberOfBackupJobsFailed", "BackupVaultName", "${Vault}", {"label": "failed", "color": "#d62728"}],
        [".", "NumberOfBackupJobsExpired", "BackupVaultName", "${Vault}", {"label": "not begun in time"}],
    ]
