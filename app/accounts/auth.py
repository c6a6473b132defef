"""Getting in and out: sign up, sign in, sign out, and a forgotten password."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bottle import HTTPResponse, request, response
from peewee import IntegrityError

from ..data.models import PasswordReset, User, Visitor, database, now
from ..security.sessions import digest, own_path, random_text, redirect, signed_in
from ..web.drafts import kept_draft, save
from ..web.forms import Form, sent_form
from ..web.pages import flash, page
from ..web.routing import new_routes

routes = new_routes()
RESET_LIFETIME = dt.timedelta(hours=1)
TOO_MANY = "Too many attempts. Please wait a quarter of an hour and try again."
WRONG = "Wrong e-mail address or password."


@routes.get("/signup/", inline=True)
def sign_up_form() -> str:
    """Show the form for a new account."""
    return page("signup", "Sign up", form=Form())


@routes.post("/signup/", guests=True)
def sign_up() -> Any:
    """Create an account and sign its owner in."""
    form = sent_form()
    email, password = form.email(), form.new_password("password", "repeat_password")
    user_id = _create_user(form, email, password) if form.ok else None
    if user_id is None:
        return page("signup", "Sign up", form=form)
    request.app.sessions.start(user_id, email)
    flash("signed-up")
    return redirect("/")


@routes.get("/signin/", inline=True)
def sign_in_form() -> str:
    """Show the form to sign in."""
    return page("signin", "Sign in", form=Form({"next": own_path(request.query.getunicode("next") or "/")}))


@routes.post("/signin/", guests=True)
def sign_in() -> Any:
    """Sign in and go on to where the visitor was going."""
    form = sent_form()
    email, password = form.email(), form.password("password")
    user = _authenticated(form, email, password) if form.ok else None
    if user is None:
        return page("signin", "Sign in", form=form)
    request.app.sessions.start(user.id, user.email)
    draft = kept_draft(form)
    if draft is not None:
        return save(draft)
    flash("signed-in")
    return redirect(own_path(form["next"] or "/"))


@routes.get("/signout/")
@signed_in
def sign_out_form(visitor: Visitor) -> str:
    """Ask: an address that another page made the browser open signs nobody out."""
    return page("signout", "Sign out", visitor)


@routes.post("/signout/")
def sign_out() -> HTTPResponse:
    """End this browser's session, here and in the database."""
    request.app.sessions.end()
    flash("signed-out")
    return redirect("/signin/")


@routes.get("/forgot-password/", inline=True)
def forgot_form() -> str:
    """Ask for the address of the account."""
    return page("forgot", "Forgot password", form=Form())


@routes.post("/forgot-password/", guests=True)
def forgot() -> Any:
    """Promise a link; look for the account, and send it, after the page is answered."""
    form = sent_form()
    email = form.email()
    if form.ok and request.app.throttle.refuses("reset", email):
        too_many(form, "email")
    if not form.ok:
        return page("forgot", "Forgot password", form=form)
    outbox, url = request.app.outbox, request.app.settings.public_url
    outbox.later(lambda: _send_reset(outbox, url, email))
    flash("reset-sent")
    return redirect("/signin/")


@routes.get("/reset-password/<token:token>/")
def reset_form(token: str) -> Any:
    """Show the form a mailed link leads to. Looking does not use it up: mail scanners look too."""
    if PasswordReset.is_pending(digest(token)):
        return page("reset", "Choose a new password", form=Form(), reset_token=token)
    return _invalid_link()


@routes.post("/reset-password/<token:token>/", guests=True)
def reset(token: str) -> Any:
    """Use up the link and set the password; every browser must sign in again."""
    form = sent_form()
    password = form.new_password("new_password", "repeat_new_password")
    if not form.ok:
        return page("reset", "Choose a new password", form=form, reset_token=token)
    password_hash = request.app.passwords.hash(password)
    user = PasswordReset.redeem(digest(token))
    if user is None:
        return _invalid_link()
    user.change_password(password_hash)
    flash("reset-done")
    return redirect("/signin/")


def _create_user(form: Form, email: str, password: str) -> int | None:
    """Return the new user's id, or None with the reason in the form."""
    if request.app.throttle.refuses("signup", email):
        too_many(form, "email")
        return None
    if User.with_email(email) is None:
        try:
            return int(User.create(email=email, password_hash=request.app.passwords.hash(password)).id)
        except IntegrityError:  # somebody was faster between the question and the answer
            pass
    form.fail("email", "There is an account with this address already.")
    return None


def _authenticated(form: Form, email: str, password: str) -> User | None:
    """Return the user whose password this is, or None with the reason in the form, the same for all reasons."""
    known = request.app.sessions.known(email)
    if request.app.throttle.refuses("signin", email, known):
        too_many(form, "password")
        return None
    user = User.with_email(email)
    if not request.app.passwords.verify(user and user.password_hash, password):
        form.fail("password", WRONG)
        return None
    request.app.throttle.forgive("signin", email, known)
    if user and request.app.passwords.is_outdated(user.password_hash):
        user.replace_hash(request.app.passwords.hash(password))
    return user


def too_many(form: Form, field: str) -> None:
    """Refuse an attempt beside a field, with the status that says so."""
    response.status = 429
    response.set_header("Retry-After", "900")
    form.fail(field, TOO_MANY)


def _send_reset(outbox: Any, public_url: str, email: str) -> None:
    token = random_text(32)
    with database.connection_context():
        user = User.with_email(email)
        if user is None:
            return
        PasswordReset.start(user.id, digest(token), now() + RESET_LIFETIME)
    outbox.write(email, "Choose a new Notejam password", _LETTER.format(url=public_url, token=token))


def _invalid_link() -> HTTPResponse:
    flash("reset-invalid")
    return redirect("/forgot-password/")


_LETTER = """\
Hello,

somebody, probably you, asked for a new password for your Notejam account.
To choose one, open this page within the next hour:

{url}/reset-password/{token}/

The link works once. If it was not you, ignore this letter: nothing has changed.
"""
