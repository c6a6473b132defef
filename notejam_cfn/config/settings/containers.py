"""What runs: the ECS cluster and a service on Fargate."""

from __future__ import annotations

import dataclasses
import zoneinfo
from collections.abc import Iterator

from ..fields import Settings, choice, flag, one_of, text, whole
from .common import ADDRESS_PATTERN, log_retention

# Fargate's pairs of CPU units and MiB. Source: Amazon ECS Developer Guide, "Task definition parameters for Fargate".
FARGATE_MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
}


DAYS_PATTERN = r"(MON|TUE|WED|THU|FRI|SAT|SUN)([-,](MON|TUE|WED|THU|FRI|SAT|SUN))*"


IMAGE_PATTERN = r"[a-z0-9][a-zA-Z0-9./_:-]*(@sha256:[0-9a-f]{64})?"


def is_known_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone; one that has no list of them knows all."""
    known = zoneinfo.available_timezones()
    return name in known or not known


@dataclasses.dataclass(frozen=True)
class ClusterSettings(Settings):
    """What containers run on, shared by the services of a stage."""

    insights: str = choice(
        "enabled", ("disabled", "enabled", "enhanced"), "Container Insights; enhanced looks at tasks"
    )
    log_retention_days: int = log_retention(365)


@dataclasses.dataclass(frozen=True)
class ServiceSettings(Settings):
    """The containers: size, number, what they run on and how they scale."""

    name: str = text("Web", r"[A-Z][A-Za-z0-9]{0,30}", "letters and digits, capital first", "prefix of its logical IDs")
    cpu_units: int = one_of(256, tuple(FARGATE_MEMORY_MIB), "CPU of a task; 1024 units are one vCPU")
    memory_mib: int = whole(512, 512, 30720, "memory of a task")
    image: str = text(
        "", IMAGE_PATTERN, "REGISTRY/REPOSITORY@sha256:DIGEST", "what runs before a release says otherwise"
    )
    port: int = whole(8080, 1024, 65535, "TCP port the container listens on")
    health_path: str = text("/healthz", r"/[!-~]{0,1023}", "a path that begins with /", "answers 200 when all is well")
    path_pattern: str = text("/*", r"/[!-~]{0,127}", "a path pattern such as /api/*", "requests it gets")
    priority: int = whole(1000, 2, 50000, "order among services on one load balancer, lowest first")
    deregistration_seconds: int = whole(20, 0, 3600, "seconds a stopped task may finish its requests")
    architecture: str = choice("ARM64", ("ARM64", "X86_64"), "processor; ARM64 costs a fifth less")
    min_tasks: int = whole(1, 0, 1000, "tasks at the least")
    max_tasks: int = whole(4, 1, 1000, "tasks at the most")
    sleep_after_minutes: int = whole(0, 0, 1440, "minutes without a request before the last task stops; 0 is never")
    fargate_base: int = whole(0, 0, 1000, "tasks that never run on Spot")
    spot_percent: int = whole(0, 0, 100, "share of the other tasks that runs on Fargate Spot")
    target_cpu_percent: int = whole(60, 10, 90, "CPU use that scaling aims at")
    target_requests_per_minute: int = whole(3000, 1, 1_000_000, "requests a task should get a minute")
    busy_min_tasks: int = whole(0, 0, 1000, "tasks at the least in business hours; 0 for no schedule")
    busy_from_hour: int = whole(7, 0, 23, "hour business begins, in time_zone")
    busy_to_hour: int = whole(19, 0, 23, "hour business ends, in time_zone")
    busy_days: str = text("MON-FRI", DAYS_PATTERN, "days such as MON-FRI", "business days")
    time_zone: str = text(
        "Etc/UTC",
        r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*",
        "a name such as Europe/Berlin",
        "zone of the schedule and of the times people see",
    )
    exec_access: bool = flag(False, "allow a shell in running containers (ECS Exec)")
    mail_from: str = text("", ADDRESS_PATTERN, "an e-mail address", "sender of mail, verified in Amazon SES")
    log_retention_days: int = log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.memory_mib not in FARGATE_MEMORY_MIB[self.cpu_units]:
            sizes = ", ".join(map(str, FARGATE_MEMORY_MIB[self.cpu_units]))
            yield "memory_mib", f"must be one of {sizes} with {self.cpu_units} CPU units, got {self.memory_mib}"
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
