"""The machine that a build gets: a root of Debian that holds nothing of this one, made once and kept by its recipe."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from notejam_cfn.local.containers import image

# What of the build image our builds use. A build's own Python stands apart from the one that the AWS CLI runs with.
PACKAGES = ("python3", "python3-venv", "ca-certificates", "awscli", "buildah", "netavark", "git")
SOURCE, INPUT, PYTHON, DOCKER = "/codebuild/output/src", "/codebuild/input", "/python", "/usr/local/bin/docker"
HOOKS = (
    f'mkdir -p "$1"{SOURCE} "$1"{INPUT}',
    f'touch "$1"{DOCKER} && chmod +x "$1"{DOCKER}',
    f'chroot "$1" python3 -m venv {PYTHON}',
)
SHIM = Path(__file__).parent / "docker.py"


def missing() -> str:
    """Say why no build can run here, or nothing."""
    return image.missing() or ("" if os.geteuid() == 0 else "builds of images need root here")


def recipe(target: Path) -> list[str]:
    """Return the command that makes the root."""
    hooks = [f"--customize-hook={hook}" for hook in HOOKS]
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        *hooks,
        "trixie",
        str(target),
    ]


def kept_root() -> Path:
    """Return the root, made unless it is there. Several processes may ask at once."""
    cache = image.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"builds-{hashlib.sha256(repr(recipe(Path())).encode()).hexdigest()[:16]}"
    with (cache / "builds.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            for old in cache.glob("builds-*"):
                shutil.rmtree(old)
            unfinished = root.with_suffix(".unfinished")
            subprocess.run(recipe(unfinished), check=True, capture_output=True, text=True)
            unfinished.rename(root)
    return root


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine for builds. `work` holds what they write; Python's packages stay for the next build."""

    root: Path
    work: Path

    @classmethod
    def new(cls, work: Path) -> Machine:
        """Make a machine that nothing has been built on."""
        root = kept_root()
        for name in ("tmp", "var", "home", "inputs"):
            (work / name).mkdir(parents=True)
        shutil.copytree(root / PYTHON[1:], work / "python", symlinks=True)
        for target, source in image.lent_to_pip(work).items():
            shutil.copyfile(source, work / "inputs" / Path(target).name)
        return cls(root, work)

    def python_version(self) -> str:
        """Return the version of Python, 3.13 for example."""
        return next((self.root / "usr/lib").glob("python3.*")).name.removeprefix("python")

    def confined(self, source: Path) -> list[str]:
        """Return the words that a command on this machine begins with."""
        packages = image.cache_folder() / "pip"
        packages.mkdir(exist_ok=True)
        inputs = self.work / "inputs"
        writable = {"/tmp": "tmp", "/var/tmp": "var", "/root": "home", PYTHON: "python", INPUT: "inputs"}
        writing = {target: self.work / name for target, name in writable.items()}
        writing |= {"/root/.cache/pip": packages, SOURCE: source}
        reading = {DOCKER: SHIM, "/etc/resolv.conf": Path("/etc/resolv.conf")}
        if (inputs / Path(image.CERTIFICATES).name).exists():
            reading[image.CERTIFICATES] = inputs / Path(image.CERTIFICATES).name
        words = ["bwrap", "--ro-bind", str(self.root), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"]
        words += [word for target, place in writing.items() for word in ("--bind", str(place), target)]
        words += [word for target, place in reading.items() for word in ("--ro-bind", str(place), target)]
        return [*words, "--unshare-pid", "--die-with-parent", "--cap-add", "ALL", "--clearenv", "--chdir", SOURCE]

    def environment(self) -> dict[str, str]:
        """Return what every build has in its environment besides what CodeBuild tells it."""
        path = f"{PYTHON}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "PIP_CONFIG_FILE": f"{INPUT}/pip.conf"}


def words_of(environment: dict[str, str]) -> Sequence[str]:
    """Return an environment as arguments of bubblewrap."""
    return [word for name, value in environment.items() for word in ("--setenv", name, value)]
