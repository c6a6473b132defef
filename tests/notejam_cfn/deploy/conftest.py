"""A small project to deploy: three stacks in a row and one beside them, in an emulator."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.emulator import REGION
from tests.conftest import Once, Ran, Run


def resource(kind: str, why: str = "", **properties: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"Type": kind, "Properties": properties}
    if why:
        body["Metadata"] = {"com.aws.cloudformation.Context": {"why": why}}
    return body


def templates() -> dict[str, dict[str, Any]]:
    """The templates by layer; a test may change them before it writes them."""
    return {
        "base": {
            "Description": "base",
            "Parameters": {"Size": {"Type": "Number", "Default": "1"}},
            "Resources": {
                "Address": resource("AWS::EC2::EIP", "Stays the same for everyone who calls.", Domain="vpc"),
                "Logs": resource("AWS::Logs::LogGroup", "Keeps what happened.", RetentionInDays=7),
            },
            "Outputs": {"Allocation": {"Value": {"Fn::GetAtt": ["Address", "AllocationId"]}}},
        },
        "data": {
            "Description": "data",
            "Resources": {
                "Store": resource(
                    "AWS::DynamoDB::Table",
                    "Keeps what people wrote.",
                    BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                )
            },
        },
        "app": {
            "Description": "app",
            "Parameters": {"ImageUri": {"Type": "String", "Default": ""}},
            "Conditions": {"Released": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ImageUri"}, ""]}]}},
            "Resources": {
                "Door": resource(
                    "AWS::EC2::NatGateway",
                    "Lets people in.",
                    SubnetId="subnet-1",
                    AllocationId={"Fn::GetStackOutput": {"StackName": "shop-dev-base", "OutputName": "Allocation"}},
                ),
                "Sign": resource("AWS::SSM::Parameter", "Says what runs.", Type="String", Value={"Ref": "ImageUri"})
                | {"Condition": "Released"},
            },
            "Outputs": {"Url": {"Value": {"Fn::Sub": "http://${Door}.example.com"}}},
        },
        "extra": {"Description": "extra", "Resources": {"Alone": resource("AWS::EC2::EIP", "Stands alone.")}},
    }


NEEDS = {"base": (), "data": ("base",), "app": ("base", "data"), "extra": ()}


@dataclasses.dataclass
class Shop:
    """A project called shop, as `build` would have written it."""

    folder: Path
    documents: dict[str, dict[str, Any]]
    protected: bool = False
    account: str | None = None

    def write(self) -> None:
        entries = [self._entry(layer) for layer in self.documents]
        manifest = {"format": 1, "project": "shop", "stages": {"dev": {}}, "stacks": entries}
        (self.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def _entry(self, layer: str) -> dict[str, Any]:
        document = self.documents[layer]
        text = json.dumps(document)
        (self.folder / f"{layer}.json").write_text(text, encoding="utf-8")
        parameters: Mapping[str, Mapping[str, Any]] = document.get("Parameters", {})
        return {
            "name": f"shop-dev-{layer}",
            "stage": "dev",
            "form": "layered",
            "layer": layer,
            "region": REGION,
            "account": self.account,
            "template": f"{layer}.json",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "depends_on": [f"shop-dev-{need}" for need in NEEDS[layer]],
            "parameters": {name: {"default": body.get("Default")} for name, body in parameters.items()},
            "capabilities": [],
            "tags": {"project": "shop", "stage": "dev"},
            "termination_protection": self.protected,
            "outputs": list(document.get("Outputs", {})),
        }

    def properties(self, layer: str, logical_id: str) -> dict[str, Any]:
        """The properties of a resource, to change them."""
        found: dict[str, Any] = self.documents[layer]["Resources"][logical_id]["Properties"]
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path, templates())
    made.write()
    return made


@pytest.fixture
def run(run_in: Callable[..., Ran], shop: Shop) -> Run:
    """Run a script on the stage dev of the shop: `run("deploy", "--yes")`."""

    def start(name: str, *arguments: str, stage: str = "dev") -> Ran:
        return run_in(shop.folder, stage, name, *arguments)

    return start


@pytest.fixture
def deployed(run: Run, once: Once) -> None:
    """The stage dev of the shop, as it is before a test changes its templates."""

    def deploy() -> None:
        ran = run("deploy", "--yes")
        assert ran.exit == 0, ran.said

    once("shop", deploy)
