"""Every parameter of every template, at its bounds and between them: AWS takes what the form lets people choose."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from notejam_cfn.core.evaluated import EvaluatedTemplate
from notejam_cfn.local.emulated.schemas import resource_type

pytest.importorskip("cfnlint")

DIGEST = "@sha256:" + "0" * 64
# What people may write where a pattern decides; every text parameter must be among them.
TEXTS: dict[str, tuple[str, ...]] = {
    "AlarmEmail": ("", "people@example.com"),
    "CloudFrontPrefixListId": ("", "pl-3b927c52"),
    "ClusterGeneration": ("1", "999"),
    "CopyVaultArn": ("", "arn:aws:backup:eu-west-1:123456789012:backup-vault:copies"),
    "EngineVersion": ("17", "17.9"),
    "ImageUri": ("", f"123456789012.dkr-ecr.eu-central-1.on.aws/notejam{DIGEST}"),
    "RoleBoundary": ("no permissions boundary", "arn:aws:iam::123456789012:policy/notejam-boundary"),
    "SnapshotIdentifier": ("", "before", "arn:aws:rds:eu-central-1:123456789012:cluster-snapshot:awsbackup:job-1"),
    "WebAclArn": ("", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/notejam/1"),
}
CLUSTER, TARGET = "AWS::RDS::DBCluster", "AWS::ApplicationAutoScaling::ScalableTarget"


def values(name: str, parameter: Mapping[str, Any]) -> list[str]:
    """What a person may choose: the bounds, the default and one value between; every choice of a list."""
    if "AllowedValues" in parameter:
        return [str(value) for value in parameter["AllowedValues"]]
    if parameter["Type"] == "Number":
        low, high = int(parameter["MinValue"]), int(parameter["MaxValue"])
        return [str(value) for value in sorted({low, (low + high) // 2, high, int(parameter["Default"])})]
    return list(TEXTS[name])


def choices(template: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield every pair of values of every two parameters, the others at their defaults."""
    parameters = {name: values(name, body) for name, body in template.get("Parameters", {}).items()}
    yield from ({name: value} for name, some in parameters.items() for value in some)
    for (first, some), (second, others) in itertools.combinations(parameters.items(), 2):
        yield from ({first: one, second: other} for one in (some[0], some[-1]) for other in (others[0], others[-1]))


def refused_by_rds(properties: Mapping[str, Any]) -> Iterator[str]:
    """What RDS says of a serverless range. Source: Amazon RDS API Reference, "ServerlessV2ScalingConfiguration"."""
    scaling = properties["ServerlessV2ScalingConfiguration"]
    low, high = float(scaling["MinCapacity"]), float(scaling["MaxCapacity"])
    if low > high:
        yield f"the minimum, {low:g}, is above the maximum, {high:g}"
    if low * 2 % 1 or high * 2 % 1 or not 0 <= low <= 256 or not 1 <= high <= 256:
        yield f"{low:g} to {high:g} is no range of capacity in steps of 0.5"
    if ("SecondsUntilAutoPause" in scaling) != (low == 0):
        yield "SecondsUntilAutoPause is for a minimum of 0 only"


def refused_by_scaling(properties: Mapping[str, Any]) -> Iterator[str]:
    """What Application Auto Scaling says of bounds, and of scheduled ones when their time comes."""
    most = int(properties["MaxCapacity"])
    for action in properties.get("ScheduledActions", []):
        if int(action["ScalableTargetAction"]["MinCapacity"]) > most:
            yield f"{action['ScheduledActionName']} raises the minimum above the maximum, {most}"
    if int(properties["MinCapacity"]) > most:
        yield f"the minimum is above the maximum, {most}"


OWN_RULES = {CLUSTER: refused_by_rds, TARGET: refused_by_scaling}


def open_to_choice(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template with the resources only that a parameter can make others: all else need not be judged again."""
    words = ('"Fn::If"', '"Condition"', *(f'"{name}"' for name in template.get("Parameters", {})))
    resources = template["Resources"].items()
    return {**template, "Resources": {n: body for n, body in resources if any(w in json.dumps(body) for w in words)}}


def problems(template: Mapping[str, Any], chosen: Mapping[str, str]) -> set[str]:
    """What the schemas and the services' own rules refuse in a template with these values."""
    evaluated = EvaluatedTemplate(template, chosen)
    found = set()
    for name, resource in evaluated.resources():
        properties = evaluated.properties(resource.get("Properties", {}))
        found |= {f"{name}: {problem}" for problem in refused(resource["Type"], json.dumps(properties))}
    return found


@functools.cache
def refused(kind: str, properties_as_json: str) -> tuple[str, ...]:
    """What is refused in a resource. Most resources stay the same whatever is chosen, so each is judged once."""
    properties, known = json.loads(properties_as_json), resource_type(kind)
    return (*(known.problems(properties) if known else ()), *OWN_RULES.get(kind, lambda _: ())(properties))


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_every_choice_is_one_that_aws_takes(compose: Any, size: str) -> None:
    for layer, template in compose(size).items():
        # A reference to what is only known later is no text to a schema: that is no problem of a choice.
        unresolved = problems(template, {}) | problems(template, {"SnapshotIdentifier": "some"})
        some = open_to_choice(template)
        for chosen in choices(template):
            new = {problem for problem in problems(some, chosen) - unresolved if "found: dict" not in problem}
            assert not new, (layer, chosen, new)


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_the_form_itself_takes_what_is_tried_here(compose: Any, size: str) -> None:
    for template in compose(size).values():
        for name, parameter in template.get("Parameters", {}).items():
            for value in values(name, parameter) if "AllowedPattern" in parameter else ():
                assert re.fullmatch(parameter["AllowedPattern"], value), (name, value)


def test_a_time_to_pause_is_given_only_to_what_may_pause(compose: Any) -> None:
    template = compose("economy")["database"]
    for least, pauses in (("0", True), ("0.5", False)):
        evaluated = EvaluatedTemplate(template, {"MinCapacity": least})
        (cluster,) = evaluated.of_type(CLUSTER).values()
        assert ("SecondsUntilAutoPause" in evaluated.properties(cluster)["ServerlessV2ScalingConfiguration"]) is pauses


def test_the_rules_here_refuse_what_they_should() -> None:
    scaling = {"MinCapacity": "4", "MaxCapacity": "2.3", "SecondsUntilAutoPause": 300}
    assert len(list(refused_by_rds({"ServerlessV2ScalingConfiguration": scaling}))) == 3
    action = {"ScheduledActionName": "begin", "ScalableTargetAction": {"MinCapacity": 6}}
    assert len(list(refused_by_scaling({"MinCapacity": "5", "MaxCapacity": "4", "ScheduledActions": [action]}))) == 2
