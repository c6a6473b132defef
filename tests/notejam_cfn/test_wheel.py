"""The wheel works where nothing else is installed: its commands, its data, and how little memory it takes."""

from __future__ import annotations

from pathlib import Path

from tests.harness.wheel import run

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 45
HEAVY = ("boto3", "botocore", "cfnlint", "app", "bottle", "ministack")


def files_of(folder: Path) -> set[Path]:
    found = {path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()}
    return {path for path in found if path.suffix != ".pyc"}


def test_every_module_and_every_file_of_data_is_in_it(installed: Path) -> None:
    (package,) = installed.parent.glob("lib/python*/site-packages/notejam_cfn")
    assert files_of(ROOT / "notejam_cfn") - files_of(package) == set()


def test_its_command_builds_from_another_folder(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "notejam-cfn", "init")
    run(installed, tmp_path, "notejam-cfn", "build", "--no-lint")
    assert (tmp_path / "output" / "dev" / "console.yaml").is_file()


def test_the_examples_run_from_another_folder(installed: Path, tmp_path: Path) -> None:
    code = (
        "import os, pathlib, runpy, sys\n"
        "for name in sys.argv[1:]:\n"
        "    folder = pathlib.Path(name).stem\n"
        "    os.makedirs(folder); os.chdir(folder); runpy.run_path(name); os.chdir('..')\n"
    )
    examples = sorted(map(str, (ROOT / "docs" / "examples").glob("*.py")))
    run(installed, tmp_path, "python", "-c", code, *examples)
    assert len(list(tmp_path.glob("*/output/manifest.json"))) == len(examples) >= 5


def test_the_library_starts_small(installed: Path, tmp_path: Path) -> None:
    code = (
        "import re, sys, notejam_cfn as nj; nj.add_service\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024)\n"
    )
    heavy, megabytes = run(installed, tmp_path, "python", "-c", code).splitlines()
    assert heavy == "[]" and float(megabytes) <= MOST_MEGABYTES
