"""The application's settings, read from the environment once and validated at once.

Each field of `Settings` is the variable of the same name in capitals: `database_host` is `DATABASE_HOST`. The table in
docs/application.md lists them, and a test compares the two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from .errors import SettingsError

RDS_CERTIFICATES = Path(__file__).parent / "certificates" / "rds.pem"
CHOICES = {
    "mail_backend": ("terminal", "smtp", "ses"),
    "log_format": ("json", "text"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "database_sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
}
BOUNDS = {
    "port": (1, 65535),
    "trusted_proxies": (0, 10),
    "workers": (1, 16),
    "threads": (3, 64),
    "database_port": (1, 65535),
    "database_idle_seconds": (1, 240),
    "database_wait_seconds": (1, 600),
    "password_hash_limit": (1, 16),
    "drain_seconds": (0, 45),
    "account_notes": (1, 1_000_000),
    "account_megabytes": (1, 100_000),
}


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides; refuses to exist with a wrong value (`SettingsError`)."""

    host: str = "127.0.0.1"
    port: int = 8080
    stage: str = "local"
    metrics_namespace: str = "Notejam"
    public_url: str = ""
    session_secret: str = field(default="", repr=False)
    trusted_proxies: int = 0
    workers: int = 1
    threads: int = 4
    drain_seconds: int = 5
    log_level: str = "INFO"
    log_format: str = "json"
    time_zone: str = "UTC"
    password_hash_limit: int = 2
    mail_backend: str = "terminal"
    mail_from: str = ""
    smtp_url: str = field(default="", repr=False)
    account_notes: int = 10_000
    account_megabytes: int = 100
    database_path: str = "notejam.db"
    database_host: str = ""
    database_port: int = 5432
    database_name: str = "notejam"
    database_created_from: str = ""
    database_user: str = ""
    database_password: str = field(default="", repr=False)
    database_secret_arn: str = ""
    database_sslmode: str = "prefer"
    pgsslrootcert: str = str(RDS_CERTIFICATES)
    database_idle_seconds: int = 60
    database_wait_seconds: int = 75

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the variables that are set and not empty; the rest keep their defaults."""
        source = os.environ if environ is None else environ
        given = {item.name: source.get(item.name.upper(), "").strip() for item in fields(cls)}
        return cls(**{name: _parsed(name, text) for name, text in given.items() if text})

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_url", self.public_url.rstrip("/") or self._own_url())
        for name, allowed in CHOICES.items():
            _check_choice(name, getattr(self, name), allowed)
        for name, (least, most) in BOUNDS.items():
            _check_bounds(name, getattr(self, name), least, most)
        _check_url(self.public_url)
        _check_word("stage", self.stage, r"[A-Za-z0-9_-]{1,64}", "letters, digits, - and _")
        _check_word(
            "metrics_namespace", self.metrics_namespace, r"[A-Za-z0-9_./#-]{1,64}", "letters, digits and _ . / # -"
        )
        _check_zone(self.time_zone)
        self._check_secret()
        self._check_mail()
        self._check_database()

    @property
    def secure(self) -> bool:
        """Whether visitors come over https, and cookies are therefore `Secure`."""
        return self.public_url.startswith("https://")

    def _own_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def _check_secret(self) -> None:
        if len(self.session_secret) < 32:
            raise SettingsError(
                f"SESSION_SECRET must have at least 32 characters, got {len(self.session_secret)}: "
                "it signs the cookies of everybody who is signed in"
            )

    def _check_mail(self) -> None:
        if self.mail_backend != "terminal" and not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", parseaddr(self.mail_from)[1]):
            raise SettingsError(f"MAIL_FROM must be an e-mail address when MAIL_BACKEND is {self.mail_backend}")
        if self.mail_backend == "smtp" and not _is_smtp(self.smtp_url):
            raise SettingsError("SMTP_URL must look like smtp://user:password@host:587 when MAIL_BACKEND is smtp")

    def _check_database(self) -> None:
        path = Path(self.database_path)
        if not self.database_host and not path.resolve().parent.is_dir():
            raise SettingsError(f"DATABASE_PATH must be in a folder that exists, got {self.database_path}")
        if not self.database_host and path.exists() and not _is_sqlite(path):
            raise SettingsError(f"DATABASE_PATH must name a file of SQLite, got {self.database_path}")
        if self.database_host and not (self.database_user or self.database_secret_arn):
            raise SettingsError("DATABASE_USER or DATABASE_SECRET_ARN must be given with DATABASE_HOST")
        if self.database_host and self.database_sslmode.startswith("verify") and not self._has_certificates():
            raise SettingsError(f"PGSSLROOTCERT must name a file of certificates, got {self.pgsslrootcert}")

    def _has_certificates(self) -> bool:
        return self.pgsslrootcert == "system" or Path(self.pgsslrootcert).is_file()


def _is_smtp(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16) in (b"", b"SQLite format 3\0")
    except OSError:
        return False


def _parsed(name: str, text: str) -> Any:
    if name == "log_level":
        return text.upper()
    if name not in BOUNDS:
        return text
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{name.upper()} must be a whole number, got {text!r}") from None


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name.upper()} must be one of {', '.join(allowed)}, got {value!r}")


def _check_bounds(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise SettingsError(f"{name.upper()} must be between {least} and {most}, got {value}")


def _check_url(value: str) -> None:
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.path or parts.query or parts.fragment or parts.username or not value.isascii():
        raise SettingsError(f"PUBLIC_URL must look like https://notes.example.com, got {value!r}")


def _check_word(name: str, value: str, pattern: str, allowed: str) -> None:
    if not re.fullmatch(pattern, value):
        raise SettingsError(f"{name.upper()} must be {allowed}, got {value!r}")


def _check_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"TIME_ZONE must be a name like Europe/Paris, got {value!r}") from None
