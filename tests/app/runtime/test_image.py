"""What can be said about the image without a Docker engine."""

from __future__ import annotations

import re
from pathlib import Path

from app.runtime import trim_image

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "app" / "Dockerfile").read_text()
PINS = (ROOT / "app" / "requirements.txt").read_text()


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_the_commands_are_in_exec_form() -> None:
    assert 'ENTRYPOINT ["python", "-m", "app"]' in DOCKERFILE
    assert 'CMD ["serve"]' in DOCKERFILE


def test_every_package_is_pinned_with_hashes() -> None:
    packages = re.findall(r"^[a-z0-9-]+==\S+ .*?(?=^\S|\Z)", PINS, re.MULTILINE | re.DOTALL)
    assert len(packages) >= 15
    assert all("--hash=sha256:" in package for package in packages)
    assert "--require-hashes" in DOCKERFILE


def test_psycopg_and_its_binary_are_the_same_version() -> None:
    versions = dict(re.findall(r"^(psycopg(?:-binary)?)==(\S+)", PINS, re.MULTILINE))
    assert versions["psycopg"] == versions["psycopg-binary"]


def test_slimming_keeps_the_services_that_are_called(tmp_path: Path) -> None:
    data = tmp_path / "lib" / "python3.13" / "site-packages" / "botocore" / "data"
    for name in ("ec2", "sesv2", "secretsmanager"):
        (data / name).mkdir(parents=True)
    (data / "endpoints.json").write_text("{}")
    trim_image.main(tmp_path)
    assert sorted(path.name for path in data.iterdir()) == ["endpoints.json", "secretsmanager", "sesv2"]
    called = re.findall(
        r'create_client\(\s*"(\w+)"', "".join(path.read_text() for path in (ROOT / "app").rglob("*.py"))
    )
    assert set(called) <= set(trim_image.SERVICES)
