"""What a plan asks of AWS before it asks a person."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.core.images import dual_stack
from notejam_cfn.deploy.aws.models import StackState
from notejam_cfn.deploy.exit_codes import AwsTrouble
from notejam_cfn.deploy.manifest import StackSpec
from notejam_cfn.deploy.plan.account import lookups
from notejam_cfn.deploy.plan.changes import StackChange, compare
from notejam_cfn.deploy.plan.effects.findings import Finding, Verdict
from notejam_cfn.deploy.plan.model import Kind, StackPlan
from notejam_cfn.deploy.stacks.parameters import ParameterChange
from notejam_cfn.deploy.stacks.templates import Template
from tests.notejam_cfn.deploy.fakes import CannedAws

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/notejam@sha256:abc"


def spec(**defaults: str) -> StackSpec:
    return StackSpec(
        name="s",
        stage="dev",
        form="layered",
        layer="s",
        region="eu-central-1",
        account=None,
        path=Path(),
        sha256="",
        depends_on=(),
        defaults=defaults,
        capabilities=(),
        tags={},
        protected=False,
    )


def found(
    aws: CannedAws, old: dict[str, Any] | None, new: dict[str, Any], image: str = "", **more: Any
) -> list[Finding]:
    """What is found when resources change, in a stack that runs `image`."""
    stack = StackChange("s", "s", {"Resources": new}, {}, {"Resources": old} if old else None)
    state = StackState("s", "id", "CREATE_COMPLETE", parameters={"ImageUri": image})
    plan = StackPlan(spec(MaxTasks="24"), Kind.UPDATE, Template({"Resources": new}), {}, state=state, **more)
    told = lookups.findings(aws, compare([stack], {}), {"s": plan})
    return [finding for each in told.values() for finding in each]


def cluster(version: str) -> dict[str, Any]:
    return {"Db": {"Type": "AWS::RDS::DBCluster", "Properties": {"EngineVersion": version}}}


def running(version: str, snapshot_days: int = 9) -> CannedAws:
    held = {"LogicalResourceId": "Db", "PhysicalResourceId": "db-1", "ResourceType": "T", "ResourceStatus": "S"}
    taken = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=snapshot_days)
    return CannedAws(
        list_stack_resources={"StackResourceSummaries": [held]},
        describe_db_clusters={"DBClusters": [{"EngineVersion": version}]},
        describe_db_cluster_snapshots={"DBClusterSnapshots": [{"SnapshotCreateTime": taken}]},
    )


def test_a_version_below_the_one_that_runs_fails() -> None:
    [finding] = found(running("17.9"), cluster("17.7"), cluster("17.8"))
    assert (finding.verdict, "17.9" in finding.reason) == (Verdict.WILL_FAIL, True)


def test_another_major_version_needs_a_fresh_snapshot() -> None:
    [finding] = found(running("17.9"), cluster("17.7"), cluster("18.3"))
    assert (finding.verdict, "notejam_cfn backup dev" in finding.reason) == (Verdict.ORDER, True)
    assert found(running("17.9", snapshot_days=0), cluster("17.7"), cluster("18.3")) == []


def task(processor: str) -> dict[str, Any]:
    return {
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"RuntimePlatform": {"CpuArchitecture": processor}}}
    }


def built_for(*processors: str) -> CannedAws:
    manifest = "".join(f'"platform": {{"architecture": "{each}"}}' for each in processors)
    return CannedAws(batch_get_image={"images": [{"imageManifest": manifest}]})


def test_another_processor_needs_an_image_that_is_built_for_it() -> None:
    [finding] = found(built_for("arm64"), task("ARM64"), task("X86_64"), IMAGE)
    assert (finding.verdict, "is for ARM64" in finding.reason) == (Verdict.ORDER, True)
    assert found(built_for("arm64", "amd64"), task("ARM64"), task("X86_64"), IMAGE) == []
    assert found(built_for("amd64"), task("ARM64"), task("X86_64"), dual_stack(IMAGE)) == []
    new = (ParameterChange("ImageUri", IMAGE, IMAGE + "def"),)
    assert found(built_for("amd64"), task("ARM64"), task("X86_64"), IMAGE, parameters=new) == []


def record(name: str) -> dict[str, Any]:
    return {
        "Name": {"Type": "AWS::Route53::RecordSet", "Properties": {"HostedZoneId": "Z1", "Name": name, "Type": "A"}}
    }


def test_a_record_that_exists_is_found_before_anything_is_made() -> None:
    aws = CannedAws(list_resource_record_sets={"ResourceRecordSets": [{"Name": "a.example.com.", "Type": "A"}]})
    [finding] = found(aws, None, record("a.example.com"))
    assert finding.verdict is Verdict.WILL_FAIL
    assert found(aws, None, record("b.example.com")) == []


def test_what_may_not_be_looked_at_is_left_out() -> None:
    def refuse(**given: Any) -> Any:
        raise AwsTrouble("not allowed")

    assert found(CannedAws(list_resource_record_sets=refuse), None, record("a.example.com")) == []


@pytest.mark.parametrize("image", ["", "registry.example.com/notejam@sha256:abc"])
def test_an_image_elsewhere_cannot_be_looked_at(image: str) -> None:
    [finding] = found(CannedAws(), task("ARM64"), task("X86_64"), image)
    assert "may not be built for it" in finding.reason
