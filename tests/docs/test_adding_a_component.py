"""docs/adding-a-component.md, followed to the letter in a copy of the project: the component is there and works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks_of
from tests.docs.reader import Reader, copy_of_project
from tests.harness import forked

PAGE = ROOT / "docs" / "adding-a-component.md"

# A second of imports for each command of the page, spared.
IMPORTED = ("pytest", "hypothesis", *forked.IMPORTED, "notejam_cfn.api", "notejam_cfn.local.emulator")
# What only asks whether the data is what the tool writes: the page's reader has just let it write.
THE_TOOL_ITSELF = "not what_the_schemas_and_the_reference_say and not that_nothing_asks_for"
# Of the layer that holds the component: the others are as they are without it.
NO_LINTER_OBJECTS = """# judge.py
from pathlib import Path

from notejam_cfn.build.lint import Subject, lint

if __name__ == "__main__":
    (verdict,) = lint([Subject("dev/service.yaml", Path("output/dev/service.yaml").read_text())])
    assert not verdict.findings, verdict.findings
"""


def put(file: Path, code: str, before: str) -> None:
    """Put code above a line that a file has once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file.name}: {before}"
    file.write_text(text.replace(before, code + before), encoding="utf-8")


@pytest.mark.long
def test_following_the_page_adds_the_component(tmp_path: Path) -> None:
    folder = copy_of_project(tmp_path / "notejam")
    put_the_blocks_where_the_page_says(folder / "notejam_cfn")
    with forked.python(tmp_path, IMPORTED, root=folder) as python:
        the_component_is_there_and_works(Reader(folder, None, python))


def the_component_is_there_and_works(reader: Reader) -> None:
    let_the_permissions_be_read_anew(reader)
    reader.type_in("python -m notejam_cfn init --full --config new.toml && mv new.toml notejam.toml")
    reader.type_in("python -m notejam_cfn build --stage dev --no-lint")
    reader.run_program(NO_LINTER_OBJECTS)
    for form in ("service", "console"):
        text = (reader.folder / "output" / "dev" / f"{form}.yaml").read_text(encoding="utf-8")
        assert "  Work:\n    Type: AWS::SQS::Queue\n" in text
        assert "Value: queue\n" in text
    tests = "tests/notejam_cfn/test_invariants.py tests/notejam_cfn/iam/test_permissions.py"
    reader.type_in(f"python -m pytest {tests} -k '{THE_TOOL_ITSELF}'")
    its_settings_are_documented_and_checked(reader)


def let_the_permissions_be_read_anew(reader: Reader) -> None:
    """The tool adds what the component needs, and finds everything again that was there: nothing in the data is old."""
    data = reader.folder / "notejam_cfn" / "iam" / "permissions.json"
    before = json.loads(data.read_text(encoding="utf-8"))
    reader.type_in("python tools/refresh_permissions.py")
    after = json.loads(data.read_text(encoding="utf-8"))
    assert after["types"].keys() - before["types"].keys() == {"AWS::SQS::Queue"}
    assert [
        name for name in (*before["types"], *before["actions"]) if name not in (*after["types"], *after["actions"])
    ] == []


def put_the_blocks_where_the_page_says(package: Path) -> None:
    settings, needed, field, component, imported, call = (block.code for block in blocks_of(PAGE))
    stage = package / "config" / "settings" / "stage.py"
    (stage.parent / "queue.py").write_text(settings, encoding="utf-8")
    put(stage, needed, "from .monitoring import MonitoringSettings\n")
    put(stage, field, "\n    @property\n    def behind_cdn(self) -> bool:\n")
    (package / "components" / "queue.py").write_text(component, encoding="utf-8")
    for stacks in (package / "stacks" / "layered.py", package / "stacks" / "console.py"):
        put(stacks, imported, "from ..components.containers.service import ")
        put(stacks, call, "    application = add_application(")


def its_settings_are_documented_and_checked(reader: Reader) -> None:
    text = (reader.folder / "notejam.toml").read_text(encoding="utf-8")
    assert "# retention_days = 4  # days work is kept that nobody has done (1 to 14)" in text
    wrong = text.replace("[stages.test]", "queue.retention_days = 99\n[stages.test]")
    (reader.folder / "notejam.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(AssertionError, match=r"stages\.dev\.queue\.retention_days must be between 1 and 14, got 99"):
        reader.type_in("python -m notejam_cfn build")
