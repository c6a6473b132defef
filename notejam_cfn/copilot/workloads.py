"""Translates one workload for one environment, by its type."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..config.settings import JobSettings, QueueSettings, ServiceSettings, WorkerSettings
from ..core.inputs import InvalidInput
from . import containers
from .fields import Fields, pascal, seconds
from .schedules import schedule

SERVICE, WORKER, JOB = "service", "worker", "job"
LOWEST_PORT, OTHER_PORT = 1024, 8080
# What is known about fields that have no counterpart.
KNOWN = {
    "http.stickiness": "requests of one person go to any task: keep sessions in the database or in add_cache(…)",
    "http.allowed_source_ips": "addresses are not limited: add rules to the firewall (load_balancer.waf)",
    "http.additional_rules": "a service has one host and one path: add a second elb.ListenerRule to the template",
    "http.target_container": "requests go to the service's own container",
    "http.target_port": "requests go to the service's own port",
    "http.version": "requests reach tasks as HTTP/1.1",
    "http.redirect_to_https": "is so where there is a certificate",
    "http.alb": "describe the load balancer that exists by existing_load_balancer(…)",
    "http.healthcheck": "checks are every 10 s, two good ones put a task into service, and 200 is the good answer",
    "http.private": "a service that only others call has no load balancer: Service Connect",
    "nlb": "there is no Network Load Balancer: write one with troposphere",
    "image.labels": "Docker labels are not taken over",
    "image.credentials": "push the image to ECR",
    "image.healthcheck": "the container's check has times of its own: every 15 s, three tries",
    "entrypoint": "the image's own entrypoint runs: put it into the image, or all words into command",
    "count.cooldown": "scaling has times of its own",
    "count.cpu_percentage": "scaling has times of its own",
    "count.memory_percentage": "services scale by CPU use and requests, workers by the messages for each task",
    "count.response_time": "services scale by CPU use and requests",
    "count.queue_delay": "workers scale by the messages for each task",
    "deployment": "new tasks start before old ones stop, and errors take a deployment back",
    "observability": "run a collector beside the container: Sidecar(…)",
    "taskdef_overrides": "change the resource in the composition: template.resources[…]",
    "logging": "containers log to CloudWatch; another destination is a Sidecar(…)",
    "network.connect": "its name is the service's own, in lower case",
    "network.vpc.placement": "tasks run in private subnets, without public addresses",
    "storage.readonly_fs": "files of the image are read-only always, but for /tmp and volumes",
    "publish": "there are no topics: write sns.Topic with troposphere, and pass its ARN in environment",
    "subscribe.topics": "nothing subscribes the queue: write sns.Subscription with troposphere",
    "subscribe.queue": "a queue is a standard one, with dead letters always",
    "tags": "tags are the template's: Template(tags=…)",
    "files": "a static site is not taken over: S3 with CloudFront, as a component of your own",
    "count": "the number of tasks is min_tasks and max_tasks",
}


@dataclasses.dataclass(frozen=True)
class Translation:
    """A workload as the library has it. `aliases` are host names with the zone they are in, empty where unknown."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    options: Mapping[str, Any]
    file_systems: tuple[str, ...] = ()
    queue: Mapping[str, Any] | None = None
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    public: bool = False


def translate(fields: Fields, name: str, root: Path) -> Translation | None:
    """Translate a workload, or return None and say so where there is nothing like its type."""
    kind = str(fields.take("type", ""))
    fields.take("name")
    if kind not in TYPES:
        fields.note("type", f"{kind or 'no type'} has no counterpart; all of it is left out")
        return None
    return TYPES[kind](fields, name, root)


def _web(fields: Fields, name: str, root: Path) -> Translation:
    aliases = _aliases(fields)
    path = str(fields.take("http.path", "/")).strip("/")
    health = fields.look("http.healthcheck")
    health = fields.take("http.healthcheck.path" if isinstance(health, Mapping) else "http.healthcheck", "/")
    given = _serving(fields, name) | {"health_path": str(health), "path_pattern": f"/{path}*" if path else "/*"}
    if fields.look("http") is False:
        fields.note("http", "it is behind the load balancer all the same; there is no Network Load Balancer")
    with_zone = [host for host, zone in aliases.items() if zone]
    if with_zone:
        given["host"] = with_zone[0]
    waited = _whole(fields, "http.deregistration_delay", "60s")
    given |= {"deregistration_seconds": waited} if waited is not None else {}
    return _checked(fields, name, SERVICE, given, root, ServiceSettings, aliases=aliases, public=True)


def _backend(fields: Fields, name: str, root: Path) -> Translation:
    given = _serving(fields, name)
    if fields.look("http") is not None:
        fields.note("http", "there is no internal load balancer: other services call it over Service Connect")
    connect = fields.take("network.connect", False)
    alias = connect.get("alias") if isinstance(connect, Mapping) else None
    called = pascal(name).lower()
    if alias not in (None, called) or called != name:
        fields.note("network.connect", f"others call it http://{called}: that is its internal_url")
    return _checked(fields, name, SERVICE, given, root, ServiceSettings)


def _request_driven(fields: Fields, name: str, root: Path) -> Translation:
    fields.note("type", "App Runner becomes a service on ECS behind the load balancer, with at least one task")
    if isinstance(fields.look("count"), str):
        fields.note("count", "an autoscaling configuration of App Runner: set min_tasks and max_tasks")
        fields.content = {key: value for key, value in fields.content.items() if key != "count"}
    return _web(fields, name, root)


