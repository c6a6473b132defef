"""A stage that leaves its region, rehearsed between two regions of the emulator."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.data import failover_checks, failover_domain
from notejam_cfn.deploy.exit_codes import AwsTrouble
from notejam_cfn.local.emulator import Emulator
from tests.conftest import Run

from ..fakes import CannedAws
from .conftest import AWAY, HOME, IMAGE


@pytest.fixture
def copied(deployed: None, hold: Callable[..., str]) -> str:
    """A stage that runs at home, and a copy of its database that lies away."""
    return hold("copy-1", datetime.now(UTC) - timedelta(hours=9), AWAY)


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lose the home region: nobody answers there. What was asked of it is listed."""
    asked: list[str] = []
    call, pages = Aws.call, Aws.pages

    def refuse(region: str, method: str) -> None:
        if region == HOME:
            asked.append(method)
            raise AwsTrouble(f"{HOME} does not answer")

    def lost_call(self: Aws, service: str, region: str, method: str, **given: Any) -> Any:
        refuse(region, method)
        return call(self, service, region, method, **given)

    def lost_pages(self: Aws, service: str, region: str, method: str, **given: Any) -> Any:
        refuse(region, method)
        return pages(self, service, region, method, **given)

    monkeypatch.setattr(Aws, "call", lost_call)
    monkeypatch.setattr(Aws, "pages", lost_pages)
    return asked


def stacks(aws: Emulator, region: str) -> set[str]:
    found = aws.client("cloudformation", region).describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found if not stack["StackStatus"].startswith("DELETE")}


def test_a_stage_comes_up_elsewhere_from_the_newest_copy_without_asking_its_old_region(
    run: Run, aws: Emulator, copied: str, gone: list[str]
) -> None:
    ran = run("failover", "--to", AWAY, "--yes", "--anyway")
    assert ran.exit == 0, ran.said
    assert gone == []
    layers = ("network", "database", "copies", "backups", "service", "monitoring")
    assert stacks(aws, AWAY) >= {f"notejam-prod-{layer}" for layer in layers}
    database = aws.client("cloudformation", AWAY).describe_stacks(StackName="notejam-prod-database")["Stacks"][0]
    chosen = {each["ParameterKey"]: each["ParameterValue"] for each in database["Parameters"]}
    assert chosen["SnapshotIdentifier"] == copied


def test_the_person_is_told_what_is_lost_and_how_long_it_takes(run: Run, aws: Emulator, copied: str) -> None:
    ran = run("failover", "--to", AWAY, "--dry-run", "--anyway")
    assert ran.exit == 0, ran.said
    assert "what was written in the last 9 hours" in ran.said
    assert "time       about" in ran.said
    assert "notejam-prod-network" not in stacks(aws, AWAY)


def test_a_move_that_was_interrupted_goes_on_with_the_copy_it_began_with(
    run: Run, aws: Emulator, copied: str, hold: Callable[..., str]
) -> None:
    aws.set_faults(failures=[{"logical_id": "LoadBalancer", "operation": "create", "reason": "no room", "times": 1}])
    assert run("failover", "--to", AWAY, "--yes", "--anyway").exit != 0
    hold("copy-2", datetime.now(UTC), AWAY)
    ran = run("failover", "--to", AWAY, "--yes", "--anyway")
    assert ran.exit == 0, ran.said
    database = aws.client("cloudformation", AWAY).describe_stacks(StackName="notejam-prod-database")["Stacks"][0]
    chosen = {each["ParameterKey"]: each["ParameterValue"] for each in database["Parameters"]}
    assert chosen["SnapshotIdentifier"] == copied


def test_a_move_without_a_copy_is_refused_before_anything_is_made(run: Run, aws: Emulator) -> None:
    run("deploy", "--yes")
    ran = run("failover", "--to", AWAY, "--yes")
    assert ran.exit == 1
    assert "copy of the database: none in this region" in ran.said
    assert "notejam-prod-network" not in stacks(aws, AWAY)


