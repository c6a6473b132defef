"""Carries a move out: preflight, then network, database from the newest copy, service, a smoke test, and DNS.

It may be run again at any time: stacks that are up stay as they are, and the database keeps what it was made from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from ...core.cloudfront import REGION, SERVE_DOMAIN
from ...core.render import load
from ..exit_codes import BadInput, NeedsRecovery, RolledBack
from ..manifest import IMAGE, URL, StackSpec
from ..stacks.deploy import Deployment, Options
from ..stacks.execution.outcomes import Result
from ..stacks.stack_run import Session, StackRun
from . import backups, engine_version, failover_checks, failover_domain, restore_plan
from .backups import DATABASE, RecoveryPoint
from .failover_checks import COPIES, COPY, FINE, NETWORK, SERVICE, WRONG, Finding


@dataclasses.dataclass(frozen=True)
class FailoverOptions:
    """What the person asked for. `snapshot` and `image` stand in for what is found."""

    region: str
    snapshot: str = ""
    image: str = ""
    yes: bool = False
    dry_run: bool = False
    anyway: bool = False


class Failover(StackRun[FailoverOptions]):
    """One move of a stage to another region.

    `built` are the stage's stacks, and `project` the project's own, which know where images were copied to.
    """

    def __init__(
        self, session: Session, options: FailoverOptions, built: Sequence[StackSpec], project: Sequence[StackSpec]
    ) -> None:
        super().__init__(session, options)
        self.built, self.project = built, project
        self.moved = failover_checks.stacks_there(built, options.region)

    def run(self) -> dict[str, Result]:
        """Move. Returns a result for each stack; raises when nothing was begun."""
        for layer in (NETWORK, DATABASE, SERVICE):
            backups.of_layer(self.built, layer)
        if backups.of_layer(self.built, DATABASE).region == self.options.region:
            raise BadInput(f"the stage lives in {self.options.region} already", "Name another region with --to")
        copies = next((stack for stack in self.built if stack.layer == COPIES), None)
        copy = failover_checks.newest_copy(self.aws, self.options.region, copies)
        repository = failover_checks.repository_there(self.aws, self.project, self.options.region)
        image = failover_checks.image_there(self.options.image, self.options.region, repository)
        self._look(copy, image, repository)
        origin = self._origin(copy)
        if self.options.dry_run:
            return {}
        if not self.options.yes:
            self.prompter.require_yes("Do it?", "nothing was changed")
        parameters = (*origin, f"{IMAGE}={image}") if image else origin
        if any(SERVE_DOMAIN in stack.defaults for stack in self.moved):
            # The old region's distribution still has the name, and CloudFront gives it to no other.
            parameters = (*parameters, f"{SERVE_DOMAIN}=false")
        results = Deployment(self.session.over(self.moved), Options(yes=True, parameters=parameters)).run()
        if all(result.good for result in results.values()):
            self._finish(image)
        return results

    def _look(self, copy: RecoveryPoint | None, image: str, repository: str) -> None:
        findings = failover_checks.preflight(self.aws, self.built, self.options.region, image, repository, copy)
        if self.options.snapshot:
            findings[COPY] = Finding(FINE, f"{self.options.snapshot}, as asked")
        for line in [
            f"Move {self.built[0].stage} to {self.options.region}:",
            *(finding.line(what) for what, finding in findings.items()),
            *failover_checks.estimate(self.moved, copy, datetime.now(UTC)),
        ]:
            self.progress.write(line)
        wrong = [what for what, finding in findings.items() if finding.verdict == WRONG]
        if wrong and not self.options.anyway:
            raise RolledBack(
                f"the move cannot start: {', '.join(wrong)}", "Put right what is marked wrong above, or say --anyway"
            )

    def _origin(self, copy: RecoveryPoint | None) -> tuple[str, ...]:
        """Return what the database is told to start from: what it did start from, when this move is being continued."""
        database = backups.of_layer(self.moved, DATABASE)
        state = self.aws.stack(self.options.region, database.name)
        if state and state.parameters.get(restore_plan.SNAPSHOT):
            begun = state.parameters
            return restore_plan.parameters(begun[restore_plan.SNAPSHOT], begun[engine_version.PARAMETER])
        snapshot = self.options.snapshot or (copy.arn if copy else "")
        if not snapshot:
            return ()
        place = self.aws, self.options.region
        held = restore_plan.snapshot(*place, snapshot)["EngineVersion"]
        built = database.defaults[engine_version.PARAMETER] or ""
        return restore_plan.parameters(snapshot, engine_version.to_restore(*place, held, built))

    def _finish(self, image: str) -> None:
        service = backups.of_layer(self.moved, SERVICE)
        state = self.aws.stack(self.options.region, service.name)
        url = state.outputs.get(URL, "") if state else ""
        held = {one.logical_id: one.physical_id for one in self.aws.resources(self.options.region, service.name)}
        template = load(backups.of_layer(self.built, SERVICE).text())
        records = failover_domain.records(template)
        if failover_domain.behind_cloudfront(template):
            known = self.aws.call("cloudfront", REGION, "get_distribution", Id=held["Distribution"])["Distribution"]
            domain = failover_domain.at_cloudfront(template)
            steps = failover_domain.steps_at_cloudfront(domain, records, held["Distribution"], known["DomainName"])
        elif records:
            asked_of = {"LoadBalancerArns": [held["LoadBalancer"]]}
            found = self.aws.call("elbv2", self.options.region, "describe_load_balancers", **asked_of)
            balancer = found["LoadBalancers"][0]
            steps = failover_domain.steps_at_balancer(records, balancer)
            url = f"http://{balancer['DNSName']}"  # the domain still leads to the old region
        else:
            steps = [failover_domain.NO_DOMAIN]
        asked = failover_checks.smoke(url) if image and url else None
        for line in [*([asked.line("smoke test")] if asked else []), *steps]:
            self.progress.write(line)
        self.progress.write("Next: set the stage's region in notejam.toml, build and deploy, so that it stays moved.")
        if asked and asked.verdict == WRONG:
            raise NeedsRecovery(
                f"{service.stage} is up in {self.options.region} and silent; people still reach the old region",
                f"Look at it: python -m notejam_cfn status {service.stage} --region {self.options.region}",
            )