def _worker(fields: Fields, name: str, root: Path) -> Translation:
    queue = {
        "name": pascal(name),
        "visibility_seconds": _whole(fields, "subscribe.queue.timeout", "30s"),
        "attempts": fields.take("subscribe.queue.dead_letter.tries"),
        "retention_days": max(1, (_whole(fields, "subscribe.queue.retention", "96h") or 0) // 86400),
    }
    allowed = _valid(fields, QueueSettings, queue)
    given = containers.settings(fields, name) | _numbers(fields)
    return _checked(fields, name, WORKER, given, root, WorkerSettings, queue=allowed)


def _job(fields: Fields, name: str, root: Path) -> Translation:
    given = containers.settings(fields, name)
    said = str(fields.take("on.schedule", ""))
    when = schedule(said)
    if when is None:
        fields.note("on.schedule", f"{said} cannot be said to EventBridge Scheduler: write schedule=…")
    else:
        given["schedule"] = when
    given["retries"] = fields.take("retries", 0)
    timeout = _whole(fields, "timeout", None)
    given |= {"timeout_minutes": max(1, timeout // 60)} if timeout else {}
    return _checked(fields, name, JOB, given, root, JobSettings)


TYPES: Mapping[str, Callable[[Fields, str, Path], Translation]] = {
    "Load Balanced Web Service": _web,
    "Backend Service": _backend,
    "Request-Driven Web Service": _request_driven,
    "Worker Service": _worker,
    "Scheduled Job": _job,
}


def _checked(
    fields: Fields, name: str, kind: str, given: Mapping[str, Any], root: Path, settings: type[Any], **more: Any
) -> Translation:
    """Return the translation with those settings that are allowed; the others are said."""
    allowed = _valid(fields, settings, given)
    options = containers.options(fields, root, name)
    systems = tuple(containers.file_systems(fields))
    return Translation(name, kind, allowed, options, systems, **more)


def _valid(fields: Fields, settings: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what settings do not allow, and say so, until the rest is good."""
    left = {key: value for key, value in given.items() if value is not None}
    for _ in given:
        try:
            settings(**left)
            break
        except InvalidInput as error:
            wrong = ("cpu_units", "memory_mib") if "CPU" in error.problem else (error.field,)
            dropped = {each: left.pop(each) for each in wrong if each in left}
            said = ", ".join(f"{key}={value!r}" for key, value in dropped.items())
            fields.note(f"{error.field}", f"{said} is left out: {error.problem}")
            if not dropped:
                break
    return left


def _serving(fields: Fields, name: str) -> dict[str, Any]:
    given = containers.settings(fields, name) | _numbers(fields)
    port = fields.take("image.port")
    if isinstance(port, int) and port < LOWEST_PORT:
        fields.note("image.port", f"{port} needs root: let the container listen on {OTHER_PORT}, which is taken for it")
        port = OTHER_PORT
    return given | {"port": port}


def _numbers(fields: Fields) -> dict[str, Any]:
    """Return how many tasks there are, and what of them runs on Spot."""
    count = fields.look("count")
    if count is None or isinstance(count, int):
        number = fields.take("count", 1)
        if not number:
            fields.note("count", "0 tasks: a service without an image has none")
        return {"min_tasks": max(1, number), "max_tasks": max(1, number)}
    if not isinstance(count, Mapping):
        return {}
    if isinstance(count.get("spot"), int):
        number = max(1, fields.take("count.spot"))
        return {"min_tasks": number, "max_tasks": number, "spot_percent": 100}
    return _range(fields) | _targets(fields)


def _range(fields: Fields) -> dict[str, Any]:
    given = fields.take("count.range")
    if isinstance(given, Mapping):
        found: dict[str, Any] = {"min_tasks": given.get("min"), "max_tasks": given.get("max")}
        base = given.get("spot_from")
        return found | ({"fargate_base": max(0, base - 1), "spot_percent": 100} if isinstance(base, int) else {})
    numbers = re.fullmatch(r"(\d+)-(\d+)", str(given))
    return {"min_tasks": int(numbers[1]), "max_tasks": int(numbers[2])} if numbers else {}


def _targets(fields: Fields) -> dict[str, Any]:
    """Return what scaling aims at; a target may stand for itself or as `value` beside its own times."""
    found = {}
    for name, setting in (("cpu_percentage", "target_cpu_percent"), ("requests", "target_requests_per_minute")):
        path = f"count.{name}"
        path += ".value" if isinstance(fields.look(path), Mapping) else ""
        if fields.look(path) is not None and fields.look("on") is None and fields.look("subscribe") is None:
            found[setting] = fields.take(path)
    return found


def _aliases(fields: Fields) -> dict[str, str]:
    zone = fields.take("http.hosted_zone", "")
    given = fields.take("http.alias", [])
    found: dict[str, str] = {}
    for each in [given] if isinstance(given, str) else given:
        if isinstance(each, Mapping):
            found[str(each.get("name", ""))] = str(each.get("hosted_zone", zone))
        else:
            found |= {host.strip(): str(zone) for host in str(each).split(",")}
    if not all(found.values()):
        fields.note(
            "http.alias", "its hosted zone is in no manifest: set host here, and domain and hosted_zone_id below"
        )
    return found


def _whole(fields: Fields, path: str, default: str | None) -> int | None:
    found = seconds(fields.take(path, default))
    return None if found is None else int(found)
