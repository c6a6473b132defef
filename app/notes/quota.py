"""How much one account may hold, so that nobody fills the database for everybody."""

from __future__ import annotations

from bottle import request

from ..data.models import Visitor
from ..data.notes import Note, Usage
from ..web.forms import Form


def limits() -> Usage:
    """Return the most that an account may hold."""
    settings = request.app.settings
    return Usage(settings.account_notes, settings.account_megabytes * 1_000_000)


def has_room(form: Form, visitor: Visitor, text: str, notes: int = 0, instead_of: str = "") -> bool:
    """Whether the account may hold that much more; if not, the form says so beside the text."""
    more = len(text.encode()) - len(instead_of.encode())
    if more <= 0 and not notes:
        return True
    message = refusal(Note.usage(visitor.user_id), notes, more)
    if message:
        form.fail("text", message)
    return not message


def refusal(used: Usage, notes: int, more_bytes: int) -> str:
    """Return why an account cannot hold that many more notes and bytes, or nothing when it can."""
    most = limits()
    if used.notes + notes > most.notes:
        return (
            f"Your account holds {used.notes:,} notes of at most {most.notes:,}, so this one is not saved "
            "yet. Delete some that you do not need, empty the trash, and save again."
        )
    if used.bytes + more_bytes > most.bytes:
        return (
            f"Your account holds {used.bytes / 1e6:,.1f} MB of at most {most.bytes / 1e6:,.0f} MB, so this is "
            "not saved yet. Delete what you do not need, empty the trash, and save again."
        )
    return ""
