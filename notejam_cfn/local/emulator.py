"""AWS without AWS: ministack in a process of its own, with a stand-in for every CloudFormation type it lacks.

    with emulator.running() as aws:
        outputs = aws.deploy("my-stack", template, {"Parameter": "value"})
        aws.client("ec2").describe_vpcs()

It holds nothing on disk, listens on a free port of this machine only, is ready in about two seconds and ends with the
process that started it. Accounts are apart from each other, and so are regions.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ..core.composition.partition import REQUEST_BYTES
from ..deploy.aws.client import core_session

# Not imported here: what runs there needs ministack.
SERVER = f"{__package__}.emulated.server"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
POLL_SECONDS = 0.05
DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
MESSAGE_LENGTH = 600


class EmulatorError(RuntimeError):
    """The emulator did not start, or a stack could not be deployed in it."""


@dataclasses.dataclass(frozen=True)
class Emulator:
    """A running emulator. `url` is the endpoint of every service; `account` is who calls."""

    url: str
    account: str = ACCOUNT
    region: str = REGION

    @property
    def keys(self) -> tuple[str, str]:
        """An access key and its secret: ministack takes a key of 12 digits for the account."""
        return self.account, "rehearsal"

    def session(self, role_arn: str) -> tuple[str, str, str]:
        """Take on a role, and return the access key, secret and token of the session."""
        taken = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="rehearsal")["Credentials"]
        return taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to talk to the emulator instead of AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.keys[0],
            "AWS_SECRET_ACCESS_KEY": self.keys[1],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def client(self, service: str, region: str | None = None, account: str | None = None) -> Any:
        """Return a boto3 client that talks to the emulator; the same one when asked again."""
        return _client(self.url, service, region or self.region, account or self.account, "rehearsal")

    def client_in_role(self, service: str, role_arn: str) -> Any:
        """Return a boto3 client that works in a role."""
        return _client(self.url, service, self.region, *self.session(role_arn))

    def deploy(
        self,
        name: str,
        template: Mapping[str, Any],
        parameters: Mapping[str, str] | None = None,
        region: str | None = None,
        role: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Create or update a stack from a template (long form, as a dictionary) and return its outputs.

        With a role's ARN CloudFormation works in it, and may do what the role's policies let it.

        Raises EmulatorError with the first reason that CloudFormation gives, when the template or a resource in it is
        refused. A stack without changes is left as it is.
        """
        cloudformation = self.client("cloudformation", region)
        given = self._template(template) | ({"RoleARN": role} if role else {})
        tagged = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
        stack = _apply(cloudformation, name, given | tagged, parameters or {})
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}

    def _template(self, template: Mapping[str, Any]) -> dict[str, str]:
        """Return a template as a request takes it: itself, or where it is when it is too large for that."""
        body = json.dumps(template, separators=(",", ":"))
        if len(body.encode()) <= REQUEST_BYTES:
            return {"TemplateBody": body}
        s3 = self.client("s3", "us-east-1")
        s3.create_bucket(Bucket="templates")
        s3.put_object(Bucket="templates", Key="template.json", Body=body.encode())
        return {"TemplateURL": f"{self.url}/templates/template.json"}

    def set_faults(self, **faults: Any) -> None:
        """Get things wrong from now on, in place of what was asked before; without arguments all goes well again.

        `seconds_per_resource=0.5`; `failures=[{"logical_id": "Vpc", "operation": "create", "reason": "…"}]`;
        `answers=[{"action": "DescribeStacks", "error": "Throttling", "times": 3}]`, with the error `hang up` for a
        connection that breaks; `exports="why an export to S3 fails"`.
        """
        self._control("faults", faults)

    def keep_point(
        self,
        vault: str,
        name: str,
        made: datetime,
        region: str | None = None,
        *,
        days: int = 35,
        status: str = "COMPLETED",
        plan: str = "",
    ) -> str:
        """Put a snapshot into a backup vault, as a plan had at `made`, and return its ARN. It stays for `days`."""
        region = region or self.region
        point = {"account": self.account, "region": region, "vault": vault, "name": name, "made": made.timestamp()}
        self._control("points", point | {"days": days, "status": status, "plan": plan})
        return f"arn:aws:rds:{region}:{self.account}:cluster-snapshot:{name}"

    def asked(self) -> list[dict[str, Any]]:
        """Return what roles were asked for since the last reset, each once.

        Each has `caller` (an ARN), `action`, `resource`, `context` (condition keys), `allowed` and `resource_policy`.
        """
        found: list[dict[str, Any]] = self._control("asked", {})
        return found

    def usage(self) -> dict[str, dict[str, Any]]:
        """Return what the roles that are there need of their permissions, by ARN, from what they were asked for.

        Each has `permissions`, how many there are, and two lists of words: `unused`, and `unnoticed`, those that could
        go without anything being refused.
        """
        found: dict[str, dict[str, Any]] = self._control("usage", {})
        return found

    def let_services_work(self) -> list[str]:
        """Let AWS's services do what they do for the deployed resources, in their roles; return what they are refused.

        They pull images, read secrets, write logs, publish alarms, start state machines, encrypt.
        """
        refused: list[str] = self._control("work", {})
        return refused

    def spend(self, budget: str, usd: float) -> list[str]:
        """Let a deployed budget see that so many US dollars were spent; return what its actions are refused."""
        refused: list[str] = self._control("spent", {"budget": budget, "usd": usd})
        return refused

    def reset(self) -> None:
        """Forget every resource of every account."""
        self._control("forget", {})
        request = urllib.request.Request(f"{self.url}/_ministack/reset", b"", method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def keep(self, name: str) -> None:
        """Keep everything that is there under a name; no operation may be under way."""
        self._control("keep", {"name": name})

    def put_back(self, name: str) -> bool:
        """Let nothing be there but what was kept under a name; False, and it is empty, when nothing was."""
        self.reset()
        return bool(self._control("put_back", {"name": name}))

    def _control(self, what: str, document: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(f"{self.url}/_rehearsal/{what}", json.dumps(document).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def running(account: str = ACCOUNT, region: str = REGION) -> Iterator[Emulator]:
    """Start an emulator and stop it at the end, whatever happens."""
    with subprocess.Popen(
        [sys.executable, "-m", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("EMULATOR_LOG_LEVEL") else subprocess.DEVNULL,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        start_new_session=True,  # Ctrl-C is for the person's command, not for the emulator
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            url = process.stdout.readline().strip()
            if not url:
                status = process.wait(timeout=10)
                raise EmulatorError(
                    f"the emulator did not start: exit status {status}; EMULATOR_LOG_LEVEL=INFO shows why"
                )
            yield Emulator(url, account, region)
        finally:
            process.stdin.close()  # which ends it
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


@functools.lru_cache(maxsize=256)
def _client(url: str, service: str, region: str, key: str, secret: str, token: str | None = None) -> Any:
    return _session().client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )


@functools.cache
def _session() -> Any:
    import boto3

    return boto3.session.Session(botocore_session=core_session())


def _apply(cloudformation: Any, name: str, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    """Create a stack, or update it where it is there, and return what CloudFormation says of it then."""
    import botocore.exceptions

    request = {
        "StackName": name,
        **template,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        try:
            cloudformation.create_stack(**request)
        except cloudformation.exceptions.AlreadyExistsException:
            cloudformation.update_stack(**request)
    except botocore.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise EmulatorError(f"{name}: {error.response['Error']['Message'][:MESSAGE_LENGTH]}") from error
    while (stack := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"] not in DEPLOYED:
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            raise EmulatorError(f"{name}: {_first_reason(cloudformation, name)}")
        time.sleep(POLL_SECONDS)
    return stack


def _first_reason(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    first = failed[0] if failed else events[0]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', first['ResourceStatus'])}"
