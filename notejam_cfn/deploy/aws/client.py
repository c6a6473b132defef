"""The one place that calls AWS: short methods that take and return plain data, and explain what goes wrong.

Requests that are throttled or meet a passing fault are tried again by botocore, with growing pauses. What still fails
becomes one of the errors in `exit_codes.py`, with what to do about it. boto3 is imported at the first call.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...core import render
from ..exit_codes import AwsTrouble, CommandError, Unreachable
from . import response_parsers
from .errors import NO_ANSWER, explained, require_answer, says_gone
from .models import ChangeSet, Event, HeldResource, RolloutState, StackState, outputs_of

ATTEMPTS = 8
CONNECT_SECONDS = 10
READ_SECONDS = 60
TASKS_IN_A_REQUEST = 100  # so many DescribeTasks takes


@dataclasses.dataclass(frozen=True)
class Access:
    """How to reach AWS: which credentials, where, and in which role CloudFormation works.

    Credentials come from the profile or the environment; `keys`, an access key, its secret and the token of a session
    where there is one, are for an emulator.
    """

    profile: str | None = None
    endpoint_url: str | None = None
    role_arn: str | None = None
    keys: tuple[str, ...] | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Creation:
    """Everything a new stack gets before its first resource is made. `url` is where its text is, when not sent."""

    name: str
    body: str
    parameters: Mapping[str, str]
    capabilities: Sequence[str]
    tags: Mapping[str, str]
    protected: bool = False
    policy: Mapping[str, Any] | None = None
    url: str = ""


class ChangeSetFailed(AwsTrouble):
    """CloudFormation refuses a change set. `change_set` is its id: it exists, and may be asked why."""

    def __init__(self, reason: str, change_set: str) -> None:
        super().__init__(reason)
        self.change_set = change_set


class Aws:
    """A facade over boto3. Safe to use from several threads."""

    def __init__(self, access: Access | None = None) -> None:
        self.access = access or Access()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def in_role(self, role_arn: str) -> Aws:
        """Return AWS as the same caller reaches it, by the same clients, with CloudFormation working in a role."""
        other = copy.copy(self)
        other.access = dataclasses.replace(self.access, role_arn=role_arn)
        return other

    def account(self, region: str) -> str:
        """Return the number of the account the credentials belong to."""
        return self.identity(region)[1]

    def identity(self, region: str) -> tuple[str, str]:
        """Return the partition and the number of the account the credentials belong to."""
        arn = str(self.call("sts", region, "get_caller_identity")["Arn"]).split(":")
        return arn[1], arn[4]

    def stack(self, region: str, name: str) -> StackState | None:
        """Return a stack by name or id, or None when there is none. One call."""
        found = self.call_if_there("cloudformation", region, "describe_stacks", StackName=name)
        return response_parsers.stack(found["Stacks"][0]) if found else None

    def stacks(self, region: str) -> list[StackState]:
        """Return every stack of a region that is there."""
        found = map(response_parsers.stack, self.items("cloudformation", region, "describe_stacks", "Stacks"))
        return [state for state in found if state.status != "DELETE_COMPLETE"]

    def states(self, stacks: Mapping[str, str]) -> dict[str, StackState | None]:
        """Return the state of each stack, given their regions by name: one call each, at the same time."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            return dict(zip(stacks, pool.map(self.stack, stacks.values(), stacks), strict=True))

    def outputs(self, stacks: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
        """Return the outputs of stacks, given their regions by name; one that does not exist is left out."""
        return outputs_of(self.states(stacks))

    def events(self, region: str, stack: str, after: str | None = None) -> list[Event]:
        """Return the events of a stack that are newer than the one with the id `after`, oldest first."""
        found: list[Event] = []
        for page in self.pages("cloudformation", region, "describe_stack_events", StackName=stack):
            for raw in page["StackEvents"]:
                if raw["EventId"] == after:
                    return found[::-1]
                found.append(response_parsers.event(raw))
        return found[::-1]

    def last_event(self, region: str, stack: str) -> Event | None:
        """Return the newest event of a stack. One call."""
        found = self.call_if_there("cloudformation", region, "describe_stack_events", StackName=stack)
        return response_parsers.event(found["StackEvents"][0]) if found and found["StackEvents"] else None

    def resources(self, region: str, stack: str) -> list[HeldResource]:
        """List what a stack holds, without what it has deleted or left behind; nothing where there is no such stack."""
        pages = self.pages_if_there("cloudformation", region, "list_stack_resources", StackName=stack)
        found = [raw for page in pages for raw in page["StackResourceSummaries"]]
        gone = ("DELETE_COMPLETE", "DELETE_SKIPPED")
        return [response_parsers.resource(raw) for raw in found if raw["ResourceStatus"] not in gone]

    def template(self, region: str, stack: str) -> dict[str, Any]:
        """Return the template of a stack as it was given, in the long form. botocore reads JSON by itself."""
        body = self.call("cloudformation", region, "get_template", StackName=stack)["TemplateBody"]
        return render.load(body) if isinstance(body, str) else dict(body)

    def create_stack(self, region: str, stack: Creation, token: str) -> str:
        """Begin to create a stack and return its id."""
        given = self._contents(stack) | {"EnableTerminationProtection": stack.protected, "ClientRequestToken": token}
        if stack.policy:
            given["StackPolicyBody"] = json.dumps(stack.policy)
        return str(self.call("cloudformation", region, "create_stack", **given)["StackId"])

    def create_change_set(self, region: str, stack: Creation, name: str) -> ChangeSet:
        """Create a change set of a stack that is there, and wait until it says what would change.

        `parameters` that are missing keep their present value; `KEEP` does the same by name. Raises
        ChangeSetFailed when CloudFormation refuses it for another reason than that nothing changes.
        """
        given = self._contents(stack) | {"ChangeSetName": name, "ChangeSetType": "UPDATE"}
        change_set = self.call("cloudformation", region, "create_change_set", **given)["Id"]
        pause = Pause()
        while True:
            pages = list(self.pages("cloudformation", region, "describe_change_set", ChangeSetName=change_set))
            status = pages[0]["Status"]
            if not status.endswith(("_PENDING", "_IN_PROGRESS")):
                break
            pause.take()
        # That nothing would change is a failure too, which it says in words only.
        reason = pages[0].get("StatusReason", "")
        unchanged = "didn't contain changes" in reason or "No updates are to be performed" in reason
        if status == "FAILED" and not unchanged:
            raise ChangeSetFailed(reason, change_set)
        changes = [raw["ResourceChange"] for page in pages for raw in page.get("Changes", ())]
        return ChangeSet(change_set, tuple(map(response_parsers.change, changes)), executable=status != "FAILED")

    def execute_change_set(self, region: str, change_set: ChangeSet, token: str) -> None:
        """Begin to do what a change set says."""
        self.call("cloudformation", region, "execute_change_set", ChangeSetName=change_set.id, ClientRequestToken=token)

    def delete_change_set(self, region: str, change_set: str) -> None:
        """Remove a change set; one that is gone already is fine."""
        self.call_if_there("cloudformation", region, "delete_change_set", ChangeSetName=change_set)

    def validation_failures(self, region: str, change_set: str) -> list[Event]:
        """Return what early validation found wrong; empty when it found nothing or may not be asked."""
        asked = {"ChangeSetName": change_set, "Filters": {"FailedEvents": True}}
        try:
            found = self.items("cloudformation", region, "describe_events", "OperationEvents", **asked)
        except CommandError:
            return []  # the reason of the change set itself is still shown
        return [response_parsers.operation_event(raw) for raw in found]

    def protect(self, region: str, stack: str, enabled: bool = True) -> None:
        """Set or clear termination protection."""
        asked = {"StackName": stack, "EnableTerminationProtection": enabled}
        self.call("cloudformation", region, "update_termination_protection", **asked)

    def set_policy(self, region: str, stack: str, policy: Mapping[str, Any]) -> None:
        """Say which resources of a stack updates may touch."""
        self.call("cloudformation", region, "set_stack_policy", StackName=stack, StackPolicyBody=json.dumps(policy))

    def cancel_update(self, region: str, stack: str, token: str) -> None:
        """Stop an update and roll it back."""
        self.call("cloudformation", region, "cancel_update_stack", StackName=stack, ClientRequestToken=token)

    def delete_stack(self, region: str, stack: str, token: str, keep: Sequence[str] = ()) -> None:
        """Begin to delete a stack; `keep` names resources, of a stack in DELETE_FAILED, to leave as they are."""
        given: dict[str, Any] = {"StackName": stack, "ClientRequestToken": token} | self._role()
        if keep:
            given["RetainResources"] = list(keep)
        self.call("cloudformation", region, "delete_stack", **given)

    def continue_rollback(self, region: str, stack: str, token: str, skip: Sequence[str] = ()) -> None:
        """Try again to take back an update, leaving out the resources in `skip`."""
        given: dict[str, Any] = {"StackName": stack, "ClientRequestToken": token} | self._role()
        if skip:
            given["ResourcesToSkip"] = list(skip)
        self.call("cloudformation", region, "continue_update_rollback", **given)

    def roll_back(self, region: str, stack: str, token: str) -> None:
        """Take back an operation that failed and was left as it was."""
        self.call("cloudformation", region, "rollback_stack", StackName=stack, ClientRequestToken=token, **self._role())

    def rollout(self, region: str, service_arn: str) -> RolloutState | None:
        """Return how far ECS is with a service, or None when it does not exist."""
        cluster = cluster_of(service_arn)
        found = self.call("ecs", region, "describe_services", cluster=cluster, services=[service_arn])["services"]
        return response_parsers.rollout(found[0]) if found else None

    def tasks(self, region: str, cluster: str, **which: str) -> Iterator[Mapping[str, Any]]:
        """Yield what ECS says of the tasks of a cluster, those of which ListTasks is asked."""
        size = {"PageSize": TASKS_IN_A_REQUEST}
        for page in self.pages("ecs", region, "list_tasks", cluster=cluster, PaginationConfig=size, **which):
            if page["taskArns"]:
                yield from self.call("ecs", region, "describe_tasks", cluster=cluster, tasks=page["taskArns"])["tasks"]

    def database(self, region: str, cluster: str) -> Mapping[str, Any]:
        """Return what RDS says of a cluster of databases. Raises AwsTrouble when there is none."""
        found = self.call("rds", region, "describe_db_clusters", DBClusterIdentifier=cluster)["DBClusters"]
        return dict(found[0])

    def quota(self, region: str, service: str, code: str) -> float:
        """Return the value of a quota in a region, as Service Quotas says it."""
        given = self.call("service-quotas", region, "get_service_quota", ServiceCode=service, QuotaCode=code)
        return float(given["Quota"]["Value"])

    def last_log_lines(self, region: str, group: str, stream: str, most: int) -> list[str]:
        """Return the last lines of a stream of CloudWatch Logs."""
        asked = {"logGroupName": group, "logStreamName": stream, "limit": most}
        return [event["message"].rstrip() for event in self.call("logs", region, "get_log_events", **asked)["events"]]

    def object_url(self, region: str, bucket: str, key: str) -> str:
        """Return an object's address, whatever the partition; it opens to who may read the object."""
        with explained("s3", "object_url"):
            asked = {"Bucket": bucket, "Key": key}
            signed = self._client("s3", region).generate_presigned_url("get_object", Params=asked)
        return str(signed).partition("?")[0]

    def call(self, service: str, region: str, method: str, /, **given: Any) -> Any:
        """Make one request, again where something else answers. Raises one of the errors in `exit_codes.py`."""
        pause = Pause()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                request = getattr(self._client(service, region), method)
                with explained(service, method):
                    answer = request(**given)
                    require_answer(service, answer)
                    return answer
            except Unreachable as error:
                if error.code != NO_ANSWER or attempt == ATTEMPTS:
                    raise
            pause.take()
        return None

    def call_if_there(self, service: str, region: str, method: str, /, **given: Any) -> Any | None:
        """Make one request; None where what it asks about does not exist."""
        try:
            return self.call(service, region, method, **given)
        except AwsTrouble as error:
            if says_gone(error):
                return None
            raise

    def items(self, service: str, region: str, method: str, key: str, /, **given: Any) -> list[Any]:
        """Return what all pages of a long answer have under a key."""
        return [item for page in self.pages(service, region, method, **given) for item in page[key]]

    def pages(self, service: str, region: str, method: str, /, **given: Any) -> Iterator[Any]:
        """Make a request for each page of a long answer."""
        paginator = self._client(service, region).get_paginator(method)
        with explained(service, method):
            yield from paginator.paginate(**given)

    def pages_if_there(self, service: str, region: str, method: str, /, **given: Any) -> Iterator[Any]:
        """Make a request for each page; none where what it asks about does not exist."""
        try:
            yield from self.pages(service, region, method, **given)
        except AwsTrouble as error:
            if not says_gone(error):
                raise

    def _client(self, service: str, region: str) -> Any:
        with explained(service, "configuration"), self._lock:
            if (service, region) not in self._clients:
                import botocore.config

                self._session = self._session or self._new_session()
                config = botocore.config.Config(
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    max_pool_connections=20,
                )
                self._clients[service, region] = self._session.client(
                    service, region_name=region, endpoint_url=self.access.endpoint_url, config=config
                )
            return self._clients[service, region]

    def _new_session(self) -> Any:
        import boto3

        core = core_session(self.access.profile)
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=response_parsers.timestamp)
        key, secret, token = (*(self.access.keys or ()), None, None, None)[:3]
        return boto3.session.Session(key, secret, token, botocore_session=core)

    def _contents(self, stack: Creation) -> dict[str, Any]:
        return {
            "StackName": stack.name,
            **({"TemplateURL": stack.url} if stack.url else {"TemplateBody": stack.body}),
            "Parameters": [
                {"ParameterKey": key} | ({"UsePreviousValue": True} if value == KEEP else {"ParameterValue": value})
                for key, value in stack.parameters.items()
            ],
            "Capabilities": list(stack.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        } | self._role()

    def _role(self) -> dict[str, str]:
        return {"RoleARN": self.access.role_arn} if self.access.role_arn else {}


def core_session(profile: str | None = None) -> Any:
    """Return a session of botocore that shares its models with all others: parsing them takes 0.1 s a client."""
    import botocore.session

    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", _models(session.get_config_variable("data_path")))
    return session


@functools.cache
def _models(data_path: str | None) -> Any:
    import botocore.loaders

    return botocore.loaders.create_loader(data_path)


KEEP = "\0keep"
"""Stands for the value that a parameter has now."""


class Pause:
    """Pauses between looks at something that takes a while: short at first, then longer."""

    def __init__(self, first: float = 0.1, most: float = 2.0) -> None:
        self.seconds = first
        self.most = most

    def take(self, wake: threading.Event | None = None) -> None:
        """Sleep, but no longer than until `wake` is set."""
        (wake or threading.Event()).wait(self.seconds)
        self.seconds = min(self.seconds * 1.5, self.most)


def cluster_of(service_arn: str) -> str:
    """Return the cluster in a service's ARN: `arn:…:service/CLUSTER/SERVICE`."""
    return service_arn.split("/")[1]
