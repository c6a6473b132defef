"""What addresses may look like. One that does not is 404 before any handler or query sees it."""

from __future__ import annotations

from bottle import Bottle

# Up to 18 digits, which the database's 64-bit ids can hold.
ID = (r"[1-9][0-9]{0,17}", int, str)
TOKEN = (r"[A-Za-z0-9_-]{43}", None, None)


SIGNED = (r"[A-Za-z0-9_.-]{40,400}", None, None)


def with_filters(application: Bottle) -> Bottle:
    """Teach an application the filters of rules like /notes/<note_id:id>/."""
    application.router.add_filter("id", lambda _: ID)
    application.router.add_filter("token", lambda _: TOKEN)
    application.router.add_filter("signed", lambda _: SIGNED)
    return application


def new_routes() -> Bottle:
    """Return an empty collection of a subject's routes, for the factory to add to its application."""
    return with_filters(Bottle())
