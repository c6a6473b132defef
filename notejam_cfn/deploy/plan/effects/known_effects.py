"""What a change means where no schema says it: a table by resource type, each row with its source."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

from ...data.engine_version import version_numbers
from ..changes import GOING, REPLACING, Action, ResourceChange
from ..differences import at
from .findings import Finding, Verdict
from .resource_facts import touches

ECS, ELB, RDS = "AWS::ECS::", "AWS::ElasticLoadBalancingV2::", "AWS::RDS::"
NUMBER = re.compile(r"\d+(\.\d+)?$")


Judge = Callable[[Any, Any], Finding | None]


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: what it means when this property of this type changes, or what judges that.

    A judge gets the old and the new value.
    """

    type: str
    property: str
    effect: Finding | Judge


def of(change: ResourceChange) -> Iterator[Finding]:
    """Yield what is known of a change."""
    if change.action is Action.CHANGE and change.old and change.new:
        for row in ROWS:
            if row.type == change.type and any(touches(path, row.property) for path in change.properties):
                old, new = (at(side.properties, row.property) for side in (change.old, change.new))
                found = row.effect if isinstance(row.effect, Finding) else row.effect(old, new)
                if found:
                    yield found
    elif change.action in GOING:
        going = WHEN_REPLACED if change.action in REPLACING else WHEN_REMOVED
        effect = going.get(change.type)
        if effect:
            yield effect if isinstance(effect, Finding) else effect(change)


def _shorter(what: str, source: str) -> Judge:
    """Say that data goes at once when it is kept for a shorter time than before; a missing number is for ever."""

    def judge(old: Any, new: Any) -> Finding | None:
        before, after = _number(old), _number(new)
        if after is None or (before is not None and before <= after):
            return None
        return Finding(Verdict.DATA_LOST, f"{what} older than {after:g} days go at once", source)

    return judge


def _engine(old: Any, new: Any) -> Finding | None:
    if old is None or new is None:
        return None
    before, after = version_numbers(str(old)), version_numbers(str(new))
    shared = min(len(before), len(after))
    if before[:shared] == after[:shared] and len(after) < len(before):
        return None  # the major version alone names the minor one there is as well
    source = 'Amazon Aurora User Guide, "Upgrading Amazon Aurora PostgreSQL DB clusters"'
    if after[:shared] < before[:shared]:
        return Finding(Verdict.WILL_FAIL, f"a database cannot go back from {old} to {new}", source)
    if after[0] > before[0]:
        reason = f"from {old} to {new} is a major upgrade: at once, for minutes, and with no way back but a restore"
        return Finding(Verdict.DOWNTIME, reason, source)
    return Finding(Verdict.RESTART, f"the database restarts with {new}; connections are cut", source)


def _insights_left_out(old: Any, new: Any) -> Finding | None:
    """Say that leaving the property out changes nothing: it keeps the value it has."""
    if new is None and str(old).lower() == "true":
        return Finding(Verdict.IGNORED, "Performance Insights stays on: only the value false turns it off")
    return None


def _object_lock(old: Any, new: Any) -> Finding | None:
    if str(old).lower() == "true" and str(new).lower() != "true":
        return Finding(Verdict.WILL_FAIL, "S3 Object Lock cannot be turned off again", _S3_LOCK)
    return None


def _vault_lock(old: Any, new: Any) -> Finding | None:
    if new is not None and at(new, "ChangeableForDays"):
        reason = f"the lock holds for ever, {at(new, 'ChangeableForDays')} days from now"
        return Finding(Verdict.NOTHING, reason, _VAULT_LOCK)
    if old is not None and at(old, "ChangeableForDays"):
        reason = "a lock cannot change any more once its days of grace are over"
        return Finding(Verdict.WILL_FAIL, reason, _VAULT_LOCK, advisory=True)
    return None


def _expires_sooner(old: Any, new: Any) -> Finding | None:
    """Compare the rules of a bucket by their ids."""
    before = {rule.get("Id"): _number(rule.get("ExpirationInDays")) for rule in (old or {}).get("Rules", ())}
    for rule in (new or {}).get("Rules", ()):
        after, was = _number(rule.get("ExpirationInDays")), before.get(rule.get("Id"))
        if after is not None and (was is None or after < was):
            return Finding(Verdict.DATA_LOST, f"objects older than {after:g} days go within a day", _S3_EXPIRY)
    return None


def _health_path(old: Any, new: Any) -> Finding:
    reason = f"running tasks are asked for {new} at once: those that do not know it are taken out"
    return Finding(Verdict.DOWNTIME, reason, 'Elastic Load Balancing User Guide, "Health checks for ALB target groups"')


