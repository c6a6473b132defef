"""Restores a database: finds what to start from, shows the plan, and lets CloudFormation do it.

The database stack restores a snapshot that its parameter `SnapshotIdentifier` names, into a cluster of the next
generation; everything that reads the endpoint follows. A moment between snapshots is made into a snapshot first: into a
cluster without instances, which costs its storage for as long as that takes. So there is one way in, and the template
always says what its database was made from.

CloudFormation keeps the cluster that is replaced (`UpdateReplacePolicy`): that costs its storage, and no instances. It
stays until `--discard-old`. It is tagged when everything follows the new one: an old cluster without that tag tells of
a restore that was interrupted.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..aws.client import Aws, Pause
from ..exit_codes import BadInput, Interrupted, Refused, RolledBack
from ..manifest import StackSpec
from . import engine_version
from .backups import DATABASE, Facts, RecoveryPoint, Window, age_words

SNAPSHOT, GENERATION = "SnapshotIdentifier", "ClusterGeneration"
KEPT_TAG = {"Key": "component", "Value": "database-kept"}
SECONDS_BETWEEN_LOOKS = 20.0
LIST_WHAT_THERE_IS = "List what there is: python -m notejam_cfn backups STAGE"
CLONE = r"at-\d{14}-of-"
LOG_GROUPS = "/aws/rds/cluster/"


@dataclasses.dataclass(frozen=True)
class Source:
    """What a restore starts from. A `moment` of a `cluster` still has to be made into a snapshot."""

    snapshot: str | None
    moment: datetime
    wanted: datetime
    cluster: str = ""

    @property
    def exact(self) -> bool:
        """Whether it is what was asked for, and not the nearest before it."""
        return self.snapshot is None or self.moment == self.wanted

    def words(self) -> str:
        """Say it for people."""
        start = f"snapshot {self.snapshot}" if self.snapshot else f"the second {_words(self.moment)}"
        return start if self.exact else f"{start} (the last one before {_words(self.wanted)})"


def choose(asked: str, points: Sequence[RecoveryPoint], windows: Mapping[str, Window], now: datetime) -> Source:
    """Find what to restore: `latest` or a time. `windows` are by cluster, the serving one first.

    A time within the window of point-in-time recovery of a cluster is restored to the second, also of one that an
    earlier restore has kept; an older one from the last snapshot before it. Raises BadInput when there is nothing.
    """
    if asked == "latest":
        for cluster, window in windows.items():  # the serving one comes first
            return Source(None, window.latest, window.latest, cluster)
        return _before(now, points)
    moment = _moment(asked)
    if moment > now:
        raise BadInput(f"{asked} is in the future")
    for cluster, window in windows.items():
        if window.holds(moment):
            return Source(None, moment, moment, cluster)
    newest = max((window.latest for window in windows.values()), default=None)
    if newest and moment > newest:
        raise BadInput(f"{asked} cannot be recovered yet", f"The latest moment is {_words(newest)}")
    return _before(moment, points)


def names_snapshot(asked: str) -> bool:
    """Whether what was asked for is a snapshot, and not a time."""
    return asked != "latest" and not re.match(r"\d", asked)


def snapshot(aws: Aws, region: str, asked: str) -> Mapping[str, Any]:
    """Return what RDS says of a cluster's snapshot, named or by its ARN. Raises BadInput when there is none."""
    name = asked.rpartition(":cluster-snapshot:")[2]
    found = _described(aws, region, "snapshot", name)
    if found is None:
        raise BadInput(f"there is no snapshot {name} in {region}", LIST_WHAT_THERE_IS)
    return found


