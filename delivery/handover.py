"""Hands a plan from one action of the pipeline to the next.

    python delivery/handover.py tell PLAN              prints assignments for a shell: DIGEST, SUMMARY, DETAILS_URL
    python delivery/handover.py check PLAN DIGEST      fails unless the plan is the one with this digest
    python delivery/handover.py before PLAN            prints the image that the plan takes away, or nothing

The digest travels through CodePipeline and not with the plan: a plan that was exchanged in the bucket of artifacts has
another one.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# CodePipeline shows a thousand characters to who approves, the revision among them.
SUMMARY_CHARACTERS = 900
IMAGE = "ImageUri"

Plan = Mapping[str, Any]


def main(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Do what was asked, and return 1 for a plan that is not the one it should be."""
    asked, path, *rest = arguments
    plan = json.loads(Path(path).read_text(encoding="utf-8"))
    if asked == "check":
        return check(plan, *rest)
    print(tell(plan, environ) if asked == "tell" else image_before(plan))
    return 0


def tell(plan: Plan, environ: Mapping[str, str]) -> str:
    """Return what the pipeline is told, as lines a shell can read."""
    variables = {
        "DIGEST": str(plan["digest"]),
        "SUMMARY": summary(plan, environ.get("OUTDATED", "")),
        "DETAILS_URL": environ.get("CODEBUILD_BUILD_URL", ""),
    }
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def summary(plan: Plan, outdated: str) -> str:
    """Return the plan as one short line: what is out of date, the digest, and the changes, the gravest first."""
    grave = [each for each in plan["changes"] if each["verdict"] not in ("nothing", "restart")]
    said = [f"{each['id']}: {each['action']}, {each['verdict']}" for each in grave]
    said += [f"{each['id']}: {each['action']}" for each in plan["changes"] if each not in grave]
    said += [
        f"{stack['layer']}: {each['name']} {each['old']} to {each['new']}"
        for stack in plan["stacks"]
        for each in stack["parameters"]
    ]
    count = f"{len(plan['changes'])} changes" if not plan["empty"] else "nothing changes"
    begin = f"{plan['stage']}: {count}, plan {str(plan['digest'])[:12]}. {outdated}".strip()
    text = " ".join([begin, "; ".join(said)]).strip()
    return text if len(text) <= SUMMARY_CHARACTERS else text[: SUMMARY_CHARACTERS - 1] + "…"


def check(plan: Plan, digest: str) -> int:
    """Say whether a plan is the one that was approved."""
    if plan["digest"] == digest:
        return 0
    print(f"this plan has the digest {plan['digest']}, approved was {digest}: plan again", file=sys.stderr)
    return 1


def image_before(plan: Plan) -> str:
    """Return the image that ran before, where the plan changes it and there was one."""
    changed = [each for stack in plan["stacks"] for each in stack["parameters"] if each["name"] == IMAGE]
    return next((str(each["old"]) for each in changed if each["old"]), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
