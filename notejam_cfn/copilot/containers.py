"""Translates what services, workers and jobs have in common: size, image, variables, secrets, volumes, sidecars."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..components.containers.options import NAME
from ..config.settings import IMAGE_PATTERN
from .fields import Fields, pascal, python

# Copilot keeps logs for 30 days and builds for x86 unless a manifest says otherwise.
LOG_DAYS, CPU, MEMORY = 30, 256, 512


def settings(fields: Fields, name: str) -> dict[str, Any]:
    """Return the settings that every task has."""
    found: dict[str, Any] = {
        "name": pascal(name),
        "cpu_units": fields.take("cpu", CPU),
        "memory_mib": fields.take("memory", MEMORY),
        "architecture": _architecture(fields),
        "log_retention_days": fields.take("logging.retention", LOG_DAYS),
        "exec_access": fields.take("exec", False),
        "ephemeral_storage_gib": fields.take("storage.ephemeral"),
        "image": _image(fields, name),
    }
    return {key: value for key, value in found.items() if value not in (None, "", False)}


def options(fields: Fields, root: Path, name: str) -> dict[str, Any]:
    """Return the options of the task: lists as data, and as Python what is in mappings, volumes and sidecars."""
    volumes = dict(_volumes(fields))
    secrets = dict(_secrets(fields, "secrets"))
    environment = {key: python(value) for key, value in _variables(fields, root, "").items()}
    # A container of Copilot's finds these whatever its manifest says.
    names = {"APPLICATION": "PROJECT", "ENVIRONMENT": "stage", "SERVICE": python(name)}
    environment = {f"COPILOT_{key}_NAME": value for key, value in names.items()} | environment
    found: dict[str, Any] = {
        "command": _words(fields, "command"),
        "health_command": _health_command(fields),
        "environment": {key: value for key, value in environment.items() if key not in secrets},
        "secrets": secrets,
        "security_group_ids": _security_groups(fields),
        "volumes": list(volumes.values()),
        "sidecars": list(_sidecars(fields, root, volumes)),
    }
    if fields.take("network.vpc.placement", "public") != "private":
        fields.note("network.vpc.placement", "tasks run in private subnets, without public addresses")
    return {key: value for key, value in found.items() if value}


def file_systems(fields: Fields) -> list[str]:
    """Return the names of volumes that are file systems which Copilot manages."""
    volumes = fields.look("storage.volumes")
    found = volumes.items() if isinstance(volumes, Mapping) else ()
    return [name for name, each in found if isinstance(each, Mapping) and _managed(each.get("efs"))]


def _architecture(fields: Fields) -> str:
    platform = fields.take("platform", "linux/x86_64")
    said = " ".join(map(str, platform.values())) if isinstance(platform, Mapping) else str(platform)
    if "windows" in said.lower():
        fields.note("platform", "Windows containers are not taken over: build the image for Linux")
    return "ARM64" if "arm" in said.lower() else "X86_64"


def _image(fields: Fields, name: str) -> str:
    location = fields.take("image.location", "")
    if location and re.fullmatch(IMAGE_PATTERN, str(location)):
        return str(location)
    if location:
        fields.note("image.location", f"is not the name of an image: {location}")
    if fields.look("image.build") is not None:
        fields.note(
            "image.build", "build and push it yourself, then deploy with --parameter …ImageUri=REPOSITORY@DIGEST"
        )
    return ""


def _words(fields: Fields, path: str) -> list[str]:
    given = fields.take(path, [])
    return shlex.split(given) if isinstance(given, str) else [str(word) for word in given]


def _health_command(fields: Fields) -> list[str]:
    given = _words(fields, "image.healthcheck.command")
    if given[:1] == ["CMD-SHELL"]:
        return ["/bin/sh", "-c", *given[1:]]
    return given[1:] if given[:1] == ["CMD"] else given


def _variables(fields: Fields, root: Path, below: str) -> dict[str, str]:
    """Return the variables of a container, those of its file first, which the manifest's own overrule."""
    found = dict(_of_file(fields, f"{below}env_file", root))
    for name, value in fields.take(f"{below}variables", {}).items():
        if isinstance(value, Mapping):
            fields.note(f"{below}variables.{name}", "reads an export of a stack: write its value, or publish(…) it")
        else:
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _of_file(fields: Fields, path: str, root: Path) -> Iterator[tuple[str, str]]:
    name = fields.take(path)
    if not name:
        return
    try:
        lines = (root / str(name)).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        fields.note(path, f"{name} cannot be read: write its variables in environment")
        return
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#"):
            yield key.strip(), value


