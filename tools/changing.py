"""Write docs/changing.md: what changing each setting of notejam.toml does to a stage that is deployed.

    python tools/changing.py            plans every change from the templates, and writes the page
    python tools/changing.py --check    ends with 1 when the page is not what the templates say

A test carries the changes out in the emulator and compares what happens with these plans.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from notejam_cfn.build.manifest import entry, text
from notejam_cfn.config.loader import ConfigError, parse
from notejam_cfn.config.settings import EGRESS, DeliverySettings, Stage
from notejam_cfn.core import names
from notejam_cfn.core.render import compact_json
from notejam_cfn.deploy.manifest import FILE_NAME, Manifest, read
from notejam_cfn.deploy.plan import two_steps
from notejam_cfn.deploy.plan.changes import Action, StackChange, compare
from notejam_cfn.deploy.plan.effects.findings import Verdict
from notejam_cfn.deploy.plan.effects.verdicts import Judged, judge
from notejam_cfn.deploy.stacks.templates import Template
from notejam_cfn.stacks import layers_of_stage
from notejam_cfn.stacks.delivery import delivery_stacks

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "changing.md"
STAGE, DELIVERY = "dev", "delivery"
IMAGE = "rehearsal.example/notejam@sha256:" + "0" * 64
Settings = Mapping[str, Any]
"""Values by setting: `network.zones`, or `delivery.branch`."""
REGION, AWAY = "eu-central-1", "eu-west-1"
# The stage that is changed: one in which every setting matters to something.
BASE: dict[str, Any] = {
    "region": REGION,
    "size": "standard",
    "backups.copy_region": AWAY,
    "backups.lock": True,
    "backups.object_lock": True,
    "load_balancer.domain": "notes.example.com",
    "load_balancer.hosted_zone_id": "Z0123456789ABC",
    "load_balancer.waf": True,
    "monitoring.email": "ada@example.com",
    "monitoring.monthly_budget_usd": 250,
    "service.busy_min_tasks": 3,
    "delivery.source": "codeconnections",
    "delivery.repository": "example/notejam",
    "delivery.notify": "ada@example.com",
}
NO_DOMAIN = {"load_balancer.domain": "", "load_balancer.hosted_zone_id": ""}
# What another value is where none follows from the kind of setting, and what else has to change with it.
VALUES: dict[str, list[dict[str, Any]]] = {
    "region": [],
    "account": [],
    "size": [],
    "network.cidr": [{"network.cidr": "10.99.0.0/16"}],
    "network.zones": [{"network.zones": 2}],
    "network.egress": [{"network.egress": each} for each in EGRESS if each != "nat"],
    "database.engine_version": [{"database.engine_version": each} for each in ("17.8", "18.3")],
    "database.database_name": [{"database.database_name": "notes"}],
    "load_balancer.domain": [{"load_balancer.domain": "other.example.com"}, NO_DOMAIN],
    "load_balancer.more_domains": [{"load_balancer.more_domains": "www.example.com"}],
    "load_balancer.hosted_zone_id": [{"load_balancer.hosted_zone_id": "Z9876543210XYZ"}],
    "load_balancer.certificate_arn": [
        {
            "load_balancer.hosted_zone_id": "",
            "load_balancer.certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/one",
        }
    ],
    "service.name": [{"service.name": "Notes"}],
    "service.image": [{"service.image": "registry.example/notejam@sha256:" + "1" * 64}],
    "service.cpu_units": [{"service.cpu_units": 512, "service.memory_mib": 1024}],
    "service.memory_mib": [{"service.memory_mib": 1024}],
    "service.health_path": [{"service.health_path": "/health"}],
    "service.host": [{"service.host": "notes.example.com"}],
    "service.path_pattern": [{"service.path_pattern": "/notes/*"}],
    "service.priority": [{"service.priority": 1001}],
    "service.sleep_after_minutes": [
        {"service.sleep_after_minutes": 60, "service.min_tasks": 0, "service.busy_min_tasks": 0}
    ],
    "service.busy_days": [{"service.busy_days": "MON-SAT"}],
    "service.time_zone": [{"service.time_zone": "Europe/Berlin"}],
    "monitoring.metrics_namespace": [{"monitoring.metrics_namespace": "Notes"}],
    "service.mail_from": [{"service.mail_from": "notes@example.com"}],
    "backups.deletable": [{"backups.deletable": True, "backups.lock": False}],
    "backups.monthly_retention_days": [{"backups.monthly_retention_days": 1500}],
    "backups.export": [{"backups.export": False, "backups.object_lock": False}],
    "backups.lock_grace_days": [{"backups.lock_grace_days": 30}],
    "backups.copy_region": [{"backups.copy_region": ""}],
    "monitoring.email": [{"monitoring.email": "bob@example.com"}, {"monitoring.email": ""}],
    "monitoring.runbook_url": [{"monitoring.runbook_url": "https://wiki.example.com/runbook"}],
    "delivery.region": [],
    "delivery.account": [],
    "delivery.source": [{"delivery.source": "codecommit"}, {"delivery.source": "s3"}],
    "delivery.git_host": [{"delivery.git_host": "GitLab"}],
    "delivery.repository": [{"delivery.repository": "example/other"}],
    "delivery.connection_arn": [
        {"delivery.connection_arn": f"arn:aws:codeconnections:{REGION}:123456789012:connection/1"}
    ],
    "delivery.branch": [{"delivery.branch": "trunk"}],
    "delivery.ignored_paths": [{"delivery.ignored_paths": ""}],
    "delivery.notify": [{"delivery.notify": ""}],
}
SIZE_CHANGES = (("economy", "standard"), ("standard", "resilient"), ("economy", "resilient"))


@dataclasses.dataclass(frozen=True)
class SettingChange:
    """A change of one setting, and of what has to change with it."""

    setting: str
    old: Settings
    new: Settings

    @property
    def part(self) -> str:
        """What is deployed: the stage, or the pipeline."""
        return DELIVERY if self.setting.startswith(f"{DELIVERY}.") else STAGE

    @property
    def words(self) -> tuple[str, str]:
        """The values, as the page shows them."""
        return _value(effective(self.old, self.setting)), _value(effective(self.new, self.setting))


def settings() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """Yield every setting of notejam.toml by name: `size`, `network.zones`, `delivery.branch`."""
    for field in dataclasses.fields(Stage):
        part = field.default_factory
        if field.name in ("name", "project"):
            continue
        if part is dataclasses.MISSING:
            yield field.name, field
        else:
            yield from ((f"{field.name}.{each.name}", each) for each in dataclasses.fields(part))  # type: ignore[arg-type]
    for field in dataclasses.fields(DeliverySettings):
        yield f"{DELIVERY}.{field.name}", field


def changes() -> Iterator[SettingChange]:
    """Yield a change of every setting, those of a stage's size first."""
    for small, large in SIZE_CHANGES:
        yield SettingChange("size", {"region": REGION, "size": small}, {"region": REGION, "size": large})
    for name, field in settings():
        old = BASE
        others = VALUES[name] if name in VALUES else [{name: _other(field, effective(old, name), old, name)}]
        for new in others:
            yield SettingChange(name, old, old | new)


