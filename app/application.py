"""The application factory: one Bottle application with its services, from settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from copy import copy
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import peewee
from bottle import Bottle, HTTPError, HTTPResponse, Route, request, response

from .accounts import account, auth, browsers, email
from .accounts.mail import new_outbox
from .data.database import new_database
from .data.models import database
from .data.trash import Sweeper
from .errors import DatabaseUnavailable, Overloaded
from .notes import imports, listing, notes, pads, trash
from .security.passwords import Passwords
from .security.sessions import TOKEN_FIELD, Sessions, redirect, sign_in_path
from .security.signing import new_link_serializer
from .security.throttle import Throttle
from .settings import Settings
from .web import health
from .web.assets import Assets
from .web.drafts import sent_draft
from .web.forms import BODY_BYTES, Form, sent_form
from .web.gateway import REFUSED, Gateway, Paths
from .web.middleware import Observer
from .web.pages import page
from .web.routing import with_filters

# Whatever may pass: too much at a time, or a database that cannot be reached, is shut down, full or read-only.
TROUBLE = (
    *(DatabaseUnavailable, Overloaded),
    *(peewee.OperationalError, peewee.InterfaceError, peewee.InternalError, sqlite3.OperationalError),
)
# The load balancer gives up on an answer after 60 s.
MOST_SECONDS_FOR_A_PAGE = 55
SUBJECTS = (health, auth, account, browsers, email, listing, notes, pads, trash, imports)
EXPLANATIONS = {
    400: ("Bad request", "What was sent is incomplete or not understood, so nothing of it is saved."),
    403: ("Form expired", "This form was opened in another browser, or before you signed out. Please send it again."),
    404: ("Not found", "There is no such page."),
    405: ("Not allowed", "This page cannot be used that way."),
    408: ("Too slow", "What was sent did not arrive in time, so nothing of it is saved. Please try again."),
    411: ("Not understood", "What was sent did not say how long it is, so nothing of it is saved."),
    413: ("Too long", "This is far more than a note holds, so nothing of it is saved. Go back, and make it shorter."),
    415: ("Not understood", "This page only understands its own forms."),
    500: ("Something went wrong", "It is not your fault. The people who run Notejam can see what happened."),
    503: ("One moment, please", "Notejam cannot get at the notes right now. Please try again in a few seconds."),
}


class Notejam(Bottle):
    """Bottle with the services handlers reach through `request.app`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.config["json.enable"] = False
        self.settings = settings
        self.zone = ZoneInfo(settings.time_zone)
        self.sessions = Sessions(settings.session_secret, settings.secure)
        self.passwords = Passwords(settings.password_hash_limit)
        self.throttle = Throttle(settings.session_secret, settings.trusted_proxies)
        self.links = new_link_serializer(settings.session_secret, "change of e-mail")
        self.outbox = new_outbox(settings)
        self.assets = Assets()
        self.sweeper = Sweeper()

    def ask_to_sign_in(self) -> Any:
        """Lead a guest to the page to sign in, and from there to where they were going, with what they wrote."""
        draft = sent_draft()
        if draft is None:
            return redirect(sign_in_path())
        response.status = 401
        return page("signin", "Sign in to save your note", form=Form(dict(draft.kept())))

    def default_error_handler(self, error: HTTPError) -> str:
        """Explain an error on a page like all others, without needing the database."""
        if error.status_code == 404 and _lacks_slash(request.path):
            response.status = 308
            query = request.query_string
            response.set_header("Location", f"{quote(request.path)}/" + (f"?{query}" if query else ""))
            return ""
        title, explanation = EXPLANATIONS.get(error.status_code, EXPLANATIONS[500])
        visitor = request.environ.get("notejam.visitor")
        draft = sent_draft()
        if draft and error.status_code == 503:
            # In front of us CloudFront shows a waiting page in place of any 503, and the text would be gone.
            response.status = 500
        return page("error", title, visitor, explanation=explanation, code=error.status_code, draft=draft)


def create_app(settings: Settings) -> Observer:
    """Return the WSGI application. There is one in a process: the models know one database."""
    database.initialize(new_database(settings, MOST_SECONDS_FOR_A_PAGE))
    application = with_filters(Notejam(settings))
    application.install(Guard())
    # Copied, not merged: a merged route would keep the plugins of the application it was written for.
    for route in (copy(route) for subject in SUBJECTS for route in subject.routes.routes):
        route.app = application
        application.add_route(route)
    application.get("/static/<name>", callback=application.assets.serve)
    application.get("/robots.txt", callback=application.assets.robots)
    return Observer(application, settings)


def create_gateway(application: Observer, settings: Settings) -> Gateway:
    """Return what the server calls: the application behind a door that keeps slow senders and readers out.

    It learns what routes say of themselves: `inline=True`, `slow=True`, `body_bytes=…`, on rules without wildcards.
    """
    routes = application.application.routes
    paths = Paths(
        inline=frozenset(route.rule for route in routes if route.config.get("inline") and route.method == "GET"),
        slow=frozenset(route.rule for route in routes if route.config.get("slow")),
        limits={route.rule: route.config["body_bytes"] for route in routes if "body_bytes" in route.config},
        limit=BODY_BYTES,
    )
    return Gateway(application, paths, settings.threads)


class Guard:
    """Put around every handler: form tokens, the end of the database loan, and an answer to every error.

    A Bottle plugin rather than a decorator, so that no handler can be written without it.
    """

    api, name = 2, "guard"

    def apply(self, handler: Callable[..., Any], route: Route) -> Callable[..., Any]:
        """Return the guarded handler of a route."""
        is_form, for_guests = route.method == "POST", bool(route.config.get("guests"))

        def guarded(**arguments: Any) -> Any:
            try:
                if refused := request.environ.get(REFUSED):  # by the gateway: no handler sees it
                    return HTTPError(refused)
                if is_form:
                    _check_token(for_guests)
                return handler(**arguments)
            except HTTPResponse as answer:
                return answer
            except Exception as error:
                request.environ["notejam.error"] = error
                # The bare class is a damaged file; its other subclasses are faults of the statement.
                if isinstance(error, TROUBLE) or type(error) in (peewee.DatabaseError, sqlite3.DatabaseError):
                    return HTTPError(503, Retry_After="5")
                # Answered here, because Bottle would write the error's message, and with it people's data, to the log.
                response.status = 500
                return HTTPError(500)
            finally:
                if not database.is_closed():
                    database.close()

        return guarded


def _lacks_slash(path: str) -> bool:
    """Whether a path would be a page if it ended in a slash, as all of ours do."""
    if path.endswith("/"):
        return False
    try:
        return bool(request.app.router.match({"PATH_INFO": f"{path}/", "REQUEST_METHOD": "GET"}))
    except HTTPError:
        return False


def _check_token(for_guests: bool) -> None:
    """Stop a form that was not made for this browser.

    One for guests acts for nobody yet, so it is enough that it comes from a page of ours, as the browser says: of two
    pages opened at once on a first visit, the later one's cookie takes the place of the other's.
    """
    sessions = request.app.sessions
    if not (sessions.check_token(sent_form()[TOKEN_FIELD]) or (for_guests and _is_from_own_page())):
        raise HTTPError(403)


def _is_from_own_page() -> bool:
    """Whether the browser says so, in a header that no page can set; old ones and plain http have `Origin` alone."""
    site = request.environ.get("HTTP_SEC_FETCH_SITE")
    return site == "same-origin" if site else request.environ.get("HTTP_ORIGIN") == request.app.settings.public_url
