"""Watches what there is: alarms that say what to do, a dashboard, saved queries and a budget.

None of the alarms fires on an idle or paused stage: what is not measured is no alarm.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from troposphere import Join, Sub, budgets, cloudwatch

from ...config.settings import MonitoringSettings
from ...core import names
from ...core.inputs import Inputs, InvalidInput
from ...core.template import Template, component
from ...core.values import Value
from ..backup.backups import Backups
from ..containers.outputs import Service, Worker
from ..data.database import Database
from ..load_balancing.dns import add_certificate_alarm
from ..load_balancing.load_balancer import LoadBalancer
from ..network.vpc import Network
from .alarm_topic import AlarmTopic, tell_of_event
from .dashboard import Watched, Widget, add_dashboard
from .metric_alarms import ONE_DAY_SECONDS, MetricAlarm, add_alarm
from .queries import CONTAINERS, EXPORTS, FIREWALL, POSTGRESQL, QUESTIONS, TRAFFIC, SavedQuery, add_queries

ESSENTIAL = "essential"
BALANCER, RDS, BACKUP = "AWS/ApplicationELB", "AWS/RDS", "AWS/Backup"
CEILING_PERCENT = 95
DAYS_WITHOUT_BACKUP = 2
BUDGET_PERCENT = 80


@dataclasses.dataclass(frozen=True)
class MonitoredResources(Inputs):
    """What is watched: a service or a worker, a database, and what belongs to them. What is None is left out."""

    network: Network | None = None
    database: Database | None = None
    backups: Backups | None = None
    load_balancer: LoadBalancer | None = None
    service: Service | Worker | None = None


@component("monitoring")
def add_monitoring(
    template: Template,
    settings: MonitoringSettings,
    notifications: AlarmTopic,
    resources: MonitoredResources,
    queries: Sequence[SavedQuery] = (),
    charts: Sequence[Widget] = (),
) -> None:
    """Add what watches the resources, as much of it as its level asks for.

    `queries` are questions to the containers' log, and `charts` are of the application's own metrics.
    """
    thorough = settings.level != ESSENTIAL
    service, balancer = resources.service, resources.load_balancer
    if isinstance(service, Service):
        add_service_alarms(template, settings, notifications, service)
    if thorough and resources.database is not None and resources.database.cluster_id is not None:
        add_database_alarms(template, notifications, resources.database)
    if thorough and resources.backups is not None:
        add_silence_alarm(template, notifications, resources.backups)
    if balancer is not None and balancer.certificate_arn:
        add_certificate_alarm(template, notifications, balancer.certificate_arn)
    if service is not None:
        tell_of_failing_tasks(template, notifications, service)
    if settings.monthly_budget_usd:
        add_budget(template, settings.monthly_budget_usd, notifications)
    add_queries(template, log_groups(resources), [*queries, *QUESTIONS])
    if settings.dashboard:
        add_dashboard(template, watched_by_dashboard(resources), charts)


def add_service_alarms(
    template: Template, settings: MonitoringSettings, notifications: AlarmTopic, service: Service
) -> None:
    """Add alarms for what people notice of a service behind a load balancer, as many as the level asks for.

    Where there are several, they are silent, and a composite alarm speaks for them.
    """
    if not service.balanced:
        return
    thorough = settings.level != ESSENTIAL
    alarms = [
        add_alarm(template, title, watched, notifications, section, meaning, notify=not thorough)
        for title, watched, section, meaning in what_people_feel(settings, service, thorough)
    ]
    if thorough:
        add_composite(template, notifications, alarms)


def what_people_feel(
    settings: MonitoringSettings, service: Service, thorough: bool
) -> Iterator[tuple[str, MetricAlarm, str, str]]:
    """Yield the title of each alarm, what it watches, its section of the runbook, and what it means."""
    balancer = {"LoadBalancer": service.load_balancer_full_name}
    tasks = balancer | {"TargetGroup": service.target_group_full_name}
    errors, slow = settings.errors_in_5_minutes, settings.slow_seconds
    failed = MetricAlarm(BALANCER, "HTTPCode_Target_5XX_Count", tasks, errors, in_=2, of=3)
    yield "WebErrors", failed, "web-errors", "Many requests are answered with an error (5xx)."
    if not thorough:
        return
    late = MetricAlarm(BALANCER, "TargetResponseTime", tasks, slow, "p99", in_=3, of=3)
    yield "SlowAnswers", late, "slow-answers", f"One request in a hundred takes more than {slow:g} s."
    unhealthy = MetricAlarm(BALANCER, "UnHealthyHostCount", tasks, 1, "Minimum", period_seconds=60, in_=5, of=5)
    yield "UnhealthyTasks", unhealthy, "unhealthy-tasks", "A task fails its health checks and is not replaced."
    if not service.sleeps:  # such an answer wakes a sleeping stage
        in_their_place = MetricAlarm(BALANCER, "HTTPCode_ELB_5XX_Count", balancer, errors, in_=2, of=3)
        meaning = "Many requests reach no task, or one that breaks off or takes too long."
        yield "NoAnswers", in_their_place, "no-answers", meaning


def add_composite(template: Template, notifications: AlarmTopic, alarms: list[cloudwatch.Alarm]) -> None:
    """Tell people once when the application is failing them, however many alarms say so."""
    rule = Join(" OR ", [Sub('ALARM("${Name}")', Name=alarm.ref()) for alarm in alarms])
    template.add(
        cloudwatch.CompositeAlarm(
            "PeopleAffected",
            AlarmRule=rule,
            AlarmDescription=(
                "People get errors or no answer, wait, or reach unhealthy tasks."
                f"{notifications.what_to_do('people-affected')}"
            ),
            AlarmActions=[notifications.topic_arn],
            OKActions=[notifications.topic_arn],
        ),
        why="Tells people once, not four times, that the application is failing those who use it.",
    )


def add_database_alarms(template: Template, notifications: AlarmTopic, database: Database) -> None:
    """Notice that the database has been as large as it may be for a quarter of an hour. A paused one is at 0.

    The writer alone is asked: the cluster's own value is the mean of all instances, and readers may have little to do.
    Source: Amazon Aurora User Guide, "Amazon CloudWatch dimensions for Aurora".
    """
    if database.cluster_id is None:
        raise InvalidInput("database.cluster_id", "is needed: the identifier of the Aurora cluster to watch, got None")
    writer = {"DBClusterIdentifier": database.cluster_id, "Role": "WRITER"}
    full = MetricAlarm(RDS, "ACUUtilization", writer, CEILING_PERCENT, "Average", in_=3, of=3)
    meaning = "The database is as large as it may grow."
    add_alarm(template, "DatabaseCeiling", full, notifications, "database-ceiling", meaning)


def add_silence_alarm(template: Template, notifications: AlarmTopic, backups: Backups) -> None:
    """Notice that no backup has come about for days, though none failed: plans may select nothing."""
    none_made = MetricAlarm(
        BACKUP,
        "NumberOfBackupJobsCompleted",
        {"BackupVaultName": backups.vault_name},
        1,
        comparison="LessThanThreshold",
        period_seconds=ONE_DAY_SECONDS,
        in_=DAYS_WITHOUT_BACKUP,
        of=DAYS_WITHOUT_BACKUP,
        silence_tells=True,
    )
    meaning = f"No backup of the database was made for {DAYS_WITHOUT_BACKUP} days."
    add_alarm(template, "BackupMissing", none_made, notifications, "backup-missing", meaning)


def tell_of_failing_tasks(template: Template, notifications: AlarmTopic, service: Service | Worker) -> None:
    """Tell people when tasks start and stop again and again, or a deployment is given up.

    ECS itself notices both. Source: Amazon ECS Developer Guide, "Amazon ECS service action events" and "service
    deployment state change events".
    """
    services = Sub(
        "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/${Cluster}/", Cluster=service.cluster_name
    )
    tell_of_event(
        template,
        "TasksFail",
        notifications,
        alarm="tasks-fail",
        pattern={
            "source": ["aws.ecs"],
            "detail-type": ["ECS Service Action", "ECS Deployment State Change"],
            "resources": [{"prefix": services}],
            "detail": {"eventName": ["SERVICE_TASK_START_IMPAIRED", "SERVICE_DEPLOYMENT_FAILED"]},
        },
        message="Tasks do not stay up, or a deployment was given up (<event>).",
        fields={"event": "$.detail.eventName"},
        why="Tells people that tasks start and stop again and again, or that a deployment was given up.",
    )


def add_budget(template: Template, monthly_usd: int, notifications: AlarmTopic) -> None:
    """Tell people when most of the month's budget is spent, and when more than all of it is forecast.

    The cost is found by the tag `stage` of the template, or without one by `project`, which must be activated once as a
    cost allocation tag in the Billing console.
    """
    tag = next((name for name in ("stage", "project") if name in template.stack_tags), None)
    if tag is None:
        raise InvalidInput("monthly_budget_usd", "needs the tag stage or project on the template, to find the cost by")
    subscriber = budgets.Subscriber(SubscriptionType="SNS", Address=notifications.topic_arn)
    limits = {"ACTUAL": BUDGET_PERCENT, "FORECASTED": 100}
    template.add(
        budgets.Budget(
            "Budget",
            Budget=budgets.BudgetData(
                BudgetName=names.of_this_stack("budget"),
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=monthly_usd, Unit="USD"),
                CostFilters={"TagKeyValue": [f"user:{tag}${template.stack_tags[tag]}"]},
            ),
            NotificationsWithSubscribers=[
                budgets.NotificationWithSubscribers(
                    Notification=budgets.Notification(
                        NotificationType=kind, ComparisonOperator="GREATER_THAN", Threshold=percent
                    ),
                    Subscribers=[subscriber],
                )
                for kind, percent in limits.items()
            ],
        ),
        why=f"Tells people before the month costs more than planned{notifications.what_to_do('budget', ': ')}.",
    )


def log_groups(resources: MonitoredResources) -> dict[str, Value]:
    """Return the names of the log groups that saved queries read, by kind."""
    service, database, network = resources.service, resources.database, resources.network
    backups, balancer = resources.backups, resources.load_balancer
    found = {
        CONTAINERS: service.log_group_name if service else None,
        POSTGRESQL: database.log_group_name if database else None,
        TRAFFIC: network.flow_log_group_name if network else None,
        EXPORTS: backups.export_log_group_name if backups else None,
        FIREWALL: balancer.web_acl_log_group if balancer else None,
    }
    return {kind: name for kind, name in found.items() if name is not None}


def watched_by_dashboard(resources: MonitoredResources) -> Watched:
    """Return the names that the dashboard's charts are filled in with."""
    service, database, backups = resources.service, resources.database, resources.backups
    edge = resources.load_balancer.distribution_id if resources.load_balancer else None
    found: dict[str, Value | None] = {"Distribution": edge}
    if isinstance(service, Service) and service.balanced:
        found |= {"Balancer": service.load_balancer_full_name, "Tasks": service.target_group_full_name}
    if service is not None:
        found |= {
            "Cluster": service.cluster_name,
            "Service": service.service_name,
            "Log": service.log_group_name,
        }
    found |= {"Database": database.cluster_id if database else None, "Vault": backups.vault_name if backups else None}
    return {name: value for name, value in found.items() if value is not None}
