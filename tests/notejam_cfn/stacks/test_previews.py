"""The template of previews, and what a stage holds for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notejam_cfn.config.loader import ConfigError, parse
from notejam_cfn.stacks import stacks_of_stage

ALLOWED = {"enabled": True, "most": 50}


def templates(**stage: Any) -> dict[str, dict[str, Any]]:
    table = {"region": "eu-central-1", "previews": ALLOWED, **stage}
    return {
        one.layer: one.template.to_dict()
        for one in stacks_of_stage(parse({"stages": {"dev": table}}).stages[0])
        if one.form != "console"
    }


@pytest.fixture(scope="module")
def stage() -> dict[str, dict[str, Any]]:
    return templates()


def kinds(template: dict[str, Any]) -> list[str]:
    return [resource["Type"] for resource in template["Resources"].values()]


def test_a_preview_makes_nothing_of_iam_and_no_distribution(stage: dict[str, dict[str, Any]]) -> None:
    assert not [kind for kind in kinds(stage["preview"]) if kind.startswith(("AWS::IAM::", "AWS::CloudFront::"))]


def test_a_preview_gives_nothing_a_name_that_a_stage_could_have(stage: dict[str, dict[str, Any]]) -> None:
    for resource in stage["preview"]["Resources"].values():
        named = {
            key for key in resource["Properties"] if key.endswith("Name") and key not in ("MetricName", "PolicyName")
        }
        assert named <= {"ServiceName"}, resource
    name = stage["preview"]["Resources"]["WebService"]["Properties"]["ServiceName"]["Fn::Join"]
    assert name == ["-", ["notejam-dev-preview", {"Fn::Select": [0, {"Fn::Split": ["/", {"Ref": "Address"}]}]}]]


def test_what_can_have_tags_says_whose_preview_it_is(stage: dict[str, dict[str, Any]]) -> None:
    tagged = [r["Properties"]["Tags"] for r in stage["preview"]["Resources"].values() if "Tags" in r["Properties"]]
    assert len(tagged) >= 5
    assert all({"Key": "preview", "Value": {"Ref": "Preview"}} in tags for tags in tagged)


def test_a_preview_runs_the_stages_containers_with_its_own_address_and_database(
    stage: dict[str, dict[str, Any]],
) -> None:
    def told(layer: str) -> dict[str, Any]:
        containers = stage[layer]["Resources"]["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
        return {one["Name"]: one["Value"] for one in containers[-1]["Environment"]}

    ours, theirs = told("preview"), told("service")
    different = {name for name in ours if ours[name] != theirs.get(name)}
    assert different == {"PUBLIC_URL", "DATABASE_NAME", "DATABASE_CREATED_FROM", "LOG_FORMAT"}
    assert ours["DATABASE_CREATED_FROM"] == theirs["DATABASE_NAME"]


def test_what_a_preview_reads_of_other_stacks_they_publish(stage: dict[str, dict[str, Any]]) -> None:
    published = {f"notejam-dev-{layer}": set(template.get("Outputs", {})) for layer, template in stage.items()}
    text = json.dumps(stage["preview"])
    reads = [part.split('"') for part in text.split('"Fn::GetStackOutput": {"StackName": "')[1:]]
    assert reads
    assert all(part[4] in published[part[0]] for part in reads), reads


def test_the_schedule_deletes_its_own_stack_at_the_given_hour(stage: dict[str, dict[str, Any]]) -> None:
    schedule = stage["preview"]["Resources"]["Expiry"]["Properties"]
    assert schedule["Target"]["Input"] == {"Fn::Sub": '{"StackName":"${AWS::StackId}"}'}
    assert schedule["ScheduleExpression"] == {"Fn::Sub": ["at(${Hour})", {"Hour": {"Ref": "Expires"}}]}


def test_every_preview_has_an_address_and_no_stack_takes_more_than_a_request_does(
    stage: dict[str, dict[str, Any]],
) -> None:
    layers = [layer for layer in stage if layer.startswith("previews")]
    assert layers == ["previews", "previews-2", "previews-3", "previews-4", "previews-5"]
    addresses = [name for layer in layers for name in stage[layer]["Outputs"] if name.startswith("Address")]
    assert addresses == [f"Address{number}" for number in range(101, 151)]
    assert all(len(json.dumps(stage[layer], separators=(",", ":"))) <= 51_200 for layer in layers)
    assert "AWS::CloudFront::VpcOrigin" not in kinds(stage["previews-4"])
    assert "AWS::CloudFront::VpcOrigin" in kinds(stage["previews-5"])


def test_a_stage_without_previews_has_nothing_of_them() -> None:
    found = templates(previews={"enabled": False})
    assert not [layer for layer in found if layer.startswith("preview")]
    assert "PreviewEnded" not in found["service"]["Resources"]


def test_production_allows_no_previews() -> None:
    with pytest.raises(ConfigError, match=r"previews.enabled must be false in a stage of size resilient"):
        templates(size="resilient")
