"""The application's settings, read from the environment once and validated at once.

Each field of `Settings` is the variable of the same name in capitals: `database_host` is `DATABASE_HOST`. The table in
docs/application.md lists them, and a test compares the two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
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
WORDS = {
    "stage": (r"A-Za-z0-9_-", "letters, digits, - and _"),
    "metrics_namespace": (r"A-Za-z0-9_./#-", "letters, digits and _ . / # -"),
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
        host = f"[{self.host}]" if ":" in self.host else self.host
        object.__setattr__(self, "public_url", self.public_url.rstrip("/") or f"http://{host}:{self.port}")
        for problem in (*self._value_problems(), *self._mail_problems(), *self._database_problems()):
            raise SettingsError(problem)

    @property
    def secure(self) -> bool:
        """Whether visitors come over https, and cookies are therefore `Secure`."""
        return self.public_url.startswith("https://")

    def _value_problems(self) -> Iterator[str]:
        for name, allowed in CHOICES.items():
            if (value := getattr(self, name)) not in allowed:
                yield f"{name.upper()} must be one of {', '.join(allowed)}, got {value!r}"
        for name, (least, most) in BOUNDS.items():
            if not least <= (value := getattr(self, name)) <= most:
                yield f"{name.upper()} must be between {least} and {most}, got {value}"
        url = _parsed_url(self.public_url, "http", "https")
        if not url or url.path or url.query or url.fragment or url.username or not self.public_url.isascii():
            yield f"PUBLIC_URL must look like https://notes.example.com, got {self.public_url!r}"
        for name, (signs, words) in WORDS.items():
            if not re.fullmatch(f"[{signs}]{{1,64}}", value := getattr(self, name)):
                yield f"{name.upper()} must be {words}, got {value!r}"
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            yield f"TIME_ZONE must be a name like Europe/Paris, got {self.time_zone!r}"
        if len(self.session_secret) < 32:
            problem = f"SESSION_SECRET must have at least 32 characters, got {len(self.session_secret)}"
            yield f"{problem}: it signs the cookies of everybody who is signed in"

    def _mail_problems(self) -> Iterator[str]:
        if self.mail_backend != "terminal" and not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", parseaddr(self.mail_from)[1]):
            yield f"MAIL_FROM must be an e-mail address when MAIL_BACKEND is {self.mail_backend}"
        if self.mail_backend == "smtp" and not _parsed_url(self.smtp_url, "smtp", "smtps"):
            yield "SMTP_URL must look like smtp://user:password@host:587 when MAIL_BACKEND is smtp"

    def _database_problems(self) -> Iterator[str]:
        path = Path(self.database_path)
        if self.database_host:
            if not (self.database_user or self.database_secret_arn):
                yield "DATABASE_USER or DATABASE_SECRET_ARN must be given with DATABASE_HOST"
            has_certificates = self.pgsslrootcert == "system" or Path(self.pgsslrootcert).is_file()
            if self.database_sslmode.startswith("verify") and not has_certificates:
                yield f"PGSSLROOTCERT must name a file of certificates, got {self.pgsslrootcert}"
        elif not path.resolve().parent.is_dir():
            yield f"DATABASE_PATH must be in a folder that exists, got {self.database_path}"
        elif path.exists() and not _is_sqlite(path):
            yield f"DATABASE_PATH must name a file of SQLite, got {self.database_path}"


def _parsed_url(text: str, *schemes: str) -> SplitResult | None:
    """Return the parts of an address with a host and one of these schemes, or None."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if fits else None


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
