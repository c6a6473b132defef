"""Reads notejam.toml into validated settings.

    ConfigError
     └─ every message is one line: the key's path, what is wrong, what is allowed

A stage starts from the preset of its size; what notejam.toml says about a field wins.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import ipaddress
import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..core import names
from ..core.inputs import shown
from ..core.regions import TWO_ZONE_REGIONS
from .fields import InvalidSetting, Settings
from .settings import NOTEJAM, PRESETS, SIZES, DeliverySettings, Project, Stage
from .settings.stage import PROJECT_PATTERN

FILE_NAME = "notejam.toml"
STAGE_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
STAGE_LENGTH = 20

S = TypeVar("S", bound=Settings)


class ConfigError(ValueError):
    """The configuration cannot be used. The message is one line that says where, what, and what to do."""


def load(path: Path | str = FILE_NAME) -> Project:
    """Read a configuration file.

    Raises `ConfigError` when the file is missing, is not TOML, or has a key or value that is not allowed.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `python -m notejam_cfn init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        hint = "; text stands in quotes" if str(error).startswith("Invalid value") else ""
        raise ConfigError(f"{path}: not valid TOML: {error}{hint}") from None
    except (RecursionError, ValueError):
        raise ConfigError(f"{path}: not valid TOML: nested too deeply, or a number of thousands of digits") from None
    return parse(document)


def parse(document: Mapping[str, Any]) -> Project:
    """Turn a configuration already read into a `Project`. Raises `ConfigError`."""
    _refuse_unknown(document, ("project", "stages", "delivery"), "")
    named = _table(document, "project", "")
    _refuse_unknown(named, ("name",), "project.")
    project = named.get("name", "notejam")
    if not isinstance(project, str) or not re.fullmatch(PROJECT_PATTERN, project):
        allowed = "2 to 20 lower-case letters, digits and single hyphens"
        raise ConfigError(f"project.name must be {allowed}, got {shown(project)}")
    tables = _table(document, "stages", "")
    if not tables:
        raise ConfigError("stages: at least one [stages.NAME] table is needed, got none")
    stages = tuple(_stage(project, name, _table(tables, name, "stages.")) for name in tables)
    delivery = _build(DeliverySettings, _table(document, "delivery", ""), "delivery")
    found = Project(name=project, stages=stages, delivery=delivery)
    for problem in _conflicts(found):
        raise ConfigError(problem)
    return found


def derived_cidr(stage: str) -> str:
    """Return the /20 block that a stage without a `cidr` gets: one of 2,048 in 10.128.0.0/9, chosen by its name."""
    number = int.from_bytes(hashlib.sha256(stage.encode()).digest()[:2], "big") % 2048
    return str(ipaddress.IPv4Network((int(ipaddress.IPv4Address("10.128.0.0")) + (number << 12), 20)))


def _stage(project: str, name: str, table: Mapping[str, Any]) -> Stage:
    path = f"stages.{name}"
    if STAGE_PATTERN.fullmatch(name) and len(name) <= STAGE_LENGTH:
        problem = names.stage_name_problem(name)
    else:
        problem = f"must be 1 to {STAGE_LENGTH} lower-case letters, digits and single hyphens, beginning with a letter"
    if problem:
        raise ConfigError(f"{path}: a stage's name {problem}, got {shown(name)}")
    _refuse_unknown(table, _keys(Stage, "name", "project"), f"{path}.")
    size = table.get("size", "economy")
    if size not in SIZES:
        raise ConfigError(f"{path}.size must be one of {', '.join(SIZES)}, got {shown(size)}")
    if "region" not in table:
        raise ConfigError(f"{path}.region is missing: set the AWS region the stage runs in, such as eu-central-1")
    preset = {"network": {"cidr": derived_cidr(name), "zones": 2 if table["region"] in TWO_ZONE_REGIONS else 3}}
    start = merged(merged(preset, NOTEJAM), PRESETS[size])
    return _build(Stage, merged(start, table), path, name=name, project=project)


def _build(kind: type[S], table: Mapping[str, Any], path: str, **fixed: Any) -> S:
    """Make settings of a kind from a TOML table, and the settings inside them from the tables inside it."""
    _refuse_unknown(table, _keys(kind, *fixed), f"{path}.")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = dict(fixed)
    for key, value in table.items():
        nested = fields[key].default_factory
        if isinstance(nested, type) and issubclass(nested, Settings):
            values[key] = _build(nested, _table(table, key, f"{path}."), f"{path}.{key}")
        else:
            values[key] = value
    try:
        return kind(**values)
    except InvalidSetting as error:
        raise ConfigError(f"{path}.{error}") from None


def _keys(kind: type[Settings], *but: str) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.name not in but)  # type: ignore[arg-type]


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return base with changes laid over it: tables are joined, all else is replaced."""
    found = dict(base)
    for key, value in changes.items():
        below = found.get(key)
        found[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return found


def _table(parent: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{path}{key} must be a table, got {shown(value)}")
    return value


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
            raise ConfigError(f"{path}{key} is not a known key; {hint}")


def _conflicts(project: Project) -> Iterator[str]:
    """Yield what is wrong with stages beside each other and the pipeline."""
    stages = project.stages
    for one, other in itertools.combinations(stages, 2):
        # Stages keep apart, so that any two networks can be peered one day.
        block, taken = ipaddress.IPv4Network(other.network.cidr), ipaddress.IPv4Network(one.network.cidr)
        if block.overlaps(taken):
            where = f"stages.{other.name}.network.cidr"
            yield f"{where} must not overlap {one.network.cidr} of stage {one.name}, got {block}"
    for one, other in itertools.permutations(stages, 2):
        # What may change `prod` could change `prod-eu`.
        if other.name.startswith(f"{one.name}-"):
            why = "since roles allow by the beginning of names"
            problem = f"a stage's name must not begin with another stage's and a hyphen, {why}"
            yield f"stages.{other.name}: {problem}, got {one.name!r} besides"
    regions = list(dict.fromkeys(stage.region for stage in stages))
    if len(regions) > 1 and not project.delivery.region:
        # It must not follow from the order of stages: moving the pipeline would make everything again.
        listed = ", ".join(regions)
        yield f"delivery.region is missing: stages are in {listed}, so say which of them the pipeline is in"
    for stage in stages if not project.delivery_gaps else ():
        if too_long := names.pair_problem(project.name, stage.name):
            yield f"stages.{stage.name}: a stage's name {too_long}"


def starter() -> str:
    """Return the text of a commented configuration with three stages, every setting shown with its default."""
    lines = [STARTER, "# Every setting, with its default, its meaning and what is allowed:", "#", "# [stages.NAME]"]
    for field in dataclasses.fields(Stage):
        nested = field.default_factory
        if isinstance(nested, type) and issubclass(nested, Settings):
            lines += ["#", f"# [stages.NAME.{field.name}]"]
            known = NOTEJAM.get(field.name, {})
            lines += [
                _reference_line(inner, known.get(inner.name, inner.default)) for inner in dataclasses.fields(nested)
            ]
        elif "meaning" in field.metadata and field.name != "project":
            lines.append(_reference_line(field, field.default))
    lines += ["#", "# [delivery]"]
    lines += [_reference_line(field, field.default) for field in dataclasses.fields(DeliverySettings)]
    return "\n".join(lines) + "\n"


def _reference_line(field: dataclasses.Field[Any], default: Any) -> str:
    written = str(default).lower() if isinstance(default, bool) else repr(default).replace("'", '"')
    return f"# {field.name} = {written}  # {field.metadata['meaning']} ({field.metadata['allowed']})"


SMALL = """\
# One stage. `python -m notejam_cfn build` turns this file into templates; `init --full` shows every setting there is.

[project]
name = "notejam"

[stages.dev]
region = "eu-central-1"
size = "economy"  # pauses and sleeps when idle; or: standard, resilient
"""

STARTER = """\
# What Notejam is on AWS. `python -m notejam_cfn build` turns this file into templates in output/.
#
# A stage is an independent environment. Its size is a preset that every field can override:
#   economy    pauses and sleeps when idle, no hourly cost for the way out, can be deleted
#   standard   two tasks, one NAT gateway, one database reader, a snapshot when deleted
#   resilient  a NAT gateway per zone, two readers, firewall, protected against deletion

[project]
name = "notejam"

# The pipeline, which rolls out stage by stage in the order below. The code comes from a repository on GitHub, GitLab or
# Bitbucket (codeconnections), from one that is made for you (codecommit), or from a zip (s3).
[delivery]
source = "codeconnections"
# repository = "OWNER/notejam"  # else it is asked for when the pipeline is deployed

[stages.dev]
region = "eu-central-1"
size = "economy"
network.cidr = "10.10.0.0/16"
# Developers try their own images beside this stage: `deploy dev --preview NAME`.
previews.enabled = true

[stages.test]
region = "eu-central-1"
size = "standard"
network.cidr = "10.20.0.0/16"

[stages.prod]
region = "eu-central-1"
size = "resilient"
network.cidr = "10.30.0.0/16"
service.time_zone = "Europe/Berlin"
# Copies of backups, from which `python -m notejam_cfn failover` starts when the region is gone.
backups.copy_region = "eu-west-1"
# Every stage is served over HTTPS at an address of CloudFront's. At a name of your own, given its Route 53 zone:
# the certificate and the records are made for you.
# load_balancer.domain = "notes.example.com"
# load_balancer.hosted_zone_id = "Z0123456789ABC"
"""
