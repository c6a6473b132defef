"""Restores a database: finds what to start from, shows the plan, and lets CloudFormation do it.

The database stack restores a snapshot that its parameter `SnapshotIdentifier` names, into a cluster of the next
generation; everything that reads the endpoint follows. A moment between snapshots is made into a snapshot first: into a
cluster without instances, which costs its storage for as long as that takes. So there is one way in, and the template
always says what its database was made from.

CloudFormation would remove the old cluster. Before it can, the deployed template is changed to keep it (`Retain`): that
costs its storage, and no instances. It stays until `--discard-old`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..render import compact_json, load
from .aws import Aws, Pause
from .backups import DATABASE, Facts, RecoveryPoint, Window, age_words
from .exits import AwsTrouble, BadInput, Refused, RolledBack
from .manifest import Planned

CLUSTER = "AWS::RDS::DBCluster"
SNAPSHOT, GENERATION = "SnapshotIdentifier", "ClusterGeneration"
KEPT_TAG = {"Key": "component", "Value": "database-kept"}
SECONDS_BETWEEN_LOOKS = 20.0
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Source:
    """What a restore starts from. A `moment` between snapshots still has to be made into one."""

    snapshot: str | None
    moment: datetime
    wanted: datetime

    @property
    def exact(self) -> bool:
        """Whether it is what was asked for, and not the nearest before it."""
        return self.snapshot is None or self.moment == self.wanted


@dataclasses.dataclass(frozen=True)
class Kept(Planned):
    """A database stack as it is built, but for one thing: whatever happens to it, its clusters stay."""

    def text(self) -> str:
        """Return the built template with `Retain` on every cluster."""
        document = load(super().text())
        for body in document["Resources"].values():
            if body["Type"] == CLUSTER:
                body["DeletionPolicy"] = body["UpdateReplacePolicy"] = "Retain"
        return compact_json(document)


def choose(asked: str, points: Sequence[RecoveryPoint], seconds: Window | None, now: datetime) -> Source:
    """Find what to restore: `latest`, a time, or a snapshot's name or ARN.

    A time within the window of point-in-time recovery is restored to the second; an older one from the last snapshot
    before it. Raises BadInput when there is nothing.
    """
    if asked == "latest":
        return _latest(points, seconds, now)
    moment = _moment(asked)
    if moment is None:
        return Source(asked, now, now)
    if moment > now:
        raise BadInput(f"{asked} is in the future")
    if seconds and seconds.holds(moment):
        return Source(None, moment, moment)
    if seconds and moment > seconds.latest:
        raise BadInput(f"{asked} cannot be recovered yet", f"The latest moment is {_words(seconds.latest)}")
    return _before(moment, points)


def plan(source: Source, known: Facts, generation: str, now: datetime) -> list[str]:
    """Say in plain words what a restore in place does."""
    after = str(int(generation) + 1)
    start = [f"snapshot {source.snapshot}"] if source.snapshot else [f"the second {_words(source.moment)}"]
    if not source.exact:
        start.append(f"(the last one before {_words(source.wanted)})")
    lost = f"what was written since is left behind in the old cluster: {age_words(now - source.moment)}"
    first = (
        [] if source.snapshot else ["restore that second into a cluster without instances, and take a snapshot of it"]
    )
    steps = [
        *first,
        f"keep the old cluster {known.cluster_id}, without instances, until --discard-old",
        f"make a cluster of generation {after} from the snapshot; the application waits meanwhile",
        "give the application the new address and password, and replace its tasks",
        f"back up the new cluster; {lost}",
    ]
    return [f"Restore from {' '.join(start)}:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]


def parameters(snapshot: str, generation: str) -> tuple[str, ...]:
    """Return what the database stack is told, as deploy.py's --parameter takes it."""
    return (f"{SNAPSHOT}={snapshot}", f"{GENERATION}={int(generation) + 1}")


def keeping(stacks: Sequence[Planned]) -> tuple[Planned, ...]:
    """Return the stacks with the database stack's clusters kept."""
    return tuple(_kept(stack) if stack.layer == DATABASE else stack for stack in stacks)


def snapshot_of(aws: Aws, known: Facts, moment: datetime, say: Say, pause: Pause | None = None) -> str:
    """Make a snapshot of the database as it was at a moment, and return its name. Continues where it was left.

    Raises RolledBack when AWS gives up.
    """
    pause = pause or Pause(1.0, SECONDS_BETWEEN_LOOKS)
    name = f"{known.cluster_id}-at-{moment.strftime('%Y%m%d%H%M%S')}"
    if _status(aws, known.region, "snapshot", name) is None:
        _clone(aws, known, moment, name, say)
        _wait(aws, known.region, "cluster", name, pause)
        say(f"taking the snapshot {name}")
        aws.call(
            "rds",
            known.region,
            "create_db_cluster_snapshot",
            DBClusterSnapshotIdentifier=name,
            DBClusterIdentifier=name,
        )
    _wait(aws, known.region, "snapshot", name, pause)
    if _status(aws, known.region, "cluster", name) is not None:
        aws.call("rds", known.region, "delete_db_cluster", DBClusterIdentifier=name, SkipFinalSnapshot=True)
    return name


