"""What the tests of the pictures share: projects of every shape, and the pictures of each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from notejam_cfn.build import build
from notejam_cfn.config.loader import parse
from notejam_cfn.reports.diagram import Group, Node, Picture, pictures_of

DOMAIN = (
    'load_balancer.domain = "a-rather-long-name.of.notes.example.com"\nload_balancer.hosted_zone_id = "Z0123456789"\n'
)
MANY = """
[stages.dev]
region = "eu-central-1"
[stages.test]
region = "eu-central-1"
size = "standard"
[stages.acceptance-testing]
region = "us-east-1"
approval = true
[stages.staging]
region = "eu-west-1"
size = "standard"
[stages.prod]
region = "ap-southeast-5"
size = "resilient"
"""
# Each project's last stage is drawn. ap-southeast-5 (Malaysia) exports no snapshots to S3.
PROJECTS = {
    "economy": "",
    "standard": 'size = "standard"\n' + DOMAIN,
    "resilient": 'size = "resilient"\nbackups.copy_region = "eu-west-1"\nservice.mail_from = "notes@example.com"\n',
    "two-zones": 'size = "resilient"\nnetwork.zones = 2\ndatabase.readers = 2\n' + DOMAIN,
    "endpoints": 'size = "resilient"\nnetwork.egress = "endpoints"\ndatabase.readers = 5\nservice.max_tasks = 1000\n',
    "one-nat": 'size = "economy"\nnetwork.egress = "nat"\nload_balancer.waf = true\n',
    "zip": '[delivery]\nsource = "s3"\n[stages.prod]\nregion = "eu-central-1"\n',
    "git": '[delivery]\nregion = "eu-central-1"\nrepository = "owner/notejam"\n' + MANY,
    "many": '[delivery]\nregion = "eu-central-1"\nsource = "codecommit"\n' + MANY,
}


@pytest.fixture(scope="session")
def pictures() -> Callable[[str], list[Picture]]:
    """Return the pictures of a project by its name: `information, delivery = pictures("zip")`."""
    drawn: dict[str, list[Picture]] = {}

    def of(name: str) -> list[Picture]:
        if name not in drawn:
            text = PROJECTS[name]
            stage = "" if "[stages." in text else '[stages.dev]\nregion = "eu-central-1"\n'
            project = parse(tomllib.loads(stage + text))
            drawn[name] = pictures_of(build.compose(project), project.stages[-1].name)
        return drawn[name]

    return of


@pytest.fixture(scope="session", params=PROJECTS)
def project_pictures(request: pytest.FixtureRequest, pictures: Callable[[str], list[Picture]]) -> list[Picture]:
    """The pictures of each project in turn."""
    return pictures(request.param)


@pytest.fixture(scope="session")
def label() -> Callable[[Picture, str], str]:
    """Return what is written at a thing or a group of a picture, in one line; nothing where it is not there."""

    def of(picture: Picture, key: str) -> str:
        items: dict[str, Node | Group] = {item.key: item for item in picture.all_items()}
        return items[key].label.replace("\n", " ") if key in items else ""

    return of
