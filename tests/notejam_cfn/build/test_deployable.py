"""A folder made of any project's templates is deployed by the same commands as Notejam's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import notejam_cfn as nj
from notejam_cfn.core.inputs import InvalidInput
from notejam_cfn.deploy.manifest import read
from tests.conftest import Ran

REGION = "eu-central-1"


def shop(stage: str = "live", project: str = "shop") -> list[nj.Stack]:
    """Two stacks of a project of one's own: the second one reads the key of the first."""
    tags = {"project": project, "stage": stage}
    base = nj.Template("What all of the shop shares", tags=tags, architecture="A key.")
    encryption = nj.add_encryption(base, nj.EncryptionSettings(keep_key=False))
    seen = nj.publish(base, f"{project}-{stage}-base", encryption)
    rooms = nj.Template("Where the shop runs", tags=tags, architecture="A cluster.")
    nj.add_cluster(rooms, nj.ClusterSettings(), seen)
    return [nj.stack("rooms", rooms, region=REGION), nj.stack("base", base, region=REGION)]


def test_a_project_of_ones_own_is_deployed_looked_at_and_removed(run_in: Callable[..., Ran], tmp_path: Path) -> None:
    nj.write_output(tmp_path, shop())
    ran = run_in(tmp_path, "live", "deploy", "--yes", "--json")
    assert (ran.exit, ran.err.count("FAILED")) == (0, 0)
    assert [each["fate"] for each in json.loads(ran.out)["stacks"].values()] == ["created", "created"]
    assert run_in(tmp_path, "live", "deploy", "--yes", "--tell-unchanged").exit == 10
    assert "shop-live-rooms" in run_in(tmp_path, "live", "status").out
    assert run_in(tmp_path, "live", "destroy", "--yes").exit == 0


def test_a_stack_depends_on_those_it_reads(tmp_path: Path) -> None:
    nj.write_output(tmp_path, shop())
    needs = {stack.name: stack.depends_on for stack in read(tmp_path).stacks}
    assert needs == {"shop-live-rooms": ("shop-live-base",), "shop-live-base": ()}


def test_what_is_no_longer_written_is_removed(tmp_path: Path) -> None:
    nj.write_output(tmp_path, [*shop(), *shop("try")])
    changes = nj.write_output(tmp_path, shop())
    assert sorted(changes.removed) == ["try/base.yaml", "try/rooms.yaml"]
    assert read(tmp_path).stages == ("live",)


@pytest.mark.parametrize(
    ("stacks", "said"),
    [
        (lambda: [*shop(), *shop(project="other")], "must be of one project, got other, shop"),
        (lambda: [*shop(), *shop()], "got shop-live-base, shop-live-rooms twice"),
        (list, "must be of one project, got none"),
        (lambda: [nj.stack("a", nj.Template("", tags={}, architecture=""), region=REGION)], "must have project and st"),
    ],
)
def test_what_is_no_project_is_refused(tmp_path: Path, stacks: Callable[[], list[nj.Stack]], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        nj.write_output(tmp_path, stacks())
    assert not list(tmp_path.iterdir())
