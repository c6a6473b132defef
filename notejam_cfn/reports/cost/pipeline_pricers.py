"""What is charged for the pipeline: the minutes of its actions, and of the machines that build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.evaluated import EvaluatedTemplate
from .pricers import PriceComponent, Pricer, Properties, Stage

# A run of the pipeline: an action is charged for each minute it has begun, one that builds or deploys takes some.
RUNS_A_MONTH = 40
MINUTES_OF_ACTION = {"CodeBuild": 3.0, "CloudFormation": 1.5}


def _pipeline(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge the minutes of every action of a run, approvals excepted, and again the builds among them."""
    runs = RUNS_A_MONTH if stage.load.requests_per_second else 0
    machines = template.of_type("AWS::CodeBuild::Project")
    for action in (each for part in properties["Stages"] for each in part["Actions"]):
        kind = action["ActionTypeId"]
        minutes = runs * MINUTES_OF_ACTION.get(kind["Provider"], 1.0) * (kind["Category"] != "Approval")
        yield PriceComponent("pipeline", minutes, "pipeline_minute")
        if kind["Provider"] == "CodeBuild":
            yield PriceComponent("builds", minutes, _machine(machines[action["Configuration"]["ProjectName"]["Ref"]]))


def _machine(project: Properties) -> str:
    """Return the name of the price of a minute of the machine that a project builds on."""
    size = project["Environment"]["ComputeType"].removeprefix("BUILD_GENERAL1_").lower()
    return f"build_{size}_minute"


PIPELINE_PRICERS: Mapping[str, Pricer] = {"AWS::CodePipeline::Pipeline": _pipeline}
