"""What runs: the ECS cluster, and services, workers and jobs on Fargate."""

from __future__ import annotations

import dataclasses
import zoneinfo
from collections.abc import Iterator
from typing import Any

from ..fields import Settings, choice, flag, text, whole
from .common import ADDRESS_PATTERN, log_retention, named

# Fargate's pairs of CPU units and MiB. Source: Amazon ECS Developer Guide, "Task definition parameters for Fargate".
FARGATE_MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
    32768: (61440, 122880, 249856),
}


_DAY = "(MON|TUE|WED|THU|FRI|SAT|SUN)"
DAYS_PATTERN = rf"{_DAY}(-{_DAY})?(,{_DAY}(-{_DAY})?)*"


IMAGE_PATTERN = r"[a-z0-9][a-zA-Z0-9./_:-]*(@sha256:[0-9a-f]{64})?"


# Source: Elastic Load Balancing, "Rule condition types for your Application Load Balancer", host conditions.
HOST_PATTERN = r"(?=.{1,128}$)[A-Za-z0-9*?-]+(\.[A-Za-z0-9*?-]+)+"


# With at most five wildcards. Source: the same, path conditions, and "Quotas for your Application Load Balancers".
PATH_PATTERN = r"(?!(.*[*?]){6})/[A-Za-z0-9_.$/~\"'@:+&*?-]{0,127}"


# Of the page that CloudFront shows while a service wakes; see `load_balancing.listeners`.
RESERVED_PRIORITY = 1


# Source: Amazon EventBridge Scheduler User Guide, "Schedule types".
SCHEDULE_PATTERN = (
    r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)"
    r"|cron\([0-9*,/-]+ [0-9*,/-]+ [0-9*?,/LW-]+ [0-9A-Z*,/-]+ [0-9A-Z*?,/#-]+ [0-9*,/-]+\)"
)
SCHEDULE_WORDS = "cron(minute hour day month weekday year) or rate(5 minutes)"


