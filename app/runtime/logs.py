"""Logs for machines: one JSON object a line on standard output, with CloudWatch metrics in the same stream.

A request's line is also its metrics, in CloudWatch's embedded metric format: no agent, no API call. The fields are
documented in docs/application.md. Nothing here ever sees a password, a token, a note or an address; errors are named by
their type and place because their messages quote values.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from pathlib import Path
from typing import Any

FIELDS = ("request_id", "error", "stack", "applied", "mail", "database_ms")
SOURCE = str(Path(__file__).parents[1])
encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def timestamp(seconds: float) -> str:
    """Write a moment as 2026-11-23T14:05:09.123Z."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds * 1000) % 1000:03d}Z"


class JsonFormatter(logging.Formatter):
    """Writes a record of the logging module as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record, with the extra fields this application uses."""
        line = {"time": timestamp(record.created), "level": record.levelname, "message": record.getMessage()}
        line["logger"] = record.name
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[1] is not None:
            line.update(describe(record.exc_info[1]))
        return encode(line)


class TextFormatter(logging.Formatter):
    """Writes a record for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message, and the whole traceback when there is one."""
        text = f"{time.strftime('%H:%M:%S', time.localtime(record.created))}  {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text += "\n" + "".join(traceback.format_exception(record.exc_info[1]))
        return text


def describe(error: BaseException) -> dict[str, str]:
    """Say what an error is and where it happened, without its message."""
    kind, cause = kind_of(error), getattr(error, "orig", None) or error.__cause__
    if cause is not None:
        kind += f" from {kind_of(cause)}"
    places = []
    for frame in traceback.extract_tb(error.__traceback__)[-8:]:
        path = Path(frame.filename)
        inside = path.relative_to(SOURCE) if path.is_relative_to(SOURCE) else path.name
        places.append(f"{inside}:{frame.lineno} {frame.name}")
    return {"error": kind, "stack": " > ".join(places)}


def kind_of(error: BaseException) -> str:
    """Name an error and the database's code for it, without its message, which may quote addresses and values."""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return f"{type(error).__module__}.{type(error).__qualname__}" + (f" ({code})" if code else "")


def logging_config(level: str, log_format: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` needs; the server's own messages go the same way as ours."""
    formatter = {"json": JsonFormatter, "text": TextFormatter}[log_format]
    quiet = {"level": "WARNING" if log_format == "text" else level}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": sys.stdout, "formatter": "line"}},
        "root": {"level": level, "handlers": ["stdout"]},
        # The debugging output of these quotes the values of statements and requests.
        "loggers": {
            "_granian": quiet,
            "peewee.migrations": {"level": level},
            **{name: {"level": "WARNING"} for name in ("peewee", "psycopg", "botocore", "urllib3")},
        },
    }
