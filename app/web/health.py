"""What the load balancer and the container runtime ask."""

from __future__ import annotations

from bottle import response

from ..data.models import database
from .routing import new_routes

routes = new_routes()


@routes.get("/healthz", inline=True)
def healthz() -> str:
    """Say that this process answers. Never asks the database, which must be able to pause."""
    response.content_type = "text/plain"
    return "ok\n"


@routes.get("/readyz")
def readyz() -> str:
    """Say that this process and its database answer; wakes a paused database."""
    database.ping()
    response.content_type = "text/plain"
    return "ready\n"
