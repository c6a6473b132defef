"""Links: the right console of every partition, and everything that a link fills in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from notejam_cfn import cli
from notejam_cfn.links import console, create_link, upload_link


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
    assert page == "/stacks/quickcreate"
    assert parse_qs(filled) == {
        "templateURL": ["https://b.s3.amazonaws.com/console.yaml"],
        "stackName": ["notejam-dev"],
        "param_MaxTasks": ["2"],
    }


def test_the_command_prints_a_link_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["links", "--base-url", "https://b.s3.amazonaws.com/x/", "--parameter", "MaxTasks=2"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("#/stacks/quickcreate?") == printed.count("#/stacks/create") == 3
    assert "https%3A%2F%2Fb.s3.amazonaws.com%2Fx%2Fdev%2Fconsole.yaml" in printed


def test_a_parameter_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["links", "--parameter", "MaxTasks"])
    assert "must be NAME=VALUE" in capsys.readouterr().err
