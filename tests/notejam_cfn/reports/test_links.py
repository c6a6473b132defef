"""Links: the right console of every partition, and everything that a link fills in."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from notejam_cfn.cli import main
from notejam_cfn.reports.links import console, create_link, upload_link


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
    ],
)
def test_every_partition_has_its_console(region: str, host: str) -> None:
    assert urlsplit(console(region)).netloc == host
    assert parse_qs(urlsplit(upload_link(region)).query) == {"region": [region]}


def test_a_link_carries_template_name_and_parameters() -> None:
    link = create_link("eu-west-1", "https://b.s3.amazonaws.com/console.yaml", "notejam-dev", {"MaxTasks": "2"})
    page, _, filled = urlsplit(link).fragment.partition("?")
    assert page == "/stacks/create/review"
    assert parse_qs(filled) == {
        "templateURL": ["https://b.s3.amazonaws.com/console.yaml"],
        "stackName": ["notejam-dev"],
        "param_MaxTasks": ["2"],
    }


def test_the_command_prints_a_link_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["links", "--base-url", "https://b.s3.amazonaws.com/x/", "--parameter", "MaxTasks=2"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("#/stacks/create/review?") == printed.count("#/stacks/create/template") == 3
    assert "https%3A%2F%2Fb.s3.amazonaws.com%2Fx%2Fdev%2Fconsole.yaml" in printed


def test_without_an_address_in_s3_the_command_says_how_to_get_the_other_links(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["links", "--stage", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "review" not in printed and "--base-url" in printed


@pytest.mark.parametrize(
    "url",
    [
        "https://b.s3.eu-central-1.amazonaws.com",
        "https://b.s3.cn-north-1.amazonaws.com.cn/x/",
        "https://s3.us-gov-west-1.amazonaws.com/b",
        "https://b.s3-us-west-2.amazonaws.com",
    ],
)
def test_any_address_in_s3_is_taken(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["links", "--stage", "dev", "--base-url", url]) == 0
    assert quote(url, safe="") in capsys.readouterr().out


@pytest.mark.parametrize("url", ["https://example.com/s3.yaml", "http://b.s3.amazonaws.com", "s3://b/output"])
def test_an_address_that_cloudformation_does_not_read_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["links", "--base-url", url]) == 2
    assert "must be an address in S3" in capsys.readouterr().err


def test_a_parameter_that_no_template_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["links", "--stage", "dev", "--parameter", "MaxTask=2"]) == 2
    assert "no template has 'MaxTask'; there are AlarmEmail" in capsys.readouterr().err


def test_a_parameter_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["links", "--parameter", "MaxTasks"]) == 2
    assert "must be NAME=VALUE" in capsys.readouterr().err
