"""The rehearsal goes in by the deployed entrance, whichever that is, and notices when it leads nowhere or too far."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.cli import main
from notejam_cfn.core import render
from notejam_cfn.deploy.manifest import read
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.entrance.smoke_client import SmokeError
from notejam_cfn.local.rehearse import Rehearsal, Settings

ROOT = Path(__file__).parents[4]
DOMAIN = 'load_balancer.domain = "notes.example.com"\nload_balancer.hosted_zone_id = "Z0123ABC"\n'
Rehearse = Callable[..., str]


@pytest.fixture
def rehearse(aws: Emulator, tmp_path: Path) -> Rehearse:
    """Rehearse a dev stage with some settings, its service changed after it was built; return what was told."""

    def run(settings: str, change: Callable[[dict[str, Any]], None] | None = None) -> str:
        config, output = tmp_path / "notejam.toml", tmp_path / "output"
        config.write_text(f'[stages.dev]\nregion = "eu-central-1"\n{settings}', encoding="utf-8")
        assert main.main(["build", "--no-lint", "--config", str(config), "--output", str(output)]) == 0
        if change:
            rewrite(output, change)
        told: list[str] = []
        Rehearsal(read(output), Settings("dev", ROOT, image=False), aws, told.append).run()
        return "\n".join(told)

    return run


def rewrite(output: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = output / "dev" / "service.yaml"
    template = render.load(path.read_text(encoding="utf-8"))
    change(template["Resources"])
    path.write_text(render.to_yaml(template), encoding="utf-8")
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    for stack in manifest["stacks"]:
        if stack["name"] == "notejam-dev-service":
            stack["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (output / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_domain_with_firewall_and_log_goes_well_from_nothing_to_nothing(rehearse: Rehearse) -> None:
    told = rehearse(f"{DOMAIN}load_balancer.waf = true\ncdn.access_log = true\n")
    assert "https://notes.example.com says that it waits" in told
    assert "removed 7 stacks" in told


def test_without_cloudfront_people_come_by_the_load_balancer(rehearse: Rehearse) -> None:
    told = rehearse("cdn.enabled = false\n")
    assert "elb.amazonaws.com says that it waits" in told and "who asks over HTTP" not in told


def test_a_load_balancer_that_does_not_admit_cloudfront_is_noticed(rehearse: Rehearse) -> None:
    def close(resources: dict[str, Any]) -> None:
        del resources["CloudFrontSecurityGroup"]["Properties"]["SecurityGroupIngress"]

    with pytest.raises(SmokeError, match="504"):
        rehearse("", close)


def test_an_origin_that_speaks_what_nobody_listens_to_is_noticed(rehearse: Rehearse) -> None:
    def encrypt(resources: dict[str, Any]) -> None:
        resources["VpcOrigin"]["Properties"]["VpcOriginEndpointConfig"]["OriginProtocolPolicy"] = "https-only"

    with pytest.raises(SmokeError, match=r"50[24]"):
        rehearse("", encrypt)


def test_an_error_that_the_edge_keeps_is_noticed(rehearse: Rehearse) -> None:
    def keep(resources: dict[str, Any]) -> None:
        config = resources["Distribution"]["Properties"]["DistributionConfig"]
        config["CustomErrorResponses"] = [each for each in config["CustomErrorResponses"] if each["ErrorCode"] != 404]

    with pytest.raises(SmokeError, match="404"):
        rehearse("", keep)


def test_a_page_that_the_edge_keeps_is_noticed(rehearse: Rehearse) -> None:
    """With everything cached, who signs in is shown what somebody else was shown before."""

    def cache(resources: dict[str, Any]) -> None:
        config = resources["Distribution"]["Properties"]["DistributionConfig"]
        config["DefaultCacheBehavior"]["CachePolicyId"] = config["CacheBehaviors"][0]["CachePolicyId"]

    with pytest.raises(SmokeError):
        rehearse("", cache)