def _secrets(fields: Fields, path: str) -> Iterator[tuple[str, str]]:
    for name, source in fields.take(path, {}).items():
        if isinstance(source, Mapping) and isinstance(source.get("secretsmanager"), str):
            yield name, _secret(source["secretsmanager"])
        elif isinstance(source, Mapping):
            fields.note(f"{path}.{name}", "reads an export of a stack: write the ARN, in secret(…) or parameter(…)")
        elif ":secretsmanager:" in str(source):
            yield name, _secret(str(source))
        else:
            yield name, f"nj.parameter({python(str(source))})"


def _secret(source: str) -> str:
    """Write a secret given by its ARN or name, with a key of its JSON behind it: `mysql:password::`."""
    parts = source.split(":")
    size = 7 if source.startswith("arn:") else 1
    name, key = ":".join(parts[:size]), next(iter(parts[size:]), "")
    arn = python(name) if size == 7 else f'f"arn:aws:secretsmanager:{{REGIONS[stage]}}:{{ACCOUNT}}:secret:{name}"'
    return f"nj.secret({arn}, {python(key)})" if key else f"nj.secret({arn})"


def _security_groups(fields: Fields) -> list[str]:
    given = fields.take("network.vpc.security_groups", [])
    groups = given.get("groups", []) if isinstance(given, Mapping) else given
    for group in groups:
        if not isinstance(group, str):
            fields.note("network.vpc.security_groups", "reads an export of a stack: write the group's ID")
    return [group for group in groups if isinstance(group, str)]


def _volumes(fields: Fields) -> Iterator[tuple[str, str]]:
    for name, each in fields.take("storage.volumes", {}).items():
        path = f"storage.volumes.{name}"
        if not isinstance(each, Mapping) or not each.get("path"):
            fields.note(path, "has no path")
            continue
        efs = each.get("efs")
        if isinstance(efs, Mapping) and "uid" in efs:
            fields.note(f"{path}.efs.uid", "files belong to user 10001, as whom the container runs")
        if efs and not _managed(efs):
            fields.note(f"{path}.efs", "a file system that exists is not mounted: FileSystem(…) describes it")
            continue
        given = [python(name.lower().replace("_", "-")), python(str(each["path"]))]
        given += [f"{variable(name)}"] if efs else []
        given += [] if each.get("read_only") is False else ["read_only=True"]
        yield name, f"nj.Volume({', '.join(given)})"


def variable(name: str) -> str:
    """Return the name of a variable that holds a volume's file system."""
    return re.sub(r"\W", "_", name.lower()) + "_files"


def _managed(efs: Any) -> bool:
    return efs is True or (isinstance(efs, Mapping) and "id" not in efs)


def _sidecars(fields: Fields, root: Path, volumes: Mapping[str, str]) -> Iterator[str]:
    waits = fields.take("image.depends_on", {})
    for name in fields.look("sidecars") or {}:
        path = f"sidecars.{name}"
        image = fields.take(f"{path}.image")
        if not isinstance(image, str) or not NAME.fullmatch(name):
            fields.note(path, "is not taken over: it needs a name in lower case, and an image that is built already")
            continue
        fields.note(f"{path}.image", "runs as user 10001: say user=… where it must be another")
        yield f"nj.Sidecar({', '.join(_sidecar(fields, root, name, image, volumes, waits))})"


def _sidecar(
    fields: Fields, root: Path, name: str, image: str, volumes: Mapping[str, str], waits: Mapping[str, Any]
) -> Iterator[str]:
    path = f"sidecars.{name}"
    yield python(name)
    yield python(image)
    port = str(fields.take(f"{path}.port", "")).partition("/")[0]
    mounted = [each.get("source_volume") for each in fields.take(f"{path}.mount_points", [])]
    secrets = ", ".join(f"{python(key)}: {source}" for key, source in _secrets(fields, f"{path}.secrets"))
    given = {
        "command": python(_words(fields, f"{path}.command") or None),
        "environment": python(_variables(fields, root, f"{path}.") or None),
        "secrets": f"{{{secrets}}}" if secrets else "None",
        "ports": f"[{port}]" if port.isdecimal() else "None",
        "volumes": python([each.lower().replace("_", "-") for each in mounted if each in volumes] or None),
        "essential": "False" if fields.take(f"{path}.essential", True) is False else "None",
        "before": python(str(waits[name]).upper() if name in waits else None),
    }
    yield from (f"{key}={value}" for key, value in given.items() if value != "None")
