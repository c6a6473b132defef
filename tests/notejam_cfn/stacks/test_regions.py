"""Every size can be built in every region that AWS publishes: what a region lacks is left out, and said."""

from __future__ import annotations

from typing import Any

import pytest

from notejam_cfn.config.loader import parse
from notejam_cfn.config.settings import SIZES, Project
from notejam_cfn.core import regions
from notejam_cfn.iam import permissions
from notejam_cfn.stacks import stacks_of
from tools import refresh_regions

ELSEWHERE = {
    "AWS::Backup::RestoreTestingPlan": "has no AWS::Backup::RestoreTestingPlan: left out",
    "AWS::Budgets::Budget": "has no AWS::Budgets::Budget: left out",
}


def like_regions() -> list[list[str]]:
    """The regions, together with those that lack the same and so get the same templates."""
    groups: dict[str, list[str]] = {}
    for region in regions.known_regions():
        lacking = [kind for kind in sorted(permissions.known_types()) if regions.lacks(region, kind)]
        groups.setdefault(f"{lacking} {region in regions.TWO_ZONE_REGIONS}", []).append(region)
    return list(groups.values())


def project_in(place: str, **delivery: Any) -> Project:
    """A stage of each size with everything turned on, in one region."""
    stages = {size: {"region": place, "size": size, "load_balancer": {"waf": True}} for size in SIZES}
    return parse({"project": {"name": "notejam"}, "stages": stages, "delivery": delivery})


def types_in(project: Project) -> set[str]:
    return {str(one.resource_type) for stack in stacks_of(project) for one in stack.template.resources.values()}


@pytest.mark.parametrize("alike", like_regions(), ids=lambda alike: alike[0])
def test_no_template_holds_a_type_that_its_region_lacks(alike: list[str]) -> None:
    for stack in stacks_of(project_in(alike[0])):
        for name, resource in stack.template.resources.items():
            lacking = [region for region in alike if regions.lacks(region, str(resource.resource_type))]
            assert not lacking, (stack.path, name)


@pytest.mark.parametrize("region", regions.known_regions())
def test_what_is_left_out_is_said(region: str) -> None:
    project = project_in(region)
    said = " ".join(project.warnings())
    for kind, words in ELSEWHERE.items():
        assert regions.lacks(region, kind) == (words in said), kind
    assert bool(project.delivery_gaps) == ("left out; set another delivery.region" in said)


def test_there_are_regions_that_have_everything_and_regions_that_do_not() -> None:
    kinds = types_in(project_in("eu-central-1", source="codecommit"))
    assert set(ELSEWHERE) < kinds
    lacking = {kind for kind in kinds for region in regions.known_regions() if regions.lacks(region, kind)}
    assert lacking >= {*ELSEWHERE, "AWS::CodeBuild::Project", "AWS::CodeCommit::Repository"}
    assert len(regions.known_regions()) >= 45


def test_a_pipeline_whose_source_needs_no_repository_of_aws_is_built_where_there_are_none() -> None:
    assert project_in("il-central-1", source="codecommit").delivery_gaps == ["AWS::CodeCommit::Repository"]
    assert project_in("il-central-1", source="s3").delivery_gaps == []
    assert project_in("ca-west-1", source="s3").delivery_gaps == ["AWS::CodeBuild::Project"]
    assert project_in("ca-west-1", source="s3", region="ca-central-1").delivery_gaps == []


def test_the_data_is_what_the_schemas_say() -> None:
    pytest.importorskip("cfnlint")
    assert regions.DATA.read_text(encoding="utf-8") == refresh_regions.text(permissions.known_types())