def is_known_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone; one that has no data of them knows all."""
    return _has_zone(name) or not _has_zone("UTC")


def _has_zone(name: str) -> bool:
    # Reading one zone's file: `available_timezones` opens every file there is, a sixth of the time of a build.
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
        return False
    return True


@dataclasses.dataclass(frozen=True)
class ClusterSettings(Settings):
    """What containers run on, shared by the services of a stage."""

    insights: str = choice(
        "enabled", ("disabled", "enabled", "enhanced"), "Container Insights; enhanced looks at tasks"
    )
    log_retention_days: int = log_retention(365)


def zone() -> Any:
    return text(
        "Etc/UTC",
        r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*",
        "a name such as Europe/Berlin",
        "zone of the schedule and of the times people see",
    )


@dataclasses.dataclass(frozen=True)
class TaskSettings(Settings):
    """What every task has, whether it serves, takes work from a queue or runs by the clock."""

    name: str = named("Task")
    cpu_units: int = choice(256, tuple(FARGATE_MEMORY_MIB), "CPU of a task; 1024 units are one vCPU")
    memory_mib: int = whole(512, 512, 249856, "memory of a task")
    ephemeral_storage_gib: int = whole(20, 20, 200, "disk of a task, which goes with it; more than 20 costs extra")
    open_files: int = whole(65535, 1024, 1048576, "files and connections a container may have open")
    image: str = text(
        "", IMAGE_PATTERN, "REGISTRY/REPOSITORY@sha256:DIGEST", "what runs before a release says otherwise"
    )
    architecture: str = choice("ARM64", ("ARM64", "X86_64"), "processor; ARM64 costs a fifth less")
    fargate_base: int = whole(0, 0, 1000, "tasks that never run on Spot")
    spot_percent: int = whole(0, 0, 100, "share of the other tasks that runs on Fargate Spot")
    exec_access: bool = flag(False, "allow a shell in running containers (ECS Exec)")
    log_retention_days: int = log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.memory_mib not in FARGATE_MEMORY_MIB[self.cpu_units]:
            sizes = ", ".join(map(str, FARGATE_MEMORY_MIB[self.cpu_units]))
            yield "memory_mib", f"must be one of {sizes} with {self.cpu_units} CPU units, got {self.memory_mib}"


@dataclasses.dataclass(frozen=True)
class ServiceSettings(TaskSettings):
    """The containers: size, number, what they run on and how they scale."""

    name: str = named("Web")
    port: int = whole(8080, 1024, 65535, "TCP port the container listens on")
    health_path: str = text("/healthz", r"/[!-~]{0,1023}", "a path that begins with /", "answers 200 when all is well")
    host: str = text("", HOST_PATTERN, "a host name such as api.example.com", "requests it gets; empty is any host")
    path_pattern: str = text("/*", PATH_PATTERN, "a path pattern such as /api/*", "requests it gets")
    priority: int = whole(0, 0, 50000, "order among services on one load balancer, lowest first; 0 chooses one")
    deregistration_seconds: int = whole(20, 0, 3600, "seconds a stopped task may finish its requests")
    min_tasks: int = whole(1, 0, 1000, "tasks at the least")
    max_tasks: int = whole(4, 1, 1000, "tasks at the most")
    sleep_after_minutes: int = whole(0, 0, 1440, "minutes without a request before the last task stops; 0 is never")
    target_cpu_percent: int = whole(60, 10, 90, "CPU use that scaling aims at")
    target_requests_per_minute: int = whole(3000, 1, 1_000_000, "requests a task should get a minute")
    busy_min_tasks: int = whole(0, 0, 1000, "tasks at the least in business hours; 0 for no schedule")
    busy_from_hour: int = whole(7, 0, 23, "hour business begins, in time_zone")
    busy_to_hour: int = whole(19, 0, 23, "hour business ends, in time_zone")
    busy_days: str = text("MON-FRI", DAYS_PATTERN, "days such as MON-FRI", "business days")
    time_zone: str = zone()
    mail_from: str = text("", ADDRESS_PATTERN, "an e-mail address", "sender of mail, verified in Amazon SES")

    def conflicts(self) -> Iterator[tuple[str, str]]:
        yield from super().conflicts()
        if self.priority == RESERVED_PRIORITY:
            yield "priority", f"must not be {RESERVED_PRIORITY}, which CloudFront's page has, got {self.priority}"
        if self.min_tasks > self.max_tasks:
            yield "min_tasks", f"must be at most max_tasks ({self.max_tasks}), got {self.min_tasks}"
        if self.busy_min_tasks > self.max_tasks:
            yield "busy_min_tasks", f"must be at most max_tasks ({self.max_tasks}), got {self.busy_min_tasks}"
        if self.min_tasks == 0 and not self.sleep_after_minutes:
            yield "min_tasks", "may be 0 only with sleep_after_minutes, which wakes the service again, got 0"
        if self.sleep_after_minutes and self.min_tasks:
            yield "sleep_after_minutes", f"needs min_tasks = 0, got min_tasks = {self.min_tasks}"
        if self.busy_min_tasks and self.busy_to_hour <= self.busy_from_hour:
            yield "busy_to_hour", f"must be after busy_from_hour ({self.busy_from_hour}), got {self.busy_to_hour}"
        if 0 < self.sleep_after_minutes < 10:
            yield "sleep_after_minutes", f"must be 0 or at least 10, got {self.sleep_after_minutes}"


@dataclasses.dataclass(frozen=True)
class QueueSettings(Settings):
    """A queue of work, and when a message is given up."""

    name: str = named("Work")
    visibility_seconds: int = whole(300, 1, 43200, "seconds a task has for a message before another one gets it")
    attempts: int = whole(5, 1, 1000, "times a message is tried before it is put aside")
    retention_days: int = whole(14, 1, 14, "days a message is kept that nobody has worked on, or that was put aside")
    oldest_minutes: int = whole(0, 0, 20160, "minutes a message may wait before people are told; 0 is for ever")


@dataclasses.dataclass(frozen=True)
class WorkerSettings(TaskSettings):
    """Tasks that take work from a queue: size, and how many for how much work."""

    name: str = named("Worker")
    min_tasks: int = whole(0, 0, 1000, "tasks at the least; 0 sleeps while the queue is empty")
    max_tasks: int = whole(10, 1, 1000, "tasks at the most")
    messages_per_task: int = whole(10, 1, 1_000_000, "messages, waiting or worked on, for each task")
    idle_minutes: int = whole(10, 1, 1440, "minutes the queue is empty before tasks go down to min_tasks")

    def conflicts(self) -> Iterator[tuple[str, str]]:
        yield from super().conflicts()
        if self.min_tasks > self.max_tasks:
            yield "min_tasks", f"must be at most max_tasks ({self.max_tasks}), got {self.min_tasks}"


@dataclasses.dataclass(frozen=True)
class JobSettings(TaskSettings):
    """A task that runs by the clock and ends."""

    name: str = named("Job")
    schedule: str = text("cron(0 3 * * ? *)", SCHEDULE_PATTERN, SCHEDULE_WORDS, "when it runs, in time_zone")
    time_zone: str = zone()
    retries: int = whole(2, 0, 20, "times a run that failed is tried again")
    timeout_minutes: int = whole(60, 1, 10080, "minutes after which a run has failed")
    one_at_a_time: bool = flag(False, "leave a run out while another one goes on")
