"""A world to attack: the project's own stacks in the emulator, and who may do what in it.

The templates are deployed, so that policies are judged as AWS would hold them, every function resolved.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from notejam_cfn.config.loader import parse, starter
from notejam_cfn.core import names
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.roles import policies
from notejam_cfn.local.roles.policies import listed
from notejam_cfn.stacks import stacks_of

ACCOUNT, REGION, AWAY = "123456789012", "eu-central-1", "eu-west-1"
BUCKET = "notejam-delivery-artifactbucket-1abc"
# Stand for subnets of a stage's network, whose ids are known once it is there: `dev PrivateSubnetId1`.
SUBNETS = {
    f"{stage} {kind}": (stage, kind) for stage in ("dev", "prod") for kind in ("PrivateSubnetId1", "PublicSubnetId1")
}
Document = Mapping[str, Any]


@dataclasses.dataclass
class World:
    """Policies by who has them, boundaries by stage, policies of keys by alias, whom roles trust, the bucket.

    `outputs` are those of each stage's network, and `aws` is where all of it was deployed.
    """

    policies: dict[str, list[Document]]
    boundaries: dict[str, Document]
    keys: dict[str, Document]
    trust: dict[str, Document]
    bucket: str
    outputs: dict[str, dict[str, str]]
    aws: Emulator

    def may(
        self,
        who: str,
        action: str,
        resource: str,
        context: Mapping[str, Any] | None = None,
        access_key: bool = False,
    ) -> bool:
        """Whether somebody may do something: a group, or a role by the end of its name. Access keys know no MFA."""
        person = who[0].isupper() and not who.endswith("Role")
        arn = "user/alice" if person else f"role/{of_delivery(who)}"
        given = {"aws:MultiFactorAuthPresent": "true"} if person and not access_key else {}
        caller = policies.Caller(f"arn:aws:iam::{ACCOUNT}:{arn}", self.policies[who])
        return self._decided(caller, action, resource, given | dict(context or {}))

    def within(self, stage: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
        """Whether a role that a template of a stage makes could do something if the template gives it everything."""
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        arn = f"arn:aws:iam::{ACCOUNT}:role/notejam-{stage}-made"
        caller = policies.Caller(arn, [everything], boundary=self.boundaries[stage])
        return self._decided(caller, action, resource, dict(context or {}))

    def trusts(self, role: str, principal: str, account: str = ACCOUNT) -> bool:
        """Whether a role may be taken on by a principal that may take on any, given as its ARN's end."""
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        caller = policies.Caller(f"arn:aws:iam::{account}:{principal}", [everything])
        target = f"arn:aws:iam::{ACCOUNT}:role/{of_delivery(role)}"
        asked = policies.Request("sts:AssumeRole", target, {}, ACCOUNT)
        return bool(policies.decide(caller, asked, self.trust[role]).allowed)

    def _decided(self, caller: policies.Caller, action: str, resource: str, context: dict[str, Any]) -> bool:
        known = {key: [self._known(one) for one in listed(value)] for key, value in context.items() if "ubnet" in key}
        asked = policies.Request(action, resource.replace(BUCKET, self.bucket), context | known)
        return bool(policies.decide(caller, asked, self._of_resource(action, resource, context)).allowed)

    def _known(self, subnet: str) -> str:
        stage, kind = SUBNETS.get(subnet, ("", ""))
        return self.outputs[stage][kind] if stage else subnet

    def _of_resource(self, action: str, resource: str, context: Mapping[str, Any]) -> Document | None:
        """Return the policy of the resource: a role's trust, or the key's of the stage in the tags or of the alias."""
        if action == "sts:AssumeRole":
            return self.trust.get(kind_of(resource.rpartition("/")[2]))
        (alias,) = context.get("kms:ResourceAliases", [f"alias/notejam-{context.get('aws:ResourceTag/stage')}-network"])
        return self.keys.get(alias) if action.startswith("kms:") else None


@pytest.fixture(scope="session")
def world(running_emulator: Emulator) -> World:
    """The starter's own stacks with a CodeCommit repository, which takes the most permissions, and its stages' keys."""
    document = tomllib.loads(starter())
    document["delivery"]["source"] = "codecommit"
    anybody = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    found = World({}, {}, {"alias/payroll": {"Statement": [anybody]}}, {}, "", {}, running_emulator)
    found.aws.reset()
    for stack in stacks_of(parse(document)):
        if stack.stage is None or (stack.layer == "network" and stack.form == "layered"):
            outputs = found.aws.deploy(stack.name, stack.template.to_dict(), dict(stack.values), stack.region)
            if stack.stage:
                found.outputs[stack.stage] = outputs
            if stack.layer == "delivery-people":
                people = stack.template.to_dict()
    found.bucket = outputs["ArtifactBucketName"]
    read(found, found.aws.client("iam"), people)
    read_keys(found, found.aws.client("kms"))
    found.aws.keep(__name__)
    return found


@pytest.fixture
def deployed(world: World) -> Emulator:
    """The emulator with the world's stacks in it, as they were deployed."""
    assert world.aws.put_back(__name__)
    return world.aws


def read_keys(found: World, kms: Any) -> None:
    """Read the policies of the keys that the stacks made."""
    for alias in kms.list_aliases()["Aliases"]:
        if alias["AliasName"].startswith("alias/notejam-"):
            key = kms.get_key_policy(KeyId=alias["TargetKeyId"], PolicyName="default")
            found.keys[alias["AliasName"]] = json.loads(key["Policy"])


def read(found: World, iam: Any, people: Document) -> None:
    """Read every policy that the stacks made."""
    managed = {
        one["Arn"]: iam.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])["PolicyVersion"][
            "Document"
        ]
        for one in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]
    }
    by_name = {arn.rpartition("/")[2]: held for arn, held in managed.items()}
    for resource in people["Resources"].values():
        for group in resource.get("Properties", {}).get("Groups", []):
            name = resource["Properties"]["ManagedPolicyName"]["Fn::Sub"].replace(names.THIS_REGION, REGION)
            found.policies.setdefault(group["Ref"], []).append(by_name[name])
    for group, resource in people["Resources"].items():
        if resource["Type"] == "AWS::IAM::Group":
            attached = resource.get("Properties", {}).get("ManagedPolicyArns", [])
            arns = [one["Fn::Sub"].replace(names.THIS_REGION, REGION) for one in attached]
            found.policies[group] += [by_name[each.rpartition("/")[2]] for each in arns]
    for role in iam.list_roles(MaxItems=1000)["Roles"]:
        name = role["RoleName"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        found.policies[kind_of(name)] = [
            *(managed[one["PolicyArn"]] for one in attached),
            *(iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline),
        ]
        found.trust[kind_of(name)] = role["AssumeRolePolicyDocument"]
    for name, held in by_name.items():
        if name.endswith("-boundary"):
            found.boundaries[kind_of(name).removeprefix("in-").removesuffix("-boundary")] = held


def kind_of(name: str) -> str:
    """Return a short name: `in-dev-deploy` of a role with a name, `Developers` of what CloudFormation named."""
    short = name.removeprefix("notejam-delivery-")
    return short.replace(f"{REGION}-", "", 1) if short[0].islower() else short.partition("-")[0]


def of_delivery(short: str, region: str = REGION) -> str:
    """Return the name of a role or policy by that short name: `in-dev-deploy`, `deploy-dev`, `plan`."""
    stack, _, kind = short.rpartition("-") if short.startswith("in-") else ("", "", short)
    return names.iam_name(f"notejam-delivery-{stack}".rstrip("-"), kind, region)
