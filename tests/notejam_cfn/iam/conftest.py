"""A world to attack: the project's own stacks in the emulator, and who may do what in it, as an evaluator reads it.

The templates are deployed, so that policies are judged as AWS would hold them, every function resolved. The evaluator is
the emulator's, which nobody here wrote. It replaces no policy variables: the person's name is put in, as IAM does.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from notejam_cfn.config.loader import parse, starter
from notejam_cfn.stacks import stacks_of

ACCOUNT, REGION = "123456789012", "eu-central-1"
WITH_MFA = {"aws:multifactorauthpresent": "true"}


@dataclasses.dataclass
class World:
    """Policies by the principal that has them, boundaries by stage, and whom roles trust."""

    policies: dict[str, list[str]]
    boundaries: dict[str, str]
    trust: dict[str, str]

    def may(self, who: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
        """Whether a principal may do something by its own policies: a group, or a role by the end of its name."""
        given = dict(WITH_MFA) | dict(context or {})
        return decided(self.policies[who], who, action, resource, given)

    def within(self, stage: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
        """Whether a role that a template of a stage makes could do something, whatever the template gives it."""
        return decided([self.boundaries[stage]], f"notejam-{stage}-made", action, resource, dict(context or {}))

    def trusts(self, role: str, principal: str, account: str = ACCOUNT) -> bool:
        """Whether a role may be taken on by a principal, given as its ARN's end such as `role/x`."""
        evaluator = pytest.importorskip("ministack.core.iam_evaluator")
        asked = context_of(f"arn:aws:iam::{account}:{principal}", account, "sts:AssumeRole", "*", {})
        return bool(evaluator.evaluate_resource_policy(self.trust[role], asked).decision == "Allow")


def decided(documents: list[str], who: str, action: str, resource: str, context: dict[str, Any]) -> bool:
    evaluator = pytest.importorskip("ministack.core.iam_evaluator")
    asked = context_of(f"arn:aws:iam::{ACCOUNT}:user/{who}", ACCOUNT, action, resource, context)
    texts = [text.replace("${aws:username}", "alice") for text in documents]
    found = evaluator.evaluate(asked, [evaluator.parse_policy_document(text) for text in texts])
    return bool(found.decision == "Allow")


def context_of(principal: str, account: str, action: str, resource: str, context: dict[str, Any]) -> Any:
    evaluator = pytest.importorskip("ministack.core.iam_evaluator")
    return evaluator.EvalContext(
        principal_arn=principal,
        principal_type="User",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context=context,
    )


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The starter's own stacks with a CodeCommit repository, since that has the most permissions of people."""
    emulator = pytest.importorskip("notejam_cfn.local.emulator")
    document = tomllib.loads(starter())
    document["delivery"]["source"] = "codecommit"
    with emulator.running(ACCOUNT, REGION) as aws:
        for stack in (one for one in stacks_of(parse(document)) if one.stage is None):
            aws.deploy(stack.name, stack.template.to_dict(), dict(stack.values), stack.region)
        yield read(aws.client("iam"), stack.template.to_dict())


def read(iam: Any, delivery: Mapping[str, Any]) -> World:
    """Read every policy that the stacks made. The emulator has no groups: the delivery's template says who is in them."""
    managed = {
        one["Arn"]: document(
            iam.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])["PolicyVersion"]
        )
        for one in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]
    }
    found = World({}, {}, {})
    by_name = {arn.rpartition("/")[2]: text for arn, text in managed.items()}
    for resource in delivery["Resources"].values():
        for group in resource.get("Properties", {}).get("Groups", []):
            suffix = resource["Properties"]["ManagedPolicyName"]["Fn::Sub"].removeprefix("${AWS::StackName}")
            found.policies.setdefault(group["Ref"], []).append(by_name[f"notejam-delivery{suffix}"])
    for role in iam.list_roles(MaxItems=1000)["Roles"]:
        name = role["RoleName"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        found.policies[kind_of(name)] = [
            *(managed[one["PolicyArn"]] for one in attached),
            *(json.dumps(iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]) for one in inline),
        ]
        found.trust[kind_of(name)] = json.dumps(role["AssumeRolePolicyDocument"])
    for arn, text in managed.items():
        if arn.endswith("-boundary"):
            found.boundaries[arn.rpartition("/notejam-delivery-in-")[2].removesuffix("-boundary")] = text
    return found


def document(version: Mapping[str, Any]) -> str:
    return json.dumps(version["Document"]) if isinstance(version["Document"], dict) else str(version["Document"])


def kind_of(name: str) -> str:
    """Return a short name: `in-dev-deploy` of a role with a name, `Developers` of what CloudFormation named."""
    short = name.removeprefix("notejam-delivery-")
    return short if short[0].islower() else short.partition("-")[0]
