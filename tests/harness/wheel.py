"""The project as somebody installs it: a wheel, in an environment that has nothing but the wheel and what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "notejam_cfn")
# What the wheel itself asks for, and what that asks for, as folders and modules of this environment.
NEEDED = ("troposphere", "awacs", "yaml", "_yaml", "cfn_flip", "cfn_tools", "cfn_clean", "six.py")
OFFLINE = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")


def build(folder: Path) -> Path:
    """Build the wheel from a copy of its sources, without a network, and return its file."""
    for name in SOURCES:
        source, copy = ROOT / name, folder / "source" / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    # What `pip wheel` asks the build backend for, without the two seconds and processes around it.
    backend = [sys.executable, "-c", f"from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})"]
    subprocess.run(backend, cwd=folder / "source", check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment with the wheel and what it needs, and return its folder of programs."""
    venv.create(folder / "env", with_pip=False, symlinks=True)
    programs = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    needed, installed = folder / "needed", Path(sysconfig.get_path("purelib"))
    needed.mkdir()
    for name in NEEDED:
        if (installed / name).exists():
            (needed / name).symlink_to(installed / name)
    python = str(programs / "python")
    libraries = next((folder / "env").rglob("site-packages"))
    (libraries / "needed.pth").write_text(f"{needed}\n", encoding="utf-8")
    pip = [python, str(installed / "pip"), "install", *OFFLINE, str(wheel)]  # as `pip --python` starts it
    subprocess.run(pip, check=True, capture_output=True, text=True)
    return programs


def run(programs: Path, folder: Path, *command: str) -> str:
    """Run a program of the environment in a folder, and return what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV"))}
    done = subprocess.run(
        [str(programs / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
