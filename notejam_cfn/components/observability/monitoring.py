"""Watches a stage: alarms that say what to do, a dashboard, saved queries and a budget.

None of the alarms fires on an idle or paused stage: what is not measured is no alarm.
"""

from __future__ import annotations

import dataclasses

from troposphere import Join, Sub, budgets, cloudwatch

from ...config.settings import MonitoringSettings, Stage
from ...core.template import Template, component
from ...core.values import Value
from ..backup.backups import Backups
from ..containers.outputs import Service
from ..data.database import Database
from ..load_balancing.dns import add_certificate_alarm
from ..load_balancing.load_balancer import LoadBalancer
from ..network.vpc import Network
from .alarm_topic import AlarmTopic, News, tell_of_event
from .dashboard import add_dashboard
from .metric_alarms import MetricAlarm, add_alarm
from .queries import CONTAINERS, EXPORTS, FIREWALL, POSTGRESQL, TRAFFIC, add_queries

ESSENTIAL = "essential"
BALANCER, RDS, BACKUP = "AWS/ApplicationELB", "AWS/RDS", "AWS/Backup"
ONE_DAY_SECONDS = 86400
CEILING_PERCENT = 95
DAYS_WITHOUT_BACKUP = 2
BUDGET_PERCENT = 80


@dataclasses.dataclass(frozen=True)
class MonitoredResources:
    """The parts of a stage that are watched."""

    network: Network
    database: Database
    backups: Backups
    load_balancer: LoadBalancer
    service: Service


@component("monitoring")
def add_monitoring(template: Template, stage: Stage, notifications: AlarmTopic, subjects: MonitoredResources) -> None:
    """Add what watches a stage, as much of it as its level asks for."""
    settings = stage.monitoring
    thorough = settings.level != ESSENTIAL
    alarms = add_alarms_people_feel(template, settings, notifications, subjects, thorough)
    if thorough:
        if not stage.service.sleep_after_minutes:
            alarms.append(add_outage_alarm(template, settings, notifications, subjects.service))
        add_composite(template, notifications, alarms)
        add_ceiling_alarm(template, notifications, subjects.database)
        add_silence_alarm(template, notifications, subjects.backups)
    if subjects.load_balancer.certificate_arn:
        add_certificate_alarm(template, notifications, subjects.load_balancer.certificate_arn)
    tell_of_failing_tasks(template, notifications, subjects.service)
    if stage.budget_usd:
        add_budget(template, stage, notifications)
    add_queries(template, log_groups(subjects))
    if settings.dashboard:
        add_dashboard(template, watched_by_dashboard(stage, subjects))


def add_alarms_people_feel(
    template: Template,
    settings: MonitoringSettings,
    notifications: AlarmTopic,
    subjects: MonitoredResources,
    thorough: bool,
) -> list[cloudwatch.Alarm]:
    """Add alarms for what people notice. Where a composite speaks for them they are silent themselves."""
    balancer = {"LoadBalancer": subjects.service.load_balancer_full_name}
    tasks = balancer | {"TargetGroup": subjects.service.target_group_full_name}
    errors = MetricAlarm(BALANCER, "HTTPCode_Target_5XX_Count", balancer, settings.errors_in_5_minutes, in_=2, of=3)
    slow = MetricAlarm(BALANCER, "TargetResponseTime", balancer, settings.slow_seconds, "p99", in_=3, of=3)
    unhealthy = MetricAlarm(BALANCER, "UnHealthyHostCount", tasks, 1, "Minimum", period_seconds=60, in_=5, of=5)
    found = [
        add_alarm(
            template,
            "WebErrors",
            errors,
            notifications,
            "web-errors",
            "Many requests are answered with an error (5xx).",
            notify=not thorough,
        )
    ]
    if thorough:
        found += [
            add_alarm(
                template,
                "SlowAnswers",
                slow,
                notifications,
                "slow-answers",
                f"One request in a hundred takes more than {settings.slow_seconds:g} s.",
                notify=False,
            ),
            add_alarm(
                template,
                "UnhealthyTasks",
                unhealthy,
                notifications,
                "unhealthy-tasks",
                "A task fails its health checks and is not replaced.",
                notify=False,
            ),
        ]
    return found


def add_outage_alarm(
    template: Template, settings: MonitoringSettings, notifications: AlarmTopic, service: Service
) -> cloudwatch.Alarm:
    """Notice that the load balancer answers with errors in the tasks' place: none is there, or it breaks off or hangs.

    A sleeping stage has none: there such an answer wakes it.
    """
    answers = {"LoadBalancer": service.load_balancer_full_name}
    return add_alarm(
        template,
        "NoAnswers",
        MetricAlarm(BALANCER, "HTTPCode_ELB_5XX_Count", answers, settings.errors_in_5_minutes, in_=2, of=3),
        notifications,
        "no-answers",
        "Many requests reach no task, or one that breaks off or takes too long.",
        notify=False,
    )


