"""What AWS answers becomes data, or an error that says what to do. Answers are injected with botocore's Stubber."""

from __future__ import annotations

import datetime
import http.server
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import boto3
import botocore.exceptions
import pytest
from botocore.stub import Stubber

from notejam_cfn.deploy.aws.client import KEEP, Access, Aws, ChangeSetFailed, Creation, Pause
from notejam_cfn.deploy.exit_codes import AwsTrouble, CommandError, Exit, NoAccess, Refused, Throttled, Unreachable

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
CHANGE_SET = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/c/1"
STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1"


class StubbedAws(Aws):
    """A facade over a stubbed client of one service."""

    def __init__(self, service: str) -> None:
        super().__init__(Access())
        client = boto3.client(  # type: ignore[call-overload]
            service, region_name="eu-central-1", aws_access_key_id="k", aws_secret_access_key="s"
        )
        self.stubber = Stubber(client)
        self._clients[service, "eu-central-1"] = client


@pytest.fixture
def cloudformation() -> Iterator[StubbedAws]:
    aws = StubbedAws("cloudformation")
    with aws.stubber:
        yield aws


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ExpiredToken", NoAccess),
        ("RequestExpired", NoAccess),
        ("InvalidClientTokenId", NoAccess),
        ("AccessDenied", NoAccess),
        ("Throttling", Throttled),
        ("RequestLimitExceeded", Throttled),
        ("ServiceUnavailable", Unreachable),
        ("500", Unreachable),
        ("InsufficientCapabilitiesException", AwsTrouble),
    ],
)
def test_an_error_of_aws_is_explained(cloudformation: StubbedAws, code: str, kind: type[CommandError]) -> None:
    cloudformation.stubber.add_client_error("describe_stacks", code, "because")
    with pytest.raises(kind) as raised:
        cloudformation.stack("eu-central-1", "s")
    assert raised.value.exit is Exit.AWS_TROUBLE


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (botocore.exceptions.NoCredentialsError(), NoAccess),
        (botocore.exceptions.SSOTokenLoadError(profile_name="p", error_msg="gone"), NoAccess),
        (botocore.exceptions.TokenRetrievalError(provider="sso", error_msg="gone"), NoAccess),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://x"), Unreachable),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://x"), Unreachable),
        (botocore.exceptions.ConnectionClosedError(endpoint_url="https://x"), Unreachable),
    ],
)
def test_trouble_on_the_way_to_aws_is_explained(
    cloudformation: StubbedAws, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[CommandError]
) -> None:
    def fail(**given: Any) -> Any:
        raise error

    monkeypatch.setattr(cloudformation._clients["cloudformation", "eu-central-1"], "describe_stacks", fail)
    with pytest.raises(kind) as raised:
        cloudformation.stack("eu-central-1", "s")
    assert raised.value.advice


def test_a_stack_that_does_not_exist_is_none(cloudformation: StubbedAws) -> None:
    cloudformation.stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id s does not exist")
    assert cloudformation.stack("eu-central-1", "s") is None


def test_somebody_elses_operation_is_refused_not_fought(cloudformation: StubbedAws) -> None:
    message = "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated."
    cloudformation.stubber.add_client_error("delete_stack", "ValidationError", message)
    with pytest.raises(Refused):
        cloudformation.delete_stack("eu-central-1", "s", "token")


def creation(**values: str) -> Creation:
    return Creation("s", "{}", values, (), {"project": "shop"})


def test_kept_values_are_sent_as_such(cloudformation: StubbedAws) -> None:
    expected = {
        "StackName": "s",
        "TemplateBody": "{}",
        "Parameters": [
            {"ParameterKey": "Kept", "UsePreviousValue": True},
            {"ParameterKey": "New", "ParameterValue": "1"},
        ],
        "Capabilities": [],
        "Tags": [{"Key": "project", "Value": "shop"}],
        "ChangeSetName": "c",
        "ChangeSetType": "UPDATE",
    }
    cloudformation.stubber.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK}, expected)
    cloudformation.stubber.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    made = cloudformation.create_change_set("eu-central-1", creation(Kept=KEEP, New="1"), "c")
    assert made.executable


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_a_change_set_without_changes_is_no_failure(cloudformation: StubbedAws, reason: str) -> None:
    cloudformation.stubber.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK})
    cloudformation.stubber.add_response("describe_change_set", {"Status": "CREATE_IN_PROGRESS"})
    cloudformation.stubber.add_response("describe_change_set", {"Status": "FAILED", "StatusReason": reason})
    assert not cloudformation.create_change_set("eu-central-1", creation(), "c").executable