def test_a_stage_that_does_not_answer_in_its_new_place_is_told_of_before_people_are_sent_there(
    run: Run, copied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failover_checks, "smoke", functools.partial(failover_checks.smoke, tries=1, pause=0.0))
    ran = run("failover", "--to", AWAY, "--yes", "--anyway", "--image", IMAGE)
    assert ran.exit == 3, ran.said
    assert f"prod is up in {AWAY} and silent" in ran.said


def test_an_application_that_needs_a_moment_passes_the_smoke_test() -> None:
    answers = [503, 503, 200]

    class Waking(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Waking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = failover_checks.smoke(f"http://127.0.0.1:{server.server_address[1]}/", pause=0.01)
        server.shutdown()
    assert (found.verdict, answers) == (failover_checks.FINE, [])


def account(allowed: float = 20, aurora: bool = True) -> CannedAws:
    """An account in which every quota is `allowed`."""
    return CannedAws(
        get_service_quota={"Quota": {"Value": allowed}},
        describe_vpcs={"Vpcs": [{}] * 5},
        describe_addresses={"Addresses": [{}] * 3},
        describe_region_settings={"ResourceTypeOptInPreference": {"Aurora": aurora}},
    )


@pytest.fixture
def templates(built: Path) -> dict[str, Any]:
    from notejam_cfn.core.render import load
    from notejam_cfn.deploy.manifest import read

    return {stack.layer: load(stack.text()) for stack in read(built).stacks_of("prod")}


def test_quotas_that_are_too_small_are_found_out(templates: dict[str, Any]) -> None:
    tight, wide = account(5), account(20)
    for aws, verdict, scaling in (
        (tight, failover_checks.WRONG, failover_checks.WARNING),
        (wide, failover_checks.FINE, failover_checks.FINE),
    ):
        assert failover_checks.vpcs(aws, AWAY).verdict == verdict
        assert failover_checks.addresses(aws, templates["network"], AWAY).verdict == verdict
        assert failover_checks.processors(aws, templates["service"], AWAY).verdict == scaling
    said = failover_checks.processors(wide, templates["service"], AWAY).detail
    assert said == "20 vCPU; 24 tasks, the most, take 12"


def test_a_region_where_aws_backup_leaves_aurora_alone_is_found_out() -> None:
    found = failover_checks.backed_up(account(aurora=False), AWAY)
    assert found.verdict == failover_checks.WARNING and f"--region {AWAY}" in found.detail


def test_what_cannot_be_looked_up_is_named(run: Run, aws: Emulator, copied: str) -> None:
    aws.set_faults(answers=[{"action": "GetServiceQuota", "error": "AccessDeniedException", "times": 9}])
    said = run("failover", "--to", AWAY, "--dry-run").said
    assert "unknown  quota of VPCs: could not be looked up" in said


def test_home_is_no_place_to_move_to(run: Run) -> None:
    assert run("failover", "--to", HOME, "--yes").exit == 2


def test_a_region_that_lacks_a_type_is_found_out() -> None:
    template = {"Resources": {"Test": {"Type": "AWS::Backup::RestoreTestingPlan"}}}
    assert failover_checks.types([template], "us-gov-west-1").verdict == failover_checks.WRONG
    assert failover_checks.types([template], AWAY).verdict == failover_checks.FINE
    assert failover_checks.types([template], "xx-nowhere-1").verdict == failover_checks.UNKNOWN


def test_a_certificate_of_another_region_is_found_out() -> None:
    def listener(arn: Any) -> dict[str, Any]:
        properties = {"Certificates": [{"CertificateArn": arn}]}
        return {"Resources": {"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}}}

    assert (
        failover_checks.certificate(listener(f"arn:aws:acm:{HOME}:1:certificate/x"), AWAY).verdict
        == failover_checks.WRONG
    )
    assert failover_checks.certificate(listener({"Ref": "Certificate"}), AWAY).verdict == failover_checks.FINE


def test_the_image_is_looked_for_in_the_other_regions_registry() -> None:
    for name in ("dkr.ecr.{}.amazonaws.com", "dkr-ecr.{}.on.aws"):
        image = f"123456789012.{name}/shop/web@sha256:abc"
        assert failover_checks.image_there(image.format(HOME), AWAY) == image.format(AWAY)
    assert failover_checks.image_there("registry.example.com/web:1", AWAY) == "registry.example.com/web:1"


def test_an_image_that_the_pipeline_copied_is_found_by_its_digest(run: Run, aws: Emulator, copied: str) -> None:
    assert run("deploy", "--yes", "--only", f"delivery-{AWAY}", stage="delivery").exit == 0
    ecr = aws.client("ecr", AWAY)
    (repository,) = ecr.describe_repositories()["repositories"]
    pushed = ecr.put_image(
        repositoryName=repository["repositoryName"], imageManifest='{"schemaVersion": 2}', imageTag="release-1"
    )
    address = f"{repository['repositoryUri']}@{pushed['image']['imageId']['imageDigest']}"
    assert "no copy is noted as what prod runs" in run("failover", "--to", AWAY, "--dry-run").said
    newer = '{"schemaVersion": 2, "layers": []}'
    for tag in ("release-2", "stage-prod"):  # whoever may push can move a tag
        ecr.put_image(repositoryName=repository["repositoryName"], imageManifest=newer, imageTag=tag)
    digest = address.partition("@")[2]
    aws.client("ssm", AWAY).put_parameter(Name="notejam-delivery-in-prod-image", Value=digest, Type="String")
    assert f"--image {address} is what prod runs" in run("failover", "--to", AWAY, "--dry-run").said
    at_home = f"123456789012.dkr.ecr.{HOME}.example.com/other-name@{address.partition('@')[2]}"
    said = run("failover", "--to", AWAY, "--dry-run", "--image", at_home).said
    assert f"ok       container image: {repository['repositoryName']} is in {AWAY}" in said
    assert "container image: " in run("failover", "--to", AWAY, "--dry-run", "--anyway", "--image", IMAGE).said


def test_the_dns_change_points_the_name_at_the_new_load_balancer() -> None:
    change = json.loads(failover_domain.dns_change({"Name": "notes.example.com", "Type": "A"}, "new.example.com", "Z9"))
    (only,) = change["Changes"]
    assert only["Action"] == "UPSERT"
    assert only["ResourceRecordSet"]["AliasTarget"]["DNSName"] == "new.example.com"


def test_at_cloudfront_the_name_is_taken_from_the_old_distribution_before_dns_changes() -> None:
    record = {"Name": "notes.example.com", "Type": "A", "HostedZoneId": "Z0123"}
    lines = failover_domain.steps_at_cloudfront("notes.example.com", [record], "E1", "d1.cloudfront.net")
    alias = next(number for number, line in enumerate(lines) if "associate-alias --target-distribution-id E1" in line)
    change = next(number for number, line in enumerate(lines) if "change-resource-record-sets" in line)
    assert alias < change and "Z2FDTNDATAQYW2" in lines[change] and "d1.cloudfront.net" in lines[change]
    assert "--parameter ServeDomain=true" in lines[-1]
    assert failover_domain.steps_at_cloudfront("", [], "E1", "d1.cloudfront.net") == [failover_domain.NO_DOMAIN]


def test_what_cloudfront_takes_from_one_region_does_not_move(built: Path) -> None:
    from notejam_cfn.deploy.manifest import read

    stacks = read(built).stacks_of("prod")
    assert "edge" in {stack.layer for stack in stacks}
    moved = failover_checks.stacks_there(stacks, AWAY)
    assert {"edge", "copies"}.isdisjoint({stack.layer for stack in moved})
    assert all(set(stack.depends_on) <= {one.name for one in moved} for stack in moved)


def test_records_of_the_old_region_are_left_out_of_the_new_stack(built: Any) -> None:
    from notejam_cfn.core.render import load
    from notejam_cfn.deploy.manifest import read

    there = failover_checks.stacks_there(read(built).stacks_of("prod"), AWAY)
    kinds = {body["Type"] for stack in there for body in load(stack.text())["Resources"].values()}
    assert failover_checks.RECORD not in kinds
    assert {stack.region for stack in there} == {AWAY}