def add_composite(template: Template, notifications: AlarmTopic, alarms: list[cloudwatch.Alarm]) -> None:
    """Tell people once when the application is failing them, however many alarms say so."""
    rule = Join(" OR ", [Sub('ALARM("${Name}")', Name=alarm.ref()) for alarm in alarms])
    template.add(
        cloudwatch.CompositeAlarm(
            "PeopleAffected",
            AlarmRule=rule,
            AlarmDescription=(
                "People get errors or no answer, wait, or reach unhealthy tasks. "
                f"What to do: {notifications.section('people-affected')}"
            ),
            AlarmActions=[notifications.topic_arn],
            OKActions=[notifications.topic_arn],
        ),
        why="Tells people once, not four times, that the application is failing those who use it.",
    )


def add_ceiling_alarm(template: Template, notifications: AlarmTopic, database: Database) -> None:
    """Notice that the database has been as large as it may be for a quarter of an hour. A paused one is at 0.

    The writer alone is asked: the cluster's own value is the mean of all instances, and readers may have little to do.
    Source: Amazon Aurora User Guide, "Amazon CloudWatch dimensions for Aurora".
    """
    add_alarm(
        template,
        "DatabaseCeiling",
        MetricAlarm(
            RDS,
            "ACUUtilization",
            {"DBClusterIdentifier": database.cluster_id, "Role": "WRITER"},
            CEILING_PERCENT,
            "Average",
            in_=3,
            of=3,
        ),
        notifications,
        "database-ceiling",
        "The database is as large as it may grow.",
    )


def add_silence_alarm(template: Template, notifications: AlarmTopic, backups: Backups) -> None:
    """Notice that no backup has come about for days, though none failed: plans may select nothing."""
    add_alarm(
        template,
        "BackupMissing",
        MetricAlarm(
            BACKUP,
            "NumberOfBackupJobsCompleted",
            {"BackupVaultName": backups.vault_name},
            1,
            "Sum",
            "LessThanThreshold",
            ONE_DAY_SECONDS,
            in_=DAYS_WITHOUT_BACKUP,
            of=DAYS_WITHOUT_BACKUP,
            silence_tells=True,
        ),
        notifications,
        "backup-missing",
        f"No backup of the database was made for {DAYS_WITHOUT_BACKUP} days.",
    )


def tell_of_failing_tasks(template: Template, notifications: AlarmTopic, service: Service) -> None:
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
        News(
            alarm="tasks-fail",
            pattern={
                "source": ["aws.ecs"],
                "detail-type": ["ECS Service Action", "ECS Deployment State Change"],
                "resources": [{"prefix": services}],
                "detail": {"eventName": ["SERVICE_TASK_START_IMPAIRED", "SERVICE_DEPLOYMENT_FAILED"]},
            },
            message="Tasks do not stay up, or a deployment was given up (<event>).",
            fields={"event": "$.detail.eventName"},
        ),
        why="Tells people that tasks start and stop again and again, or that a deployment was given up.",
    )


def add_budget(template: Template, stage: Stage, notifications: AlarmTopic) -> None:
    """Tell people when most of the month's budget is spent, and when more than all of it is forecast.

    The stage's cost is found by its tag, which must be activated once as a cost allocation tag in the Billing console.
    """
    subscriber = budgets.Subscriber(SubscriptionType="SNS", Address=notifications.topic_arn)
    limits = {"ACTUAL": BUDGET_PERCENT, "FORECASTED": 100}
    template.add(
        budgets.Budget(
            "Budget",
            Budget=budgets.BudgetData(
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=stage.budget_usd, Unit="USD"),
                CostFilters={"TagKeyValue": [f"user:stage${stage.name}"]},
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
        why=f"Tells people before the month costs more than planned: {notifications.section('budget')}.",
    )


def log_groups(subjects: MonitoredResources) -> dict[str, Value]:
    """Return the names of the log groups that saved queries read, by kind."""
    found = {
        CONTAINERS: subjects.service.log_group_name,
        POSTGRESQL: subjects.database.log_group_name,
        TRAFFIC: subjects.network.flow_log_group_name,
        EXPORTS: subjects.backups.export_log_group_name,
        FIREWALL: subjects.load_balancer.web_acl_log_group,
    }
    return {kind: name for kind, name in found.items() if name is not None}


def watched_by_dashboard(stage: Stage, subjects: MonitoredResources) -> dict[str, Value]:
    """Return the names that the dashboard's charts are filled in with."""
    edge = subjects.load_balancer.distribution_id
    return ({"Distribution": edge} if edge else {}) | {
        "Stage": stage.name,
        "Namespace": stage.monitoring.metrics_namespace,
        "Balancer": subjects.service.load_balancer_full_name,
        "Tasks": subjects.service.target_group_full_name,
        "Cluster": subjects.service.cluster_name,
        "Service": subjects.service.service_name,
        "Log": subjects.service.log_group_name,
        "Database": subjects.database.cluster_id,
        "Vault": subjects.backups.vault_name,
    }
