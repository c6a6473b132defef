"""Asks a deployed stage whether it works, then marks the image it runs and protects its stacks.

    python delivery/smoke.py --templates output

Reads from the environment: STAGE, IMAGE_URI, REPOSITORY_URI, COPY_URIS, the repositories of other regions, and for a
stage in another account STAGE_ROLE_ARN, a role to look at it. A stage that sleeps is woken by the first request: the
load balancer answers 503 until a task runs, and a paused database takes some seconds more.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from notejam_cfn.core import images
from notejam_cfn.deploy import manifest
from notejam_cfn.deploy.aws.sessions import Client, clients
from notejam_cfn.deploy.manifest import StackSpec

PAGES = {"/readyz": "ready", "/signin/": "jam"}
"""What is asked, and what the answer must contain."""
WAIT_SECONDS, PAUSE_SECONDS, REQUEST_SECONDS = 600, 5, 30

Fetch = Callable[[str], tuple[int, str]]
"""Returns the status and the text of a page; status 0 when nobody answers."""


def main(arguments: list[str], client: Client | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Ask the stage, and return 0 when it works."""
    parser = argparse.ArgumentParser(description="Ask a deployed stage whether it works.")
    parser.add_argument("--templates", type=Path, default=Path("output"), help="the folder that build wrote")
    asked = parser.parse_args(arguments)
    there = client or clients(environ.get("STAGE_ROLE_ARN", ""))
    stacks = manifest.read(asked.templates).stacks_of(environ["STAGE"])
    url = address(stacks, there)
    problems = [problem for page, text in PAGES.items() for problem in [ask(url, page, text)] if problem]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    print(f"{environ['STAGE']} works: {url}")
    protect(stacks, there)
    here = client or clients()
    for repository in [environ["REPOSITORY_URI"], *environ.get("COPY_URIS", "").split()]:
        region, name = images.place_of(repository)
        mark(here("ecr", region), name, environ["IMAGE_URI"], environ["STAGE"])
    return 0


def address(stacks: tuple[StackSpec, ...], client: Client) -> str:
    """Return the stage's URL, an output of the stack that has one."""
    (stack,) = (stack for stack in stacks if "Url" in stack.outputs)
    outputs = client("cloudformation", stack.region).describe_stacks(StackName=stack.name)["Stacks"][0]["Outputs"]
    return next(str(one["OutputValue"]) for one in outputs if one["OutputKey"] == "Url").rstrip("/")


def ask(
    url: str,
    page: str,
    text: str,
    fetch: Fetch | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> str | None:
    """Ask for a page until it answers well. Return what is wrong when it does not within ten minutes."""
    answer = (0, "")
    for _ in range(WAIT_SECONDS // PAUSE_SECONDS):
        answer = (fetch or fetched)(url + page)
        if answer[0] == 200 and text in answer[1]:
            return None
        pause(PAUSE_SECONDS)
    return f"{url}{page} answered {answer[0]} for {WAIT_SECONDS} seconds: {answer[1][:200]!r}"


def fetched(url: str) -> tuple[int, str]:
    """Fetch a page over HTTP."""
    try:
        with urllib.request.urlopen(url, timeout=REQUEST_SECONDS) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def protect(stacks: tuple[StackSpec, ...], client: Client) -> None:
    """Protect the stacks from deletion where the stage says so: CodePipeline's actions cannot."""
    for stack in stacks:
        if stack.protected:
            client("cloudformation", stack.region).update_termination_protection(
                StackName=stack.name, EnableTerminationProtection=True
            )


def mark(ecr: Any, repository: str, image: str, stage: str) -> None:
    """Move the tag `stage-NAME` to the image the stage now runs, which keeps it from being tidied away."""
    digest = image.partition("@")[2]
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"][0]
    with contextlib.suppress(ecr.exceptions.ImageAlreadyExistsException):  # the stage ran this image before
        ecr.put_image(
            repositoryName=repository,
            imageManifest=found["imageManifest"],
            imageManifestMediaType=found["imageManifestMediaType"],
            imageDigest=digest,
            imageTag=f"stage-{stage}",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