def touches_others(change: SettingChange, others: Sequence[SettingChange]) -> bool:
    """Tell whether another change of the same setting, or one that changes it besides, is among some changes."""
    keys = {key for key, value in change.new.items() if change.old.get(key) != value}
    return any(
        other is not change and keys & {key for key, value in other.new.items() if other.old.get(key) != value}
        for other in others
    )


def effective(given: Settings, name: str) -> Any:
    """Return the value that a setting has in a configuration."""
    project = parse(document(given))
    found: Any = project if name.startswith(f"{DELIVERY}.") else project.stages[0]
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _other(field: dataclasses.Field[Any], value: Any, old: Settings, name: str) -> Any:
    """Return another value of a setting: the opposite, the next one, one more or less."""
    allowed = str(field.metadata["allowed"]).split(", ")
    if isinstance(value, bool):
        return not value
    if str(value) in allowed:
        return type(value)(next(each for each in reversed(allowed) if each != str(value)))
    numbers = (value + 1, value - 1) if isinstance(value, int | float) else ()
    for each in numbers:
        with contextlib.suppress(ConfigError):
            parse(document({**old, name: each}))
            return each
    raise SystemExit(f"{name} has another value than {value!r} to be changed to: add it to VALUES")


def document(settings: Settings) -> dict[str, Any]:
    """Return the settings as notejam.toml has them."""
    stage: dict[str, Any] = {}
    document: dict[str, Any] = {"project": {"name": "notejam"}, "stages": {STAGE: stage}}
    for name, value in settings.items():
        *parts, last = name.split(".")
        place = document if parts[:1] == [DELIVERY] else stage
        for each in parts:
            place = place.setdefault(each, {})
        place[last] = value
    return document


@dataclasses.dataclass(frozen=True)
class Built:
    """A configuration, built: its stacks and their templates by name."""

    manifest: Manifest
    templates: Mapping[str, Template]


