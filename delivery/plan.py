"""Works out what rolling out a stage would change, without changing anything.

    python delivery/plan.py --templates output --into plan

Reads from the environment: STAGE; IMAGE_URI, the image by its digest; REPOSITORY_URI, where the stage's region has it;
EXECUTION_ROLE_ARN, the role CloudFormation takes on; and for a stage in another account STAGE_ROLE_ARN, a role to look
at it. Writes for each layer a file with the parameters in force and the stack's tags, in the form of CodePipeline's
template configuration, and changes.txt for people. Prints assignments for a shell: CHANGED (yes or no), SUMMARY,
DETAILS_URL.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from notejam_cfn.core import images, render
from notejam_cfn.deploy import manifest
from notejam_cfn.deploy.aws.client import KEEP
from notejam_cfn.deploy.aws.sessions import Client, clients
from notejam_cfn.deploy.manifest import StackSpec
from notejam_cfn.deploy.stacks import parameters

CHANGE_SET = "plan"
SUMMARY_CHARACTERS = 900
NOT_THERE_YET = {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")
VERBS = {"Add": "adds", "Remove": "removes", "Modify": "changes", "Import": "imports", "Dynamic": "may change"}


@dataclasses.dataclass(frozen=True)
class LayerPlan:
    """What a layer's stack is configured with, and what would change in it, a line each."""

    configuration: dict[str, Any]
    changes: list[str]


def main(arguments: list[str], client: Client | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Plan the stage and tell the pipeline."""
    parser = argparse.ArgumentParser(description="Work out what rolling out a stage would change.")
    parser.add_argument("--templates", type=Path, default=Path("output"), help="the folder that build wrote")
    parser.add_argument("--into", type=Path, default=Path("plan"), help="the folder to write to")
    asked = parser.parse_args(arguments)
    stacks = manifest.read(asked.templates).stacks_of(environ["STAGE"])
    image = images.in_repository(environ["IMAGE_URI"], environ["REPOSITORY_URI"])
    made = client or clients(environ.get("STAGE_ROLE_ARN", ""))
    plans = {stack.layer: plan(stack, made("cloudformation", stack.region), image, environ) for stack in stacks}
    write(asked.into, plans)
    print(assignments(environ["STAGE"], plans, environ.get("CODEBUILD_BUILD_URL", "")))
    return 0


def plan(stack: StackSpec, client: Any, image: str, environ: Mapping[str, str]) -> LayerPlan:
    """Plan one layer. A stack that does not exist yet is described by its template alone."""
    given = {"ImageUri": image} if "ImageUri" in stack.defaults else {}
    live = described(client, stack.name)
    if live is None:
        values, changes = parameters.for_new(stack, given), [f"{stack.name}: a new stack"]
    else:
        values = in_force(stack, client, live, given)
        changes = [f"{stack.name}: {line}" for line in changes_of(stack, client, values, environ)]
    return LayerPlan({"Parameters": values, "Tags": dict(stack.tags)}, changes)


def described(client: Any, name: str) -> dict[str, Any] | None:
    """Return a stack, or None when it was never created."""
    try:
        found: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if found["StackStatus"] in NOT_THERE_YET else found


def in_force(stack: StackSpec, client: Any, live: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return the values to update a stack with: what a person chose stays, and a new default is followed."""
    current = {one["ParameterKey"]: one["ParameterValue"] for one in live.get("Parameters", [])}
    deployed = client.get_template_summary(StackName=stack.name).get("Parameters", [])
    defaults = {one["ParameterKey"]: one.get("DefaultValue") for one in deployed}
    values = parameters.for_update(stack, given, current, defaults)
    return {name: current[name] if value == KEEP else value for name, value in values.items()}


def changes_of(stack: StackSpec, client: Any, values: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    """Return what an update would change, by a change set that is removed again."""
    names = {"StackName": stack.name, "ChangeSetName": CHANGE_SET}
    role = {"RoleARN": environ["EXECUTION_ROLE_ARN"]} if environ.get("EXECUTION_ROLE_ARN") else {}
    client.create_change_set(
        **names,
        **role,
        TemplateBody=render.compact_json(render.load(stack.text())),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
        Capabilities=list(stack.capabilities),
        ChangeSetType="UPDATE",
    )
    try:
        return lines_of(client, names)
    finally:
        client.delete_change_set(**names)


def lines_of(client: Any, names: Mapping[str, str]) -> list[str]:
    """Wait for a change set and return its changes. Raises `RuntimeError` with the reason when it fails."""
    from botocore.exceptions import WaiterError

    try:
        client.get_waiter("change_set_create_complete").wait(**names, WaiterConfig={"Delay": 3, "MaxAttempts": 100})
    except WaiterError as error:
        reason = str(client.describe_change_set(**names).get("StatusReason", error))
        if any(nothing in reason for nothing in NOTHING_TO_CHANGE):
            return []
        raise RuntimeError(f"{names['StackName']}: {reason}") from error
    pages = client.get_paginator("describe_change_set").paginate(**names)
    return [
        line(change["ResourceChange"]) for page in pages for change in page["Changes"] if "ResourceChange" in change
    ]


def line(change: Mapping[str, Any]) -> str:
    """Say in plain words what happens to a resource; what is replaced stands out."""
    replaced = {"True": "REPLACES", "Conditional": "MAY REPLACE"}.get(str(change.get("Replacement")))
    verb = replaced or VERBS.get(change["Action"], change["Action"])
    return f"{verb} {change['LogicalResourceId']} ({change['ResourceType']})"


def write(folder: Path, plans: Mapping[str, LayerPlan]) -> None:
    """Write the layers' configurations, and all changes as people read them."""
    folder.mkdir(parents=True, exist_ok=True)
    for layer, one in plans.items():
        (folder / f"{layer}.json").write_text(json.dumps(one.configuration, indent=2) + "\n")
    lines = [line for one in plans.values() for line in one.changes] or ["nothing changes"]
    (folder / "changes.txt").write_text("\n".join(lines) + "\n")


def assignments(stage: str, plans: Mapping[str, LayerPlan], details_url: str) -> str:
    """Return what the pipeline is told, as lines a shell can read."""
    changes = [line for one in plans.values() for line in one.changes]
    variables = {
        "CHANGED": "yes" if changes else "no",
        "SUMMARY": summary(stage, changes),
        "DETAILS_URL": details_url,
    }
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def summary(stage: str, changes: list[str]) -> str:
    """Return the changes as one short line, the ones that replace something first."""
    if not changes:
        return f"{stage}: nothing changes"
    ordered = sorted(changes, key=lambda change: "REPLACE" not in change)
    text = f"{stage}: {len(changes)} changes. " + "; ".join(ordered)
    return text if len(text) <= SUMMARY_CHARACTERS else text[: SUMMARY_CHARACTERS - 1] + "…"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
