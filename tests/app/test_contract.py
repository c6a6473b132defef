"""The settings refuse nonsense, and the documented contract names exactly the variables there are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.errors import SettingsError
from app.runtime.development import set_defaults
from app.settings import Settings

from .helpers import SECRET

DOCUMENT = Path(__file__).parents[2] / "docs" / "application.md"
ROW = re.compile(r"^\| `([A-Z_]+)` \| (yes|no|secret) \| (.*?) \|", re.MULTILINE)


def test_the_documented_variables_are_the_settings() -> None:
    documented = [name for name, _, _ in ROW.findall(DOCUMENT.read_text())]
    assert sorted(documented) == sorted(field.name.upper() for field in fields(Settings))


def test_the_documented_defaults_are_the_settings_defaults() -> None:
    defaults = {field.name.upper(): str(field.default) for field in fields(Settings)}
    for name, _, text in ROW.findall(DOCUMENT.read_text()):
        documented = "" if text == "none" else text.strip("`")
        if name not in ("PUBLIC_URL", "PGSSLROOTCERT"):
            assert (name, documented) == (name, defaults[name])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"PORT": "0"}, "PORT must be between 1 and 65535, got 0"),
        ({"PORT": "http"}, "PORT must be a whole number, got 'http'"),
        ({"SESSION_SECRET": "short"}, "SESSION_SECRET must have at least 32 characters, got 5"),
        ({"PUBLIC_URL": "notes.example.com"}, "PUBLIC_URL must look like"),
        ({"PUBLIC_URL": "https://notes.example.com/app"}, "PUBLIC_URL must look like"),
        ({"STAGE": "a b"}, "STAGE must be letters"),
        ({"MAIL_BACKEND": "pigeon"}, "MAIL_BACKEND must be one of terminal, smtp, ses"),
        ({"MAIL_BACKEND": "ses"}, "MAIL_FROM must be an e-mail address"),
        ({"MAIL_BACKEND": "smtp", "MAIL_FROM": "a@b.co"}, "SMTP_URL must look like"),
        ({"DATABASE_HOST": "db"}, "DATABASE_USER or DATABASE_SECRET_ARN must be given"),
        ({"DATABASE_HOST": "db", "DATABASE_USER": "u", "DATABASE_SSLMODE": "no"}, "DATABASE_SSLMODE must be one of"),
        ({"TIME_ZONE": "Nowhere/City"}, "TIME_ZONE must be a name"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of"),
        ({"THREADS": "2"}, "THREADS must be between 3 and 64, got 2"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        Settings.from_environment({"SESSION_SECRET": SECRET, **wrong})


def test_a_missing_authority_is_refused_at_start(tmp_path: Path) -> None:
    environ = {"SESSION_SECRET": SECRET, "DATABASE_HOST": "db", "DATABASE_USER": "u", "DATABASE_SSLMODE": "verify-full"}
    Settings.from_environment(environ)
    with pytest.raises(SettingsError, match="PGSSLROOTCERT"):
        Settings.from_environment({**environ, "PGSSLROOTCERT": str(tmp_path / "none.pem")})


def test_secrets_are_not_in_the_settings_representation() -> None:
    settings = Settings(session_secret=SECRET, database_host="h", database_user="u", database_password="hush")
    assert SECRET not in repr(settings)
    assert "hush" not in repr(settings)


def test_a_laptop_needs_nothing_and_keeps_its_secret(tmp_path: Path) -> None:
    environ: dict[str, Any] = {"DATABASE_PATH": str(tmp_path / "notejam.db")}
    set_defaults(environ)
    again = {"DATABASE_PATH": environ["DATABASE_PATH"]}
    set_defaults(again)
    assert environ == again
    assert Settings.from_environment(environ).log_format == "text"
    assert (tmp_path / "notejam.db.secret").stat().st_mode & 0o777 == 0o600
