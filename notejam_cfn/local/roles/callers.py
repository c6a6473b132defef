"""Makes every API of the emulator ask what the policies of its caller allow, as AWS does.

A request with the credentials of a role's session or of a user is decided before it is served, and remembered. The
account's own key may do everything. ministack knows which action and resource a request is about. A function runs with
a session of its role.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from ..emulated.ministack import Real, around, first, here, module
from ..emulated.services import service_quotas
from . import enforcement, policies, reference
from .policies import ANY, Caller, Request

MAKES_STACKS = frozenset({"cloudformation:CreateStack", "cloudformation:CreateChangeSet"})
# ministack forgets the path that these roles have.
OF_A_SERVICE = ":role/AWSServiceRoleFor"


def register() -> None:
    """Change ministack in this process."""
    around(module("app"), "_dispatch_service_request", _dispatch_allowed)
    for name in ("services.lambda_svc", "core.lambda_runtime"):
        module(name).execution_credentials = _session_of_function


async def _dispatch_allowed(
    real: Real, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
) -> Any:
    caller = _caller(headers, query)
    for service, request in _requests(method, path, headers, body, query) if caller else ():
        assert caller
        if not enforcement.ENFORCEMENT.decide(caller, request).allowed:
            return _denied(service, request, caller, request_id, headers)
    return await real(method, path, headers, body, query, request_id)


def _session_of_function(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return the credentials that Lambda gives a function: ministack's would be the account's own."""
    role, name = str(configuration["Role"]), str(configuration["FunctionName"])
    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32)
    session = f"{role.rpartition('/')[2]}/{name}"
    module("services.sts").register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{role.split(':')[4]}:assumed-role/{session}",
            "UserId": session.replace("/", ":"),
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def _caller(headers: Mapping[str, str], query: Mapping[str, Any]) -> Caller | None:
    """Return who calls; None for the account itself, and for keys that nobody has."""
    evaluator = module("core.iam_evaluator")
    key = module("core.router").extract_access_key_id(headers, query)
    if evaluator.is_root_access_key(key):
        return None
    account = module("core.responses")._account_from_sts_session(key) or here()[0]
    arn = getattr(evaluator.resolve_credential(key, account), "principal_arn", "")
    if ":assumed-role/" in arn:
        name = arn.split("/")[1]
        found = module("services.iam")._roles.get_scoped(arn.split(":")[4], None, name)
        role_arn = found["Arn"] if found else f"arn:aws:iam::{arn.split(':')[4]}:role/{name}"
        return enforcement.caller_of(role_arn, session_arn=arn)
    return _user(arn) if ":user/" in arn else None


def _user(arn: str) -> Caller:
    """Return a user with the policies of the groups it is in; users here have none of their own."""
    name = arn.rpartition("/")[2]
    groups = [group for group in module("services.iam")._groups.values() if name in group.get("Users", ())]
    documents = [
        *(policies.document(one) for group in groups for one in (group.get("InlinePolicies") or {}).values()),
        *(enforcement.managed(one) for group in groups for one in group.get("AttachedPolicies", ())),
    ]
    return Caller(arn, [one for one in documents if one])


def _requests(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: dict[str, Any]
) -> Iterator[tuple[str, Request]]:
    """Yield what a request asks for: its own action, and passing a role where it hands one over."""
    app, actions = module("app"), module("core.iam_actions")
    account, region = here()[0], app.extract_region(headers, query)
    quota = service_quotas.asked(headers, body)
    if quota:
        arn = f"arn:aws:servicequotas:{region}:{account}:{quota}"
        yield "servicequotas", Request("servicequotas:GetServiceQuota", arn)
        return
    routing = app._routing_params(method, path, headers, body, query)
    service = app.detect_service(method, path, headers, routing)
    name = actions.extract_iam_action(service, method, path, headers, body, routing)
    if name is None:
        return
    arn = actions.extract_resource_arn(service, method, path, headers, body, routing, region, account)
    tags = actions.request_tag_context(service, name, body, routing)
    context = {key: value for key, value in tags.items() if value is not None}
    role = ""
    if name == "ecs:RunTask":
        # Neither is said by ministack. Source: Service Authorization Reference, "… Amazon Elastic Container Service".
        task = json.loads(body)
        arn = task["taskDefinition"]
        context |= {"ecs:cluster": task["cluster"]} if task.get("cluster") else {}
    if name.startswith("cloudformation:"):
        given = parse_qs(body.decode(errors="replace"))
        role = first(given, "RoleARN") if name.partition(":")[2] in enforcement.TAKES_ROLE else ""
        context |= _said_of_stack(name, given, role)
    yield service, Request(name, _decided_on(name, arn), context)
    if name in MAKES_STACKS and b"Tags.member.1.Key" in body:
        yield service, Request("cloudformation:TagResource", _decided_on("cloudformation:TagResource", arn))
    if role:
        yield service, Request("iam:PassRole", role, {"iam:PassedToService": "cloudformation.amazonaws.com"})


def _decided_on(name: str, arn: str) -> str:
    """Return the resource that an action is decided on: `*` where IAM knows none, any where the request tells none."""
    known = reference.action(name)
    arn = arn.replace(OF_A_SERVICE, f":role/aws-service-role/service/{OF_A_SERVICE[6:]}")
    if known is None or not known.kinds:
        return "*"
    return arn if known.about([arn]) else ANY


def _said_of_stack(name: str, given: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Return what a request to CloudFormation says of the role that it hands over, and of what it imports.

    Source: Service Authorization Reference, "Condition keys for AWS CloudFormation".
    """
    said: dict[str, Any] = {"cloudformation:RoleArn": role} if role else {}
    kinds = [value[0] for key, value in given.items() if key.endswith(".ResourceType")]
    if kinds and name == "cloudformation:CreateChangeSet":
        said["cloudformation:ImportResourceTypes"] = kinds
    return said


def _denied(service: str, request: Request, caller: Caller, request_id: str, headers: Mapping[str, str]) -> Any:
    who = caller.session_arn or caller.arn
    message = f"User: {who} is not authorized to perform: {request.action} on resource: {request.resource}"
    text = f"{message} {json.dumps(dict(request.context))}" if request.context else message
    return module("core.iam_actions").access_denied_response(
        service, request.action, who, request_id, headers=headers, message=text, explicit_deny=False
    )
