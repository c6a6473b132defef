"""Whatever is wrong with what AWS's configuration says, or with a clock, becomes an error that says what it is."""

from __future__ import annotations

import datetime
import email.utils
from collections.abc import Callable
from pathlib import Path

import pytest

from notejam_cfn.cli.main import main
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.exit_codes import AwsTrouble, NoAccess
from tests.notejam_cfn.deploy.aws.test_client import StubbedAws, cloudformation

__all__ = ["cloudformation"]
ROLE = "role_arn = arn:aws:iam::123456789012:role/deployer\n"
PROFILES = {
    "a process that prints no JSON": ("credential_process = echo hello", "is no JSON"),
    "a process that prints a list": ("credential_process = echo []", "broken"),
    "a process that does not exist": ("credential_process = /nonexistent/program", "/nonexistent/program"),
    "a process that fails": ("credential_process = false", "custom-process"),
    "a token file that is not there": (f"{ROLE}web_identity_token_file = /nonexistent/token", "/nonexistent/token"),
    "a source that is no profile": (f"{ROLE}source_profile = gone", "gone"),
    "half a key": ("aws_access_key_id = k", "aws_secret_access_key"),
    "an endpoint without a scheme": ("endpoint_url = localhost:4566", "Invalid endpoint: localhost:4566"),
}


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Aws]:
    """Write a configuration of AWS that has only the profile `mine`, and return who uses it."""

    def write(text: str) -> Aws:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "config").write_text(text)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        return Aws(Access(profile="mine"))

    return write


@pytest.mark.parametrize("wrong", PROFILES)
def test_broken_credentials_are_one_line_with_advice(configure: Callable[[str], Aws], wrong: str) -> None:
    text, said = PROFILES[wrong]
    with pytest.raises(AwsTrouble) as raised:
        configure(f"[profile mine]\n{text}\n").account("eu-central-1")
    assert said in str(raised.value)
    assert raised.value.advice


def test_a_configuration_that_cannot_be_parsed_is_named(configure: Callable[[str], Aws], tmp_path: Path) -> None:
    with pytest.raises(AwsTrouble, match=str(tmp_path)):
        configure("garbage").account("eu-central-1")


@pytest.mark.parametrize(
    ("code", "message", "minutes", "clock"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20261125T2000Z is now earlier than 20261125T2055Z", 0, True),
        ("InvalidSignatureException", "Signature not yet current: 20261125T2000Z is still later", 0, True),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", 0, True),
        ("AuthFailure", "AWS was not able to validate the provided access credentials", 90, True),
        ("AuthFailure", "AWS was not able to validate the provided access credentials", 1, False),
        ("ExpiredToken", "The security token included in the request is expired", 0, False),
    ],
)
def test_a_wrong_clock_is_told_from_wrong_credentials(
    cloudformation: StubbedAws, code: str, message: str, minutes: int, clock: bool
) -> None:
    there = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    answered = {"HTTPHeaders": {"date": email.utils.format_datetime(there, usegmt=True)}}
    cloudformation.stubber.add_client_error("describe_stacks", code, message, response_meta=answered)
    with pytest.raises(NoAccess) as raised:
        cloudformation.stack("eu-central-1", "s")
    assert ("clock is wrong" in str(raised.value), "timedatectl" in raised.value.advice[0]) == (clock, clock)
    assert (f"AWS says {there:%H:%M}" in str(raised.value)) == (clock and minutes > 0)


@pytest.mark.parametrize(
    ("option", "value"), [("--endpoint-url", "localhost:4566"), ("--endpoint-url", ""), ("--region", "Frankfurt")]
)
def test_where_aws_is_must_be_said_in_full(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "dev", option, value]) == 2
    assert f"{option} must be such as" in capsys.readouterr().err