class Builder:
    """Builds configurations of one stage; what was built or judged once is kept."""

    def __init__(self) -> None:
        self._built: dict[str, Built] = {}
        self._judged: dict[str, tuple[Judged, ...]] = {}
        self._templates: dict[str, Template] = {}

    def build(self, settings: Settings, part: str = STAGE) -> Built:
        """Build the stage, or the pipeline, with these settings."""
        key = _key(part, settings)
        if key not in self._built:
            self._built[key] = self._build(settings, part)
        return self._built[key]

    def judged(self, old: Settings, new: Settings, part: str = STAGE) -> tuple[Judged, ...]:
        """Return what a change of settings means, from the templates alone."""
        key = _key(part, old, new)
        if key not in self._judged:
            self._judged[key] = _judged(self.build(old, part), self.build(new, part), part)
        return self._judged[key]

    def _build(self, settings: Settings, part: str) -> Built:
        """Build what is deployed of a part: the pipeline, with the network that it reads, or the layers of a stage."""
        project = parse(document(settings))
        layers = layers_of_stage(project.stages[0])
        networks = [layer for layer in layers if layer.layer == names.NETWORK]
        stacks = [*networks, *delivery_stacks(project, layers)] if part == DELIVERY else layers
        bodies = {one.name: one.template.to_dict() for one in stacks}
        texts = {name: compact_json(body) for name, body in bodies.items()}
        entries = [entry(one, f"{one.path}.json", texts[one.name], bodies[one.name]) for one in stacks]
        with tempfile.TemporaryDirectory(prefix="changing-") as folder:
            Path(folder, FILE_NAME).write_text(text(project, entries), encoding="utf-8")
            return Built(read(Path(folder)), {name: self._template(texts[name], bodies[name]) for name in bodies})

    def _template(self, text: str, body: Mapping[str, Any]) -> Template:
        """Return the template; the same one for each configuration in which a stack says the same."""
        return self._templates.setdefault(text, Template(body))


def _key(part: str, *settings: Settings) -> str:
    return repr((part, *(sorted(each.items()) for each in settings)))


def _judged(before: Built, after: Built, part: str) -> tuple[Judged, ...]:
    now = {
        (name, output): f"{name}/{output}"
        for name, template in before.templates.items()
        for output in template.document.get("Outputs", {})
    }
    image = {"ImageUri": IMAGE}
    sides = [
        StackChange(
            name=stack.name,
            layer=stack.layer,
            new=after.templates[stack.name].document,
            new_values={**_defaults(after.templates[stack.name]), **stack.values, **image},
            old=before.templates[stack.name].document if stack.name in before.templates else None,
            old_values=image,
        )
        for stack in after.manifest.stacks_of(part)
    ]
    comparison = compare(sides, now)
    return judge(comparison, {}, two_steps.removed_last(comparison))


def _defaults(template: Template) -> dict[str, str]:
    return {name: str(body.get("Default", "")) for name, body in template.document.get("Parameters", {}).items()}


def page(builder: Builder) -> str:
    """Return the text of docs/changing.md."""
    rows = [row for change in changes() for row in _rows(change, builder)]
    return INTRODUCTION + "\n".join(["| setting | from | to | what it does |", "|---|---|---|---|", *rows]) + CLOSING


def _rows(change: SettingChange, builder: Builder) -> Iterator[str]:
    there = builder.judged(change.old, change.new, change.part)
    back = builder.judged(change.new, change.old, change.part)
    old, new = change.words
    yield f"| `{change.setting}` | {old} | {new} | {said(there)} |"
    if said(back) != said(there):
        yield f"| | {new} | {old} | {said(back)} |"


def said(judged: Sequence[Judged]) -> str:
    """Say in a line what changes mean: each verdict once, the worst first, with a reason."""
    findings = sorted((f for each in judged for f in each.findings if f.reason), key=lambda each: each.weight)
    told: dict[str, str] = {}
    for finding in findings:
        word = finding.verdict.value
        if finding.verdict is not Verdict.NOTHING and word not in told:
            strong = f"**{word}**" if finding.refused else word
            told[word] = f"{strong}: {finding.reason}"
    if told:
        return "; ".join(told.values()).replace("|", "\\|")
    if not judged:
        return "nothing in these stacks"
    replaced = sum(each.change.action in (Action.REPLACE, Action.MAYBE_REPLACE) for each in judged)
    return f"nothing that anyone notices ({len(judged)} resources, {replaced} of them made anew)"


def _value(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text else "empty"


INTRODUCTION = """\
# Changing a setting of a stage that is deployed

Change the line in notejam.toml, then `python -m notejam_cfn build` and `python -m notejam_cfn deploy STAGE`: it shows
the plan and asks. What is **bold** below is refused unless it is allowed by name (`--allow LAYER.ID`, which the refusal
spells out). This page is written by `tools/changing.py` from the same plans, for a stage of the size `standard` with
everything turned on; a test carries every change out in the emulator, there and back, and compares.

"""
CLOSING = """

`region` and `account` of a stage that is deployed: it comes up anew in the other place, and the stacks in the old one
stay and are paid for. `deploy` shows them; `python -m notejam_cfn failover` brings the data along.
`delivery.region` and `delivery.account`: the delivery comes up anew there too; what does not come along is in
[delivery.md](delivery.md#when-a-stage-or-the-pipeline-has-moved).
"""


def main(given: list[str] | None = None) -> int:
    """Write or check the page, and return the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/changing.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when the page is out of date")
    asked = parser.parse_args(given)
    text = page(Builder())
    if not asked.check:
        TARGET.write_text(text, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != text:
        print(f"{TARGET.relative_to(ROOT)} is out of date; run: python {Path(__file__).relative_to(ROOT)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
