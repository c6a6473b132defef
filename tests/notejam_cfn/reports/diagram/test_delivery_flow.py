"""The delivery flow: it follows the pipeline, stage by stage, whatever the pipeline is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from notejam_cfn.reports.diagram import Edge, Picture, delivery_flow

Pictures = Callable[[str], list[Picture]]
Label = Callable[[Picture, str], str]


def keys(picture: Picture) -> set[str]:
    return {item.key for item in picture.all_items()}


def ends(picture: Picture) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in picture.edges}


def action(name: str, category: str, provider: str = "CloudFormation", **more: Any) -> dict[str, Any]:
    return {"Name": name, "ActionTypeId": {"Category": category, "Provider": provider}, "Configuration": {}, **more}


def pipeline(*stages: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return a template that has a pipeline and nothing else."""
    named = [{"Name": name, "Actions": actions} for name, actions in stages]
    return {"Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": named}}}}


SOURCE = ("source", [action("source", "Source", "S3")])


def test_rows_follow_each_other_in_the_pipelines_order(pictures: Pictures) -> None:
    _, delivery = pictures("many")
    order = ["build", "stage_dev", "stage_test", "stage_acceptance_testing", "stage_staging"]
    assert {(one, order[number + 1]) for number, one in enumerate(order[:-1])} <= ends(delivery)
    assert ("stage_staging", "stage_prod") in ends(delivery)


def test_a_person_decides_where_the_stage_asks_for_it(pictures: Pictures, label: Label) -> None:
    _, delivery = pictures("many")
    asked = {node.key for node in delivery.nodes() if node.icon == "approval"}
    assert asked == {"stage_acceptance_testing_approve", "stage_prod_approve"}
    assert label(delivery, "stage_prod_approve") == "A person decides, who sees the plan"
    assert ("stage_prod_plan", "stage_prod_approve") in ends(delivery)
    assert ("stage_prod_approve", "stage_prod_deploy") in ends(delivery)


def test_stages_without_approval_go_from_plan_to_deploy(pictures: Pictures) -> None:
    _, delivery = pictures("many")
    assert ("stage_dev_plan", "stage_dev_deploy") in ends(delivery)


def test_a_stage_that_does_not_work_gets_its_image_back(pictures: Pictures) -> None:
    _, delivery = pictures("many")
    back = {(edge.source, edge.target) for edge in delivery.edges if edge.label == "fails: the image\nis taken back"}
    assert ("stage_prod_smoke", "stage_prod_deploy") in back
    assert len(back) == 5


def test_a_region_is_named_where_it_is_not_the_pipelines(pictures: Pictures, label: Label) -> None:
    _, delivery = pictures("many")
    assert label(delivery, "running_dev") == "dev on ECS Fargate"
    assert label(delivery, "running_staging") == "staging on ECS Fargate in eu-west-1"


def test_every_stage_runs_the_image_built_once(pictures: Pictures) -> None:
    _, delivery = pictures("many")
    assert {("build_image", "images"), ("images", "running_dev"), ("running_dev", "running_test")} <= ends(delivery)
    assert ("build_test", "reports") in ends(delivery)


@pytest.mark.parametrize(
    ("project", "repository", "hands_over"),
    [
        ("many", "AWS CodeCommit branch main", "push"),
        ("git", "Git repository owner/ notejam branch main", "push"),
        ("zip", "Zip in Amazon S3", "upload"),
    ],
)
def test_the_source_is_the_pipelines(
    pictures: Pictures, label: Label, project: str, repository: str, hands_over: str
) -> None:
    _, delivery = pictures(project)
    assert label(delivery, "repository") == repository
    assert hands_over in {edge.label for edge in delivery.edges if edge.target == "repository"}


def test_people_have_what_their_policies_say(pictures: Pictures, label: Label) -> None:
    _, delivery = pictures("many")
    words = " ".join(label(delivery, "policies_Developers").split())
    assert "• See everything but data and secrets" in words
    assert "production" not in words
    assert "Approve changes of production" in " ".join(label(delivery, "policies_Approvers").split())
    assert ("pipeline", "notices") in ends(delivery)


def test_approvers_are_left_out_where_they_approve_nothing(pictures: Pictures) -> None:
    assert "policies_Approvers" not in keys(pictures("zip")[1])


def test_people_and_pipeline_may_be_in_different_templates() -> None:
    group = {"Type": "AWS::IAM::Group", "Properties": {}}
    policy = {"Description": "Read", "Groups": [{"Ref": "Developers"}], "PolicyDocument": {}}
    people = {"Resources": {"Developers": group, "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy}}}
    stages = pipeline(SOURCE, ("dev", [action("deploy", "Build")]))
    assert keys(delivery_flow([people, stages])) == keys(delivery_flow([stages, people]))
    assert "policies_Developers" in keys(delivery_flow([people, stages]))


def test_a_pipeline_may_do_without_builds_plans_and_tests() -> None:
    picture = delivery_flow([pipeline(SOURCE, ("dev", [action("deploy", "Build")]))])
    assert {("repository", "stage_dev"), ("stage_dev", "running_dev")} <= ends(picture)
    assert not {"build", "reports", "stage_dev_smoke", "notices"} & keys(picture)


def test_the_summary_says_what_the_picture_shows(pictures: Pictures) -> None:
    summary = pictures("many")[1].summary
    assert "dev, test, acceptance-testing, staging, prod" in summary
    assert "acceptance-testing and prod only after a person's approval" in summary
    assert "approval" not in pictures("zip")[1].summary


def test_the_way_out_of_a_stage_is_one_arrow(pictures: Pictures) -> None:
    _, delivery = pictures("zip")
    assert [edge for edge in delivery.edges if edge.target == "running_prod" and not edge.minor] == [
        Edge("stage_prod", "running_prod", at=next(n.y for n in delivery.nodes() if n.key == "running_prod"))
    ]
