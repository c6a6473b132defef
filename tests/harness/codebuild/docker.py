#!/usr/bin/python3
"""Stands for docker in a build: buildah does the work, without a daemon.

A registry of Amazon ECR is at REGISTRY here, where the first part of a repository's name is its region.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
from pathlib import Path

STORE = ["--root", "/tmp/images", "--runroot", "/tmp/images-run", "--storage-driver", "vfs"]
STATE = Path("/tmp/docker.json")


def buildah(*arguments: str) -> None:
    """Run buildah; its failure is this command's."""
    done = subprocess.run(["buildah", *STORE, *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def state() -> dict[str, dict[str, str]]:
    """Return who is signed in where, and the digest of each image that was pushed, by its name."""
    return json.loads(STATE.read_text()) if STATE.exists() else {"signed in": {}, "digests": {}}


def keep(section: str, name: str, value: str) -> None:
    """Remember something for the next command."""
    known = state()
    known[section][name] = value
    STATE.write_text(json.dumps(known))


def build(given: argparse.Namespace) -> None:
    """Build an image. BuildKit only warns of a cache that is not there; here the layers of earlier builds are."""
    target = [f"--target={given.target}"] if given.target else []
    args = [f"--build-arg={one}" for one in given.build_arg]
    common = ["--quiet", "--isolation=chroot", "--network=host", "--format=docker", "--layers"]
    buildah("bud", *common, *target, *args, f"--file={given.file}", f"--tag={given.tag}", given.words[0])


def login(given: argparse.Namespace) -> None:
    """Sign in to a registry, with the password from the input."""
    token = base64.b64encode(f"{given.username}:{sys.stdin.read().strip()}".encode()).decode()
    keep("signed in", given.words[0], token)


def push(given: argparse.Namespace) -> None:
    """Push an image to where its name says."""
    (image,) = given.words
    host, _, rest = image.partition("/")
    token = state()["signed in"].get(host)
    if token is None:
        sys.exit(f"not signed in to {host}")
    repository, _, tag = rest.rpartition(":")
    there = f"docker://{os.environ['REGISTRY']}/{host.split('.')[3]}/{repository}:{tag}"
    user = base64.b64decode(token).decode()
    buildah("push", "--quiet", "--tls-verify=false", f"--creds={user}", "--digestfile=/tmp/digest", image, there)
    keep("digests", image, f"{host}/{repository}@{Path('/tmp/digest').read_text().strip()}")


def tag(given: argparse.Namespace) -> None:
    """Give an image, that may be named by its digest, another name."""
    old, new = given.words
    names = {by_digest: name for name, by_digest in state()["digests"].items()}
    buildah("tag", names.get(old, old), new)


def inspect(given: argparse.Namespace) -> None:
    """Print where an image was pushed to, by its digest."""
    if given.format != "{{index .RepoDigests 0}}":
        sys.exit(f"cannot print {given.format}")
    print(state()["digests"][given.words[0]])


COMMANDS = {"build": build, "login": login, "push": push, "tag": tag, "inspect": inspect}


def main() -> None:
    """Do what was asked. An option that is not known here fails the build."""
    parser = argparse.ArgumentParser(prog="docker")
    parser.add_argument("command", choices=COMMANDS)
    for option in ("--file", "--target", "--tag", "--cache-from", "--username", "--format"):
        parser.add_argument(option)
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--password-stdin", action="store_true")
    parser.add_argument("words", nargs="+")
    given = parser.parse_intermixed_args()
    COMMANDS[given.command](given)


if __name__ == "__main__":
    main()