def plan(source: Source, known: Facts, generation: int, now: datetime) -> list[str]:
    """Say in plain words what a restore in place does."""
    lost = f"what was written since is left behind in the old cluster: {age_words(now - source.moment)}"
    steps = (
        [] if source.snapshot else ["restore that second into a cluster without instances, and take a snapshot of it"]
    )
    steps += [
        f"keep the old cluster {known.cluster_id}, without instances, until --discard-old",
        f"make {_family(known.cluster_id)}-{generation} from the snapshot; the application waits meanwhile",
        "give the application the new address and password, and replace its tasks",
        f"back up the new cluster; {lost}",
    ]
    return [f"Restore from {source.words()}:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]


def parameters(snapshot: str, version: str, generation: int | None = None) -> tuple[str, ...]:
    """Return what the database stack is told, as deploy's --parameter takes it; a new stack needs no generation."""
    told = (f"{SNAPSHOT}={snapshot}", f"{engine_version.PARAMETER}={version}")
    return told if generation is None else (*told, f"{GENERATION}={generation}")


def next_generation(aws: Aws, region: str, cluster: str) -> int:
    """Return a generation that no cluster of the stack has, nor a log that an earlier one has left."""
    family = _family(cluster)
    prefix = f"{LOG_GROUPS}{family}-"
    groups = aws.items("logs", region, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    logs = [group["logGroupName"].removeprefix(LOG_GROUPS) for group in groups]
    clusters = [one.name for one in old_clusters(aws, region, cluster)]
    taken = [re.match(rf"{re.escape(family)}-(\d+)", name) for name in (cluster, *clusters, *logs)]
    return 1 + max(int(found[1]) for found in taken if found)


def snapshot_of(aws: Aws, region: str, source: Source, say: Callable[[str], None]) -> str:
    """Return the snapshot to start from, made first where it is a moment of a cluster. Continues where it was left.

    Raises RolledBack when AWS gives up, and Interrupted when the person does: AWS goes on with what it is at.
    """
    if source.snapshot:
        return source.snapshot
    # An identifier has 63 characters, which the longest name of a cluster takes alone: its last two parts tell it.
    name = f"at-{source.moment.strftime('%Y%m%d%H%M%S')}-of-{'-'.join(source.cluster.split('-')[-2:])}"
    pause = Pause(1.0, SECONDS_BETWEEN_LOOKS)
    try:
        if _described(aws, region, "snapshot", name) is None:
            if _described(aws, region, "cluster", name) is None:
                say(f"restoring {_words(source.moment)} into {name}, without instances")
                _clone(aws, region, source, name)
            _wait(aws, region, "cluster", name, pause)
            say(f"taking the snapshot {name}")
            names = {"DBClusterSnapshotIdentifier": name, "DBClusterIdentifier": name}
            aws.call("rds", region, "create_db_cluster_snapshot", **names)
        _wait(aws, region, "snapshot", name, pause)
        if _described(aws, region, "cluster", name) is not None:
            aws.call("rds", region, "delete_db_cluster", DBClusterIdentifier=name, SkipFinalSnapshot=True)
    except KeyboardInterrupt:
        again = f"Run the command again with --to {source.moment.isoformat()}, which goes on from there"
        raise Interrupted("interrupted; the stage is as it was, and AWS goes on with the copy", again) from None
    return name


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster of a stage's database stack. An old one is `marked` when the restore that left it came to its end."""

    name: str
    arn: str
    marked: bool

    @property
    def generation(self) -> int:
        """Which of the stack's clusters it is, or is a copy of, counted from 1."""
        return int(self.name.rpartition("-")[2])

    @property
    def is_clone(self) -> bool:
        """Whether it was only made to take a snapshot of a moment."""
        return bool(re.match(CLONE, self.name))


def old_clusters(aws: Aws, region: str, current: str) -> list[Cluster]:
    """Return the clusters that restores have left beside a stage's, oldest first, and clones that were left too."""
    family = _family(current)
    ours = re.compile(rf"({re.escape(family)}|{CLONE}{family.rpartition('-')[2]})-\d+")
    clusters = [
        Cluster(raw["DBClusterIdentifier"], raw["DBClusterArn"], KEPT_TAG in raw.get("TagList", ()))
        for raw in aws.items("rds", region, "describe_db_clusters", "DBClusters")
        if ours.fullmatch(raw["DBClusterIdentifier"])
    ]
    return sorted((one for one in clusters if one.name != current), key=lambda one: (len(one.name), one.name))


def require_none_kept(aws: Aws, stacks: Sequence[StackSpec]) -> None:
    """Raise Refused while clusters that restores have kept use a stage's subnets: its deletion would fail."""
    for stack in stacks:
        state = aws.stack(stack.region, stack.name) if stack.layer == DATABASE else None
        cluster = state.outputs.get("ClusterId") if state else None
        kept = old_clusters(aws, stack.region, cluster) if cluster else []
        if kept:
            names = ", ".join(one.name for one in kept)
            raise Refused(
                f"{stack.name} cannot be deleted while {names} uses its subnets, which a restore has kept",
                f"Delete it first, leaving a last snapshot: python -m notejam_cfn restore {stack.stage} --discard-old",
            )


def unfinished(old: Sequence[Cluster], known: Facts) -> bool:
    """Whether a restore was interrupted after it made the cluster that serves now."""
    serving = Cluster(known.cluster_id, known.cluster_arn, marked=False).generation
    return any(not one.is_clone and not one.marked and one.generation < serving for one in old)


def mark_kept(aws: Aws, region: str, clusters: Sequence[Cluster]) -> None:
    """Tag old clusters, so that plans no longer back them up and people see what they are."""
    for cluster in clusters:
        if not cluster.marked:
            aws.call("rds", region, "add_tags_to_resource", ResourceName=cluster.arn, Tags=[KEPT_TAG])


def discard(aws: Aws, region: str, cluster: str, now: datetime) -> str:
    """Delete a kept cluster, leaving a last snapshot of it, whose name is returned. Raises Refused while it serves."""
    if aws.database(region, cluster).get("DBClusterMembers"):
        raise Refused(f"{cluster} has instances: it is in use")
    last = f"{cluster}-last-{now.strftime('%Y%m%d%H%M%S')}"
    change = {"DBClusterIdentifier": cluster, "DeletionProtection": False, "ApplyImmediately": True}
    aws.call("rds", region, "modify_db_cluster", **change)
    aws.call("rds", region, "delete_db_cluster", DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=last)
    return last


def _family(cluster: str) -> str:
    """Return what the names of all clusters of a stack begin with: all but the generation."""
    return cluster.rpartition("-")[0]


def _before(moment: datetime, points: Sequence[RecoveryPoint]) -> Source:
    found = [point for point in points if point.usable and point.made <= moment]
    if not found:
        raise BadInput(f"nothing is left of {_words(moment)}", LIST_WHAT_THERE_IS)
    newest = max(found, key=lambda point: point.made)
    return Source(newest.arn, newest.made, moment)


def _moment(asked: str) -> datetime:
    """Return the moment that a text such as 2026-11-23T14:05 names, in UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError as error:
        raise BadInput(f"{asked!r} is not a time such as 2026-11-23T14:05, in UTC") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _clone(aws: Aws, region: str, source: Source, name: str) -> None:
    old = aws.database(region, source.cluster)
    aws.call(
        "rds",
        region,
        "restore_db_cluster_to_point_in_time",
        DBClusterIdentifier=name,
        SourceDBClusterIdentifier=source.cluster,
        RestoreToTime=source.moment,
        DBSubnetGroupName=old["DBSubnetGroup"],
        VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in old["VpcSecurityGroups"]],
        Tags=[KEPT_TAG],
    )


def _wait(aws: Aws, region: str, what: str, name: str, pause: Pause) -> None:
    while (status := (_described(aws, region, what, name) or {}).get("Status")) != "available":
        if status in (None, "failed", "deleting"):
            raise RolledBack(f"the {what} {name} is {status or 'gone'}", "Run the same command again")
        pause.take()


def _described(aws: Aws, region: str, what: str, name: str) -> Mapping[str, Any] | None:
    """Return what RDS says of a cluster or of a snapshot, or None when there is none."""
    method, key, answer = {
        "cluster": ("describe_db_clusters", "DBClusterIdentifier", "DBClusters"),
        "snapshot": ("describe_db_cluster_snapshots", "DBClusterSnapshotIdentifier", "DBClusterSnapshots"),
    }[what]
    found = aws.call_if_there("rds", region, method, **{key: name})
    return next(iter(found[answer]), None) if found else None


def _words(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
