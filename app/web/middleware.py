"""The outermost layer: times each request, names it, writes its line, and adds the headers every answer has."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from ..data.pooled import PooledDatabase
from ..runtime.logs import describe, encode, timestamp
from ..settings import Settings

log = logging.getLogger("notejam.request")
Headers = list[tuple[str, str]]

# Answers about the task itself are asked every few seconds; their lines would drown and outprice the others.
SILENT_ROUTES = ("/healthz", "/readyz")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
NOTHING_FROM_ELSEWHERE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
METRICS: dict[str, Any] = {
    # By stage alone: each route would be metrics of its own, which cost; the lines themselves answer for routes.
    "Dimensions": [["Stage"]],
    "Metrics": [
        {"Name": "Requests", "Unit": "Count"},
        {"Name": "Errors", "Unit": "Count"},
        {"Name": "Latency", "Unit": "Milliseconds"},
        {"Name": "DatabaseTime", "Unit": "Milliseconds"},
    ],
}
# Filled in rather than encoded each time, which would cost a tenth of the cheapest page: every value is a number, or a
# word of our own or of `request_id`'s alphabet. What is missing at the end is the brace, before which a failure goes.
LINE = (
    '{"_aws":{"Timestamp":%(milliseconds)d,"CloudWatchMetrics":[%(metrics)s]},'
    '"time":"%(time)s","level":"%(level)s","message":"request","request_id":"%(request_id)s","user_id":%(user_id)s,'
    '"method":"%(method)s","route":"%(route)s","status":%(status)d,"throttled":%(throttled)s,'
    '"duration_ms":%(ms).2f,"database_ms":%(database_ms).2f,'
    '"Stage":"%(stage)s","Requests":1,"Errors":%(failed)d,'
    '"Latency":%(ms).2f,"DatabaseTime":%(database_ms).2f'
)


class Observer:
    """A WSGI application around the application: one log line and a set of security headers for each request."""

    def __init__(self, application: Callable[..., Iterable[bytes]], settings: Settings) -> None:
        self.application = application
        self.headers = security_headers(settings.secure)
        self.write = _write_json if settings.log_format == "json" else _write_text
        self.stage = settings.stage
        self.metrics = encode({"Namespace": settings.metrics_namespace, **METRICS})
        self.level = logging.getLevelName(settings.log_level)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        # Since the request was here, not since a thread was free for it: a line of waiting visitors must be seen.
        started, spent = environ.get("notejam.arrived") or time.perf_counter(), PooledDatabase.spent
        spent.seconds = 0.0
        environ["notejam.request_id"] = request_id(environ)
        status = "500"

        def start(line: str, headers: Headers, exc_info: Any = None) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, _with_defaults(headers, self.headers), exc_info)

        try:
            return self.application(environ, start)
        finally:
            self._report(environ, int(status), time.perf_counter() - started, spent.seconds)

    def _report(self, environ: dict[str, Any], status: int, seconds: float, database_seconds: float) -> None:
        route = route_name(environ)
        if route in SILENT_ROUTES and status < 500:
            return
        failed = status >= 500
        if (logging.ERROR if failed else logging.INFO) < self.level:
            return
        method, error = environ.get("REQUEST_METHOD", ""), environ.get("notejam.error")
        values = {
            "stage": self.stage,
            "metrics": self.metrics,
            "request_id": environ["notejam.request_id"],
            "user_id": environ.get("notejam.user_id") or "null",
            "method": method if method in METHODS else "other",
            "route": route,
            "status": status,
            "failed": int(failed),
            "throttled": "true" if environ.get("notejam.throttled") else "false",
            "ms": seconds * 1e3,
            "database_ms": database_seconds * 1e3,
        }
        self.write(values, describe(error) if error is not None else {})


def request_id(environ: dict[str, Any]) -> str:
    """Return the id the load balancer gave the request, or a new one in the same alphabet."""
    trace = environ.get("HTTP_X_AMZN_TRACE_ID", "")
    found = re.search(r"Root=([0-9a-zA-Z-]{1,64})", trace) if trace else None
    return found.group(1) if found else os.urandom(12).hex()


def route_name(environ: dict[str, Any]) -> str:
    """Return the rule the path matched, like /notes/<note_id>/: never the path, which may hold a token."""
    route = environ.get("bottle.route")
    return _without_filters(route.rule) if route else "none"


def security_headers(secure: bool) -> Headers:
    """Return the headers of every answer, once: they are the same for all."""
    headers = [
        ("Content-Security-Policy", NOTHING_FROM_ELSEWHERE),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "private, no-store"),
    ]
    return headers + [("Strict-Transport-Security", "max-age=31536000; includeSubDomains")] * secure


def _with_defaults(headers: Headers, defaults: Headers) -> Headers:
    # Static files bring a Cache-Control of their own.
    own = any(name == "Cache-Control" for name, _ in headers)
    return headers + [item for item in defaults if not (own and item[0] == "Cache-Control")]


@lru_cache(maxsize=256)
def _without_filters(rule: str) -> str:
    return re.sub(r":[a-z]+>", ">", rule)


def _write_json(values: dict[str, Any], failure: dict[str, str]) -> None:
    moment = time.time()
    level = "ERROR" if values["failed"] else "INFO"
    line = LINE % {**values, "level": level, "time": timestamp(moment), "milliseconds": moment * 1000}
    end = f",{encode(failure)[1:]}" if failure else "}"
    # One write, so that the lines of two threads or processes cannot mix.
    sys.stdout.write(f"{line}{end}\n")
    sys.stdout.flush()


def _write_text(values: dict[str, Any], failure: dict[str, str]) -> None:
    request = f"{values['method']:4} {values['route']}  {values['status']}  {values['ms']:.1f} ms"
    print(request, failure.get("error", ""), flush=True)
