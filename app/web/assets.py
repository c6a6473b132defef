"""Style sheet and icon, under names that change with their content, so browsers may keep them for a year."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from bottle import HTTPError, HTTPResponse, request

FOLDER = Path(__file__).parents[1] / "static"
# Pages of an account need a session; there is nothing to keep anybody from.
ROBOTS = b"User-agent: *\nAllow: /\n"
TYPES = {".css": "text/css; charset=UTF-8", ".svg": "image/svg+xml"}


class Assets:
    """The files of static/, read once and compressed once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._names: dict[str, str] = {}
        self._answers: dict[str, tuple[bytes, bytes, str]] = {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            hashed = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:10]}{path.suffix}"
            self._names[path.name] = hashed
            self._answers[hashed] = (content, gzip.compress(content, mtime=0), TYPES[path.suffix])

    def url(self, name: str) -> str:
        """Return the path a page uses for a file: `style.css` becomes /static/style.1a2b3c4d5e.css."""
        return f"/static/{self._names[name]}"

    def serve(self, name: str) -> HTTPResponse:
        """Answer a request for a hashed name."""
        if name not in self._answers:
            raise HTTPError(404)
        plain, packed, content_type = self._answers[name]
        headers = {"Content-Type": content_type, "Cache-Control": "public, max-age=31536000, immutable"}
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.environ.get("HTTP_ACCEPT_ENCODING", ""):
            return HTTPResponse(plain, headers=headers)
        return HTTPResponse(packed, headers={**headers, "Content-Encoding": "gzip"})

    @staticmethod
    def robots() -> HTTPResponse:
        """Tell search engines what is worth their visit: the pages before signing in."""
        headers = {"Content-Type": "text/plain; charset=UTF-8", "Cache-Control": "public, max-age=86400"}
        return HTTPResponse(ROBOTS, headers=headers)
