"""Carries a restore out: in place, or into another stage beside the one it comes from."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from datetime import datetime

from . import backups, restoring
from .aws import Aws
from .backups import DATABASE, Facts
from .conductor import Person
from .deploy import Deployment, Options, read_templates
from .exits import BadInput, Refused
from .manifest import Planned
from .progress import Progress
from .restoring import GENERATION, Source
from .results import Result

# What a restore replaces: clusters, which are kept, their instances, which hold nothing, and the log that is named
# after the cluster, which is kept too.
REPLACED = {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::Logs::LogGroup"}


@dataclasses.dataclass(frozen=True)
class Terms:
    """What the person asked for."""

    to: str
    yes: bool = False
    dry_run: bool = False


class Restoration:
    """One restore of a stage's database."""

    def __init__(
        self, aws: Aws, stacks: Sequence[Planned], terms: Terms, progress: Progress, person: Person, now: datetime
    ) -> None:
        self.aws = aws
        self.stacks = tuple(stacks)
        self.terms = terms
        self.progress = progress
        self.person = person
        self.now = now

    def in_place(self) -> dict[str, Result]:
        """Put the database back, and keep the one there is. Raises Refused when the answer is no."""
        known = backups.facts(self.aws, self.stacks)
        source, generation = self._source(known), self._generation()
        self._confirm(restoring.plan(source, known, generation, self.now))
        if self.terms.dry_run:
            return {}
        snapshot = self._snapshot(known, source)
        kept = restoring.keeping(self.stacks)
        database = tuple(stack for stack in kept if stack.layer == DATABASE)
        self.progress.write("\nFirst: let the template keep the old cluster")
        results = self._deploy(database, ())
        time.sleep(1)  # a deployment is named after its second
        if not all(result.good for result in results.values()):
            return results
        self.progress.write("\nThen: restore, and let everything follow")
        results = self._deploy(kept, restoring.parameters(snapshot, generation), _replaced(database))
        if all(result.good for result in results.values()):
            restoring.mark_kept(self.aws, known)
        return results

    def beside(self, others: Sequence[Planned]) -> dict[str, Result]:
        """Bring up another stage whose database starts from this one's."""
        if self.aws.stack(others[0].region, _database(others).name) is not None:
            raise BadInput(
                f"{_database(others).name} exists already",
                "Restore into it with --to and a snapshot's name, or choose another stage",
            )
        known = backups.facts(self.aws, self.stacks)
        source = self._source(known)
        start = source.snapshot or source.moment
        self._confirm([f"Bring up {others[0].stage} from {start}; {self.stacks[0].stage} stays as it is."])
        if self.terms.dry_run:
            return {}
        snapshot = self._snapshot(known, source)
        return self._deploy(others, (f"{restoring.SNAPSHOT}={snapshot}",))

    def discard_old(self) -> list[str]:
        """Delete the clusters that restores have kept, after asking, and return their last snapshots."""
        known, database = backups.facts(self.aws, self.stacks), _database(self.stacks)
        clusters = restoring.kept_clusters(self.aws, known.region, database.name, known.cluster_id)
        if not clusters:
            self.progress.write("No older cluster is kept.")
            return []
        self._confirm([f"Delete {', '.join(clusters)}; a last snapshot of each stays."])
        return [restoring.discard(self.aws, known.region, cluster, self.now) for cluster in clusters]

    def _source(self, known: Facts) -> Source:
        points = backups.recovery_points(self.aws, known.region, known.vault_name)
        seconds = backups.window(self.aws, known.region, known.cluster_id)
        return restoring.choose(self.terms.to, points, seconds, self.now)

    def _snapshot(self, known: Facts, source: Source) -> str:
        return source.snapshot or restoring.snapshot_of(self.aws, known, source.moment, self.progress.write)

    def _generation(self) -> str:
        database = _database(self.stacks)
        state = self.aws.stack(database.region, database.name)
        return state.parameters.get(GENERATION, "1") if state else "1"

    def _confirm(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.progress.write(line)
        if not self.terms.yes and not self.terms.dry_run and not self.person.confirm("Do it?"):
            raise Refused("nothing was changed: the answer was no")

    def _deploy(
        self, stacks: Sequence[Planned], parameters: tuple[str, ...], allowed: frozenset[str] = frozenset()
    ) -> dict[str, Result]:
        self.progress.templates = read_templates(stacks)
        options = Options(yes=True, allow_replace=allowed, parameters=parameters)
        return Deployment(self.aws, stacks, options, self.progress, self.person).run()


def _replaced(stacks: Sequence[Planned]) -> frozenset[str]:
    templates = read_templates(stacks).values()
    return frozenset(name for template in templates for name, one in template.resources.items() if one.type in REPLACED)


def _database(stacks: Sequence[Planned]) -> Planned:
    return next(stack for stack in stacks if stack.layer == DATABASE)