def _removed_record(change: ResourceChange) -> Finding:
    name = _plain(change.old.properties.get("Name")) if change.old else ""
    return Finding(Verdict.DOWNTIME, f"nobody finds {name} any more", 'Route 53, "Deleting records"')


def _replaced_cluster(change: ResourceChange) -> Finding:
    assert change.new
    snapshot = change.new.properties.get("SnapshotIdentifier")
    if snapshot:
        return Finding(Verdict.DOWNTIME, f"a new database starts from {_plain(snapshot)}; the application waits for it")
    return Finding(Verdict.DATA_LOST, "the new database starts empty: what is in the old one is out of reach")


_AURORA_READERS = 'Amazon Aurora User Guide, "Deleting Aurora DB clusters and DB instances"'
_S3_LOCK = 'Amazon S3 User Guide, "Locking objects with Object Lock"'
_S3_EXPIRY = 'Amazon S3 User Guide, "Expiring objects"'
_VAULT_LOCK = 'AWS Backup Developer Guide, "AWS Backup Vault Lock"'
_LOGS = "CloudWatch Logs API, PutRetentionPolicy"
_ROLLING = 'Amazon ECS Developer Guide, "Deploy Amazon ECS services by replacing tasks"'
ROLLS = Finding(Verdict.RESTART, "tasks are replaced one after the other; no request is lost", _ROLLING)
ROWS = (
    Row(f"{RDS}DBCluster", "EngineVersion", _engine),
    Row(f"{RDS}DBCluster", "BackupRetentionPeriod", _shorter("restore points", "RDS API, ModifyDBCluster")),
    Row(f"{RDS}DBCluster", "PerformanceInsightsEnabled", _insights_left_out),
    Row(f"{RDS}DBInstance", "EnablePerformanceInsights", _insights_left_out),
    Row(
        f"{RDS}DBCluster",
        "NetworkType",
        Finding(Verdict.RESTART, "the database's addresses change; connections are cut"),
    ),
    Row(f"{RDS}DBInstance", "DBInstanceClass", Finding(Verdict.DOWNTIME, "the instance restarts with its new size")),
    Row("AWS::Logs::LogGroup", "RetentionInDays", _shorter("records", _LOGS)),
    Row("AWS::S3::Bucket", "LifecycleConfiguration", _expires_sooner),
    Row("AWS::S3::Bucket", "ObjectLockEnabled", _object_lock),
    Row("AWS::Backup::BackupVault", "LockConfiguration", _vault_lock),
    Row(f"{ELB}TargetGroup", "HealthCheckPath", _health_path),
    Row(f"{ECS}Service", "TaskDefinition", ROLLS),
    Row(f"{ECS}Service", "NetworkConfiguration", ROLLS),
    Row(f"{ECS}Service", "LoadBalancers", ROLLS),
    Row(f"{ECS}Service", "CapacityProviderStrategy", ROLLS),
)
WHEN_REMOVED: dict[str, Finding | Callable[[ResourceChange], Finding]] = {
    "AWS::Route53::RecordSet": _removed_record,
    f"{ECS}Service": Finding(Verdict.DOWNTIME, "its tasks stop"),
    f"{RDS}DBInstance": Finding(Verdict.RESTART, "connections to it are cut; the others go on", _AURORA_READERS),
}
WHEN_REPLACED: dict[str, Finding | Callable[[ResourceChange], Finding]] = {
    f"{RDS}DBCluster": _replaced_cluster,
    f"{ELB}TargetGroup": Finding(
        Verdict.DOWNTIME,
        "requests go to a new, empty target group until the new tasks are healthy: answers of 503 for some minutes",
        'Elastic Load Balancing User Guide, "Troubleshoot your Application Load Balancers", HTTP 503',
    ),
    f"{ELB}LoadBalancer": Finding(Verdict.DOWNTIME, "its address becomes another one; the old one ends"),
    "AWS::CloudFront::Distribution": Finding(Verdict.DOWNTIME, "its address becomes another one"),
    f"{RDS}DBInstance": Finding(Verdict.DOWNTIME, "the database fails over to the new instance"),
    "AWS::EC2::NatGateway": Finding(Verdict.RESTART, "connections to the outside are cut once"),
    "AWS::EC2::EIP": Finding(Verdict.NOTHING, "calls to the outside come from another address"),
    f"{ECS}Service": Finding(Verdict.RESTART, "a new service takes over before the old one ends"),
    "AWS::Route53::RecordSet": Finding(Verdict.NOTHING, "its name becomes another one"),
}


def _number(value: Any) -> float | None:
    return float(value) if NUMBER.match(str(value)) else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else "what it names"
