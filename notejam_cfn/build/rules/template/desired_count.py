"""E9512: a deployment does not undo what scaling has done."""

from __future__ import annotations

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references


class DesiredCount(CloudFormationLintRule):
    """A service that Application Auto Scaling scales has no DesiredCount of its own."""

    id = "E9512"
    shortdesc = "A scaled service has no DesiredCount"
    description = "Every stack update would set the number of tasks back to the template's, in the busiest hour too"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html"
        "#cfn-ecs-service-desiredcount"
    )

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each scaled service that fixes its number of tasks."""
        targets = cfn.get_resources("AWS::ApplicationAutoScaling::ScalableTarget").values()
        return [
            RuleMatch(
                ["Resources", name, "Properties", "DesiredCount"],
                "would reset the number of tasks at every deployment: leave it to the scalable target",
            )
            for name, service in cfn.get_resources("AWS::ECS::Service").items()
            if "DesiredCount" in service.get("Properties", {})
            and any(name in references(target.get("Properties")) for target in targets)
        ]
