"""What a stage's vault holds, and backups beyond the plan's."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ..aws.client import Aws, Pause
from ..exit_codes import BadInput, Interrupted, RolledBack
from ..manifest import StackSpec

DATABASE, BACKUPS = "database", "backups"
ENDED = frozenset({"COMPLETED", "FAILED", "ABORTED", "EXPIRED", "PARTIAL"})
SECONDS_BETWEEN_LOOKS = 30.0
LIST_POINTS = "See whether it is there: python -m notejam_cfn backups STAGE"
GIB = 1024**3


@dataclasses.dataclass(frozen=True)
class RecoveryPoint:
    """A snapshot that can be restored."""

    arn: str
    made: datetime
    until: datetime | None
    status: str
    tier: str
    bytes: int

    @property
    def usable(self) -> bool:
        """Whether it can be restored now."""
        return self.status in ("COMPLETED", "AVAILABLE")

    def age(self, now: datetime) -> timedelta:
        """How old it is."""
        return now - self.made


@dataclasses.dataclass(frozen=True)
class Window:
    """The time of which every second can be recovered."""

    earliest: datetime
    latest: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return self.earliest <= moment <= self.latest


@dataclasses.dataclass(frozen=True)
class Facts:
    """Where a stage's database and its backups are, read from the outputs of its stacks."""

    region: str
    cluster_id: str
    cluster_arn: str
    vault_name: str
    role_arn: str
    export_arn: str | None = None


def facts(aws: Aws, stacks: Sequence[StackSpec]) -> Facts:
    """Read where things are. Raises BadInput when the stage has no database or backups yet."""
    database, backups = (_outputs(aws, stacks, layer) for layer in (DATABASE, BACKUPS))
    return Facts(
        region=of_layer(stacks, DATABASE).region,
        cluster_id=database["ClusterId"],
        cluster_arn=database["ClusterArn"],
        vault_name=backups["VaultName"],
        role_arn=backups["RoleArn"],
        export_arn=backups.get("ExportArn"),
    )


def turned_on(aws: Aws, region: str) -> bool:
    """Whether AWS Backup looks after Aurora in a region. Where it does not, plans select no cluster, and nothing fails.

    Source: AWS Backup Developer Guide, "Getting started", on service opt-in.
    """
    settings = aws.call("backup", region, "describe_region_settings")["ResourceTypeOptInPreference"]
    return bool(settings.get("Aurora", True))


def turn_on(region: str) -> str:
    """Return the command that lets AWS Backup look after Aurora in a region."""
    return f"aws backup update-region-settings --region {region} --resource-type-opt-in-preference Aurora=true"


def recovery_points(aws: Aws, region: str, vault: str) -> list[RecoveryPoint]:
    """List what a vault holds, newest first."""
    method = "list_recovery_points_by_backup_vault"
    points = map(_point, aws.items("backup", region, method, "RecoveryPoints", BackupVaultName=vault))
    return sorted(points, key=lambda point: point.made, reverse=True)


def window(aws: Aws, region: str, cluster_id: str) -> Window | None:
    """Return the time of which any second can be recovered, or None when the cluster is too young."""
    found = aws.database(region, cluster_id)
    earliest, latest = found.get("EarliestRestorableTime"), found.get("LatestRestorableTime")
    return Window(_utc(earliest), _utc(latest)) if earliest and latest else None


def oldest(points: Iterable[RecoveryPoint], seconds: Window | None) -> datetime | None:
    """Return the oldest moment that can be recovered."""
    moments = [point.made for point in points if point.usable]
    return min([*moments, *([seconds.earliest] if seconds else [])], default=None)


