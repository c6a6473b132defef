"""Carries a restore out: in place, or into another stage beside the one it comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from ..exit_codes import BadInput, Refused
from ..manifest import StackSpec
from ..stacks.deploy import Deployment, Options
from ..stacks.execution.outcomes import Result
from ..stacks.stack_run import Session, StackRun
from . import backups, engine_version, restore_plan
from .backups import DATABASE, Facts
from .restore_plan import Cluster, Source

# What a restore replaces: clusters, which are kept, their instances, which hold nothing, and the log that is named
# after the cluster, which is kept too.
REPLACED = {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::Logs::LogGroup"}


@dataclasses.dataclass(frozen=True)
class RestoreOptions:
    """What the person asked for."""

    to: str
    yes: bool = False
    dry_run: bool = False


class Restore(StackRun[RestoreOptions]):
    """One restore of a stage's database."""

    def __init__(self, session: Session, options: RestoreOptions) -> None:
        super().__init__(session, options)
        self.database = backups.of_layer(session.stacks, DATABASE)
        self.now = datetime.now(UTC)

    def in_place(self) -> dict[str, Result]:
        """Put the database back, and keep the one there is; or end what an interrupted restore has begun.

        Raises Refused when the answer is no.
        """
        state = self.aws.stack(self.database.region, self.database.name)
        if state and state.busy and not self.options.dry_run:  # with what a restore that was interrupted has begun
            self._deploy((self.database,), ())
        known = self._facts()
        old = self._old(known)
        if restore_plan.unfinished(old, known):
            return self._end(known)
        source = self._source(known, old)
        version = self._version(known, source, self.database)
        generation = restore_plan.next_generation(self.aws, known.region, known.cluster_id)
        self._confirm(restore_plan.plan(source, known, generation, self.now))
        if self.options.dry_run:
            return {}
        snapshot = restore_plan.snapshot_of(self.aws, known.region, source, self.progress.write)
        return self._follow(known, restore_plan.parameters(snapshot, version, generation))

    def beside(self, others: Sequence[StackSpec]) -> dict[str, Result]:
        """Bring up another stage whose database starts from this one's."""
        home, other = self.database, backups.of_layer(others, DATABASE)
        if (other.region, other.account) != (home.region, home.account):
            raise BadInput(
                f"{other.stage} is not where {home.stage}'s snapshots are ({home.region})",
                "Choose a stage of the same region and account; python -m notejam_cfn failover goes to another region",
            )
        if self.aws.stack(other.region, other.name) is not None:
            raise BadInput(
                f"{other.name} exists already",
                f"If this restore was interrupted, end it: python -m notejam_cfn deploy {other.stage}",
                f"Else restore into it: python -m notejam_cfn restore {other.stage} --to SNAPSHOT",
            )
        known = self._facts()
        source = self._source(known, self._old(known))
        version = self._version(known, source, other)
        self._confirm([f"Bring up {other.stage} from {source.words()}; {home.stage} stays as it is."])
        if self.options.dry_run:
            return {}
        snapshot = restore_plan.snapshot_of(self.aws, known.region, source, self.progress.write)
        return self._deploy(others, restore_plan.parameters(snapshot, version))

    def discard_old(self) -> list[str]:
        """Delete the clusters that restores have kept, after asking, and return their last snapshots."""
        known = self._facts()
        old = self._old(known)
        if not old:
            self.progress.write("No older cluster is kept.")
            return []
        if restore_plan.unfinished(old, known):
            raise Refused(
                "a restore was interrupted and has not come to its end", "Run python -m notejam_cfn restore again first"
            )
        self._confirm([f"Delete {', '.join(one.name for one in old)}; a last snapshot of each stays."])
        if self.options.dry_run:
            return []
        return [restore_plan.discard(self.aws, known.region, one.name, self.now) for one in old]

    def _end(self, known: Facts) -> dict[str, Result]:
        """Let everything follow a restore that was interrupted."""
        self._confirm(
            [
                f"A restore was interrupted when {known.cluster_id} was there. End it:",
                "  give the application the new address and password, and replace its tasks",
                "To restore something else, run the command again after that.",
            ]
        )
        return {} if self.options.dry_run else self._follow(known, ())

    def _follow(self, known: Facts, parameters: tuple[str, ...]) -> dict[str, Result]:
        """Make the new cluster, let everything read its address, and mark the old one as kept."""
        resources = self.progress.templates[self.database.name].resources
        replaced = frozenset(f"{DATABASE}.{name}" for name, one in resources.items() if one.type in REPLACED)
        results = self._deploy(self.session.stacks, parameters, replaced)
        if all(result.good for result in results.values()):
            restore_plan.mark_kept(self.aws, known.region, self._old(self._facts()))
        return results

    def _facts(self) -> Facts:
        return backups.facts(self.aws, self.session.stacks)

    def _old(self, known: Facts) -> list[Cluster]:
        return restore_plan.old_clusters(self.aws, known.region, known.cluster_id)

    def _version(self, known: Facts, source: Source, database: StackSpec) -> str:
        """Return the version for the new cluster. Raises BadInput when the template is built for another major one."""
        if source.snapshot:
            held = restore_plan.snapshot(self.aws, known.region, source.snapshot)
        else:
            held = self.aws.database(known.region, source.cluster)
        built = database.defaults[engine_version.PARAMETER] or ""
        return engine_version.to_restore(self.aws, known.region, held["EngineVersion"], built)

    def _source(self, known: Facts, old: Sequence[Cluster]) -> Source:
        if restore_plan.names_snapshot(self.options.to):
            found = restore_plan.snapshot(self.aws, known.region, self.options.to)
            made = found["SnapshotCreateTime"].astimezone(UTC)
            return Source(self.options.to, made, made)
        points = backups.recovery_points(self.aws, known.region, known.vault_name)
        names = [known.cluster_id, *(one.name for one in reversed(old) if not one.is_clone)]
        windows = {name: backups.window(self.aws, known.region, name) for name in names}
        return restore_plan.choose(self.options.to, points, {k: v for k, v in windows.items() if v}, self.now)

    def _confirm(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.progress.write(line)
        if not self.options.yes and not self.options.dry_run:
            self.prompter.require_yes("Do it?", "nothing was changed")

    def _deploy(
        self, stacks: Sequence[StackSpec], parameters: tuple[str, ...], allowed: frozenset[str] = frozenset()
    ) -> dict[str, Result]:
        options = Options(yes=True, allow=allowed, parameters=parameters)
        return Deployment(self.session.over(stacks), options).run()