def mark_kept(aws: Aws, known: Facts) -> None:
    """Tag the old cluster, so that plans no longer back it up and people see what it is."""
    aws.call("rds", known.region, "add_tags_to_resource", ResourceName=known.cluster_arn, Tags=[KEPT_TAG])


def kept_clusters(aws: Aws, region: str, stack_name: str, current: str) -> list[str]:
    """Return the older clusters of a database stack that restores have kept."""
    pages = aws.pages("rds", region, "describe_db_clusters")
    names = [raw["DBClusterIdentifier"] for page in pages for raw in page["DBClusters"]]
    return sorted(name for name in names if re.fullmatch(rf"{re.escape(stack_name)}-\d+", name) and name != current)


def discard(aws: Aws, region: str, cluster: str, now: datetime) -> str:
    """Delete a kept cluster, leaving a last snapshot of it, whose name is returned. Raises Refused while it serves."""
    found = aws.call("rds", region, "describe_db_clusters", DBClusterIdentifier=cluster)["DBClusters"][0]
    if found.get("DBClusterMembers"):
        raise Refused(f"{cluster} has instances: it is in use")
    last = f"{cluster}-last-{now.strftime('%Y%m%d%H%M%S')}"
    aws.call(
        "rds",
        region,
        "modify_db_cluster",
        DBClusterIdentifier=cluster,
        DeletionProtection=False,
        ApplyImmediately=True,
    )
    aws.call("rds", region, "delete_db_cluster", DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=last)
    return last


def _kept(stack: Planned) -> Kept:
    return Kept(**{field.name: getattr(stack, field.name) for field in dataclasses.fields(stack)})


def _latest(points: Sequence[RecoveryPoint], seconds: Window | None, now: datetime) -> Source:
    if seconds:
        return Source(None, seconds.latest, seconds.latest)
    return _before(now, points)


def _before(moment: datetime, points: Sequence[RecoveryPoint]) -> Source:
    found = [point for point in points if point.usable and not point.continuous and point.made <= moment]
    if not found:
        raise BadInput(f"nothing is left of {_words(moment)}", "List what there is: python scripts/backups.py STAGE")
    newest = max(found, key=lambda point: point.made)
    return Source(newest.arn, newest.made, moment)


def _moment(asked: str) -> datetime | None:
    """Return the moment that a text such as 2026-11-23T14:05 names, in UTC unless it says otherwise; None if none."""
    if not re.match(r"\d{4}-\d{2}-\d{2}", asked):
        return None
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError as error:
        raise BadInput(f"{asked!r} is not a time such as 2026-11-23T14:05, in UTC") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _clone(aws: Aws, known: Facts, moment: datetime, name: str, say: Say) -> None:
    if _status(aws, known.region, "cluster", name) is not None:
        return
    say(f"restoring {_words(moment)} into {name}, without instances")
    old = aws.call("rds", known.region, "describe_db_clusters", DBClusterIdentifier=known.cluster_id)["DBClusters"][0]
    aws.call(
        "rds",
        known.region,
        "restore_db_cluster_to_point_in_time",
        DBClusterIdentifier=name,
        SourceDBClusterIdentifier=known.cluster_id,
        RestoreToTime=moment,
        DBSubnetGroupName=old["DBSubnetGroup"],
        VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in old["VpcSecurityGroups"]],
        Tags=[KEPT_TAG],
    )


def _wait(aws: Aws, region: str, what: str, name: str, pause: Pause) -> None:
    while (status := _status(aws, region, what, name)) != "available":
        if status in (None, "failed", "deleting"):
            raise RolledBack(f"the {what} {name} is {status or 'gone'}", "Run the same command again")
        pause.take()


def _status(aws: Aws, region: str, what: str, name: str) -> str | None:
    method, key, answer = {
        "cluster": ("describe_db_clusters", "DBClusterIdentifier", "DBClusters"),
        "snapshot": ("describe_db_cluster_snapshots", "DBClusterSnapshotIdentifier", "DBClusterSnapshots"),
    }[what]
    try:
        found: list[Mapping[str, Any]] = aws.call("rds", region, method, **{key: name})[answer]
    except AwsTrouble as error:
        if "NotFound" in error.code:
            return None
        raise
    return str(found[0]["Status"]) if found else None


def _words(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