def test_a_change_set_that_fails_says_which(cloudformation: StubbedAws) -> None:
    cloudformation.stubber.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK})
    answer = {"Status": "FAILED", "StatusReason": "validation failed: [AWS::EarlyValidation::PropertyValidation]"}
    cloudformation.stubber.add_response("describe_change_set", answer)
    with pytest.raises(ChangeSetFailed, match="EarlyValidation") as raised:
        cloudformation.create_change_set("eu-central-1", creation(), "c")
    assert raised.value.change_set == CHANGE_SET


def test_early_validation_is_asked_by_the_change_sets_arn(cloudformation: StubbedAws) -> None:
    """By its name alone DescribeEvents does not find it."""
    event = {
        "EventId": "1",
        "LogicalResourceId": "Cluster",
        "ResourceType": "AWS::RDS::DBCluster",
        "ValidationStatusReason": "extraneous key [Colour] is not permitted",
        "ValidationPath": "/Resources/Cluster/Properties/Colour",
        "Timestamp": NOW,
    }
    expected = {"ChangeSetName": CHANGE_SET, "Filters": {"FailedEvents": True}}
    cloudformation.stubber.add_response("describe_events", {"OperationEvents": [event]}, expected)
    (found,) = cloudformation.validation_failures("eu-central-1", CHANGE_SET)
    assert "Colour" in found.reason
    assert "/Resources/Cluster" in found.reason


def test_early_validation_that_may_not_be_asked_says_nothing(cloudformation: StubbedAws) -> None:
    cloudformation.stubber.add_client_error("describe_events", "AccessDenied", "no")
    assert cloudformation.validation_failures("eu-central-1", CHANGE_SET) == []


def test_events_stop_at_the_one_that_is_known(cloudformation: StubbedAws) -> None:
    events = [{"EventId": str(n), "StackId": STACK, "StackName": "s", "Timestamp": NOW} for n in (3, 2, 1)]
    cloudformation.stubber.add_response("describe_stack_events", {"StackEvents": events})
    assert [event.id for event in cloudformation.events("eu-central-1", "s", after="1")] == ["2", "3"]


def test_pauses_grow_to_a_limit() -> None:
    pause = Pause(first=0.001, most=0.002)
    for _ in range(5):
        pause.take()
    assert pause.seconds == 0.002


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers the first requests with a page or nothing, and what follows as CloudFormation does."""

    pages: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        kind, body = self.pages.pop(0) if self.pages else ("text/xml", STACKS)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if kind == "text/xml":
            self.send_header("x-amzn-RequestId", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


STACKS = b"<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"
PAGE = ("text/html", b"<html>Sign in to the network</html>")


@pytest.fixture
def proxy() -> Iterator[Aws]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Aws(Access(endpoint_url=f"http://127.0.0.1:{server.server_port}", keys=("k", "s")))
        server.shutdown()
        Proxy.pages.clear()


@pytest.mark.parametrize(("service", "method"), [("cloudformation", "describe_stacks"), ("ecs", "list_clusters")])
@pytest.mark.parametrize("page", [PAGE, ("application/json", b"")])
def test_a_page_that_is_no_answer_of_aws_is_a_network_trouble(
    proxy: Aws, service: str, method: str, page: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pause, "take", lambda self, wake=None: None)
    Proxy.pages.extend([page] * 20)
    with pytest.raises(Unreachable, match=f"what answered for {service} is not AWS"):
        proxy.call(service, "eu-central-1", method)


def test_a_page_that_is_no_answer_of_aws_is_asked_again(proxy: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pause, "take", lambda self, wake=None: None)
    Proxy.pages.extend([PAGE, PAGE])
    assert proxy.call("cloudformation", "eu-central-1", "describe_stacks")["Stacks"] == []


def test_what_a_stack_has_deleted_or_left_behind_it_no_longer_holds(cloudformation: StubbedAws) -> None:
    statuses = ("CREATE_COMPLETE", "DELETE_COMPLETE", "DELETE_SKIPPED", "DELETE_FAILED")
    held = [
        {
            "LogicalResourceId": status,
            "ResourceType": "AWS::RDS::DBCluster",
            "ResourceStatus": status,
            "LastUpdatedTimestamp": NOW,
        }
        for status in statuses
    ]
    cloudformation.stubber.add_response("list_stack_resources", {"StackResourceSummaries": held})
    found = [each.status for each in cloudformation.resources("eu-central-1", "s")]
    assert found == ["CREATE_COMPLETE", "DELETE_FAILED"]
