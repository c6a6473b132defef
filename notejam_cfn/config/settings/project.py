"""The whole project: its stages and its pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...core.regions import lacks
from .pipeline import DeliverySettings
from .stage import Stage


@dataclasses.dataclass(frozen=True)
class Project:
    """All of notejam.toml."""

    name: str
    stages: tuple[Stage, ...]
    delivery: DeliverySettings = dataclasses.field(default_factory=DeliverySettings)

    @property
    def delivery_region(self) -> str:
        """The region the pipeline runs in: its own or the first stage's."""
        return self.delivery.region or self.stages[0].region

    @property
    def delivery_gaps(self) -> list[str]:
        """The resource types without which there is no pipeline, and which its region lacks."""
        source = {"codecommit": "AWS::CodeCommit::Repository", "codeconnections": "AWS::CodeConnections::Connection"}
        made = "" if self.delivery.connection_arn else source.get(self.delivery.source, "")
        needed = ("AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project", made)
        return [kind for kind in needed if lacks(self.delivery_region, kind)]

    def is_elsewhere(self, stage: Stage) -> bool:
        """Whether a stage is in another account than the pipeline."""
        return bool(stage.account and self.delivery.account and stage.account != self.delivery.account)

    def warnings(self) -> list[str]:
        """Return what a person should know before deploying, one sentence each."""
        own = [f"delivery: {warning}" for warning in self._delivery_warnings()]
        return [*own, *(f"stages.{stage.name}: {warning}" for stage in self.stages for warning in stage.warnings())]

    def _delivery_warnings(self) -> Iterator[str]:
        if self.delivery_gaps:
            gaps = " and no ".join(self.delivery_gaps)
            yield f"{self.delivery_region} has no {gaps}: left out; set another delivery.region, or delivery.source"
        if len({stage.account for stage in self.stages}) > 1 and not self.delivery.account:
            yield "takes every stage for one of its own account; set delivery.account, since accounts differ"
        if len({stage.service.architecture for stage in self.stages}) > 1:
            yield "one image serves all stages; set the same service.architecture for each"