def take(aws: Aws, known: Facts, retention_days: int) -> str:
    """Take a snapshot now, wait for it, and return its ARN.

    Raises RolledBack when it fails, and Interrupted when the person no longer waits.
    """
    job = aws.call(
        "backup",
        known.region,
        "start_backup_job",
        BackupVaultName=known.vault_name,
        ResourceArn=known.cluster_arn,
        IamRoleArn=known.role_arn,
        Lifecycle={"DeleteAfterDays": retention_days},
        RecoveryPointTags={"schedule": "on-demand"},
    )["BackupJobId"]
    pause = Pause(1.0, SECONDS_BETWEEN_LOOKS)
    try:
        while (state := aws.call("backup", known.region, "describe_backup_job", BackupJobId=job))["State"] not in ENDED:
            pause.take()
    except KeyboardInterrupt:
        raise Interrupted("interrupted; AWS goes on with the backup", LIST_POINTS) from None
    if state["State"] != "COMPLETED":
        raise RolledBack(
            f"the backup {job} ended {state['State']}: {state.get('StatusMessage', 'AWS gives no reason')}",
            "Look at docs/runbook.md#backup-failed",
        )
    return str(state["RecoveryPointArn"])


def require_exports(known: Facts) -> str:
    """Return the state machine that exports snapshots. Raises BadInput where nothing is exported."""
    if known.export_arn is None:
        raise BadInput(
            "this stage exports no snapshots",
            "Set backups.export in notejam.toml where the region can export, then build and deploy",
        )
    return known.export_arn


def export(aws: Aws, known: Facts, snapshot_arn: str) -> str:
    """Begin to export a snapshot to S3, and return the execution's ARN. Raises BadInput where nothing is exported."""
    machine, given = require_exports(known), json.dumps({"snapshot": snapshot_arn})
    started = aws.call("stepfunctions", known.region, "start_execution", stateMachineArn=machine, input=given)
    return str(started["executionArn"])


def table(points: Sequence[RecoveryPoint], now: datetime) -> list[str]:
    """Return the lines of a table for people: when made, how old, until when, in which tier, how large."""
    lines = [f"{'made (UTC)':16}  {'age':>9}  {'kept until':10}  {'tier':10}  {'size':>9}  what"]
    for point in points:
        made, age = point.made.strftime("%Y-%m-%d %H:%M"), age_words(point.age(now))
        until = point.until.date().isoformat() if point.until else "for ever"
        size = f"{point.bytes / GIB:,.1f} GiB"
        what = point.arn.rpartition("cluster-snapshot:")[2]
        ready = "" if point.usable else f" ({point.status.lower()})"
        lines.append(f"{made:16}  {age:>9}  {until:10}  {point.tier:10}  {size:>9}  {what}{ready}")
    return lines


def document(point: RecoveryPoint, now: datetime) -> dict[str, Any]:
    """Return a recovery point for programs."""
    return dataclasses.asdict(point) | {"age_days": round(point.age(now) / timedelta(days=1), 2)}


def age_words(age: timedelta) -> str:
    """Say an age in its largest unit: `3 days`, `5 hours`, `12 min`."""
    if age >= timedelta(days=2):
        return f"{age.days} days"
    hours = age // timedelta(hours=1)
    return f"{hours} hours" if hours >= 2 else f"{age // timedelta(minutes=1)} min"


def of_layer(stacks: Sequence[StackSpec], layer: str) -> StackSpec:
    """Return the stack of a layer. Raises BadInput when there is none, as after `--only`."""
    found = next((stack for stack in stacks if stack.layer == layer), None)
    if found is None:
        raise BadInput(f"there is no {layer} stack", "Leave --only out, or run: python -m notejam_cfn build")
    return found


def _outputs(aws: Aws, stacks: Sequence[StackSpec], layer: str) -> Mapping[str, str]:
    stack = of_layer(stacks, layer)
    state = aws.stack(stack.region, stack.name)
    if state is None:
        raise BadInput(
            f"{stack.name} is not deployed in {stack.region}", f"Run: python -m notejam_cfn deploy {stack.stage}"
        )
    return state.outputs


def _point(raw: Mapping[str, Any]) -> RecoveryPoint:
    expires = raw.get("CalculatedLifecycle", {}).get("DeleteAt")
    return RecoveryPoint(
        arn=raw["RecoveryPointArn"],
        made=_utc(raw["CreationDate"]),
        until=_utc(expires) if expires else None,
        status=raw["Status"],
        tier="cold" if raw.get("CalculatedLifecycle", {}).get("MoveToColdStorageAt") else "warm",
        bytes=int(raw.get("BackupSizeInBytes", 0)),
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
