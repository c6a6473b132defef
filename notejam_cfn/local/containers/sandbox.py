"""Runs a container of a task definition in the application's image, as Fargate does: bubblewrap is the runtime.

The root file system is the image's, read-only where the task definition says so; only the volumes that the task
definition mounts can be written, and only by whom their directories belong to; the user is the task definition's or the
image's; the process namespace is the container's own. The network is this machine's, as a task's containers share one.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from .image import Image

# What the platform itself writes into a container, from this machine's.
NAMES_OF_HOSTS = ("/etc/hosts", "/etc/resolv.conf")
DATABASE_AUTHORITIES = "rds.pem"


@dataclasses.dataclass(frozen=True)
class Limits:
    """How a container is confined, from its definition."""

    user: str = ""
    read_only: bool = False
    mounts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    init: bool = False
    memory_mib: int | None = None
    stop_seconds: int = 30

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Limits:
        """Read them from a container definition of ECS's API. Without a stop timeout, Fargate waits for 30 seconds."""
        return cls(
            user=raw.get("user", ""),
            read_only=bool(raw.get("readonlyRootFilesystem")),
            mounts={item["containerPath"]: item["sourceVolume"] for item in raw.get("mountPoints", ())},
            init=bool(raw.get("linuxParameters", {}).get("initProcessEnabled")),
            memory_mib=raw.get("memory"),
            stop_seconds=int(raw.get("stopTimeout", 30)),
        )


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """An image and the volumes of one task. `authorities` is a file that stands for the certificates of RDS."""

    image: Image
    volumes: Path
    authorities: Path
    confines: ClassVar = True

    @property
    def described(self) -> str:
        """What the containers run in."""
        return f"the image {self.image.digest[:19]}"

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The image's entry point."""
        return self.image.entrypoint

    def process(self, limits: Limits, command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the arguments of `subprocess.Popen` for a command in a container."""
        # By number, as the image or a task definition writes them; root when nothing is said.
        name, _, group_name = (limits.user or self.image.user or "0:0").partition(":")
        user, group = int(name), int(group_name or name)
        words = [*self._confined(limits, user, group), "--chdir", self.image.folder]
        for name, value in {"PATH": os.defpath, **self.image.environment, **environment}.items():
            words += ["--setenv", name, value]
        as_user = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
        return {"args": [*words, "--", *command], "cwd": "/", "env": {"PATH": os.environ.get("PATH", "")}, **as_user}

    def _confined(self, limits: Limits, user: int, group: int) -> list[str]:
        root = ["--ro-bind" if limits.read_only else "--bind", str(self.image.root), "/"]
        namespaces = ["--unshare-user", "--uid", str(user), "--gid", str(group), "--unshare-pid", "--unshare-ipc"]
        ends = ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        words = ["bwrap", *root, "--dev", "/dev", "--proc", "/proc", *namespaces, *ends]
        if not limits.init:
            words.append("--as-pid-1")
        for path, volume in limits.mounts.items():
            words += ["--bind", str(self._volume(volume, path)), path]
        for path in NAMES_OF_HOSTS:
            if (self.image.root / path[1:]).exists() and Path(path).exists():
                words += ["--ro-bind", path, path]
        for found in (self.image.root / self.image.folder[1:]).rglob(DATABASE_AUTHORITIES):
            words += ["--ro-bind", str(self.authorities), f"/{found.relative_to(self.image.root)}"]
        return words

    def _volume(self, name: str, path: str) -> Path:
        """Return a volume's folder. New, it is root's, or takes over the rights of a directory the image declares.

        Source: Amazon ECS Developer Guide, "Bind mounts": the image's VOLUME gives a bind mount its permissions.
        """
        folder = self.volumes / name
        if not folder.exists():
            folder.mkdir(mode=0o755)
            model = self.image.root / path[1:]
            if path in self.image.volumes and model.is_dir():
                folder.chmod(model.stat().st_mode & 0o7777)
                if os.geteuid() == 0:
                    shutil.chown(folder, model.stat().st_uid, model.stat().st_gid)
        return folder
