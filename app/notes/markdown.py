"""Notes as Markdown, shown safely: mistune renders without raw HTML, nh3 cuts down to a short list of tags."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

# A longer text is shown as it was written: rendering it would hold a thread, and strange ones grow quadratically.
LONGEST_RENDERED = 20_000
LONGEST_REMEMBERED = 4_000
BLOCKS = {"blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS = BLOCKS | TABLES | {"a", "br", "code", "del", "em", "input", "strong"}
# What can be wider than the window is scrolled, so the keyboard must be able to reach it.
SCROLLED = {"tabindex"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "li": {"class"},
    "input": {"type", "disabled", "checked", "aria-label"},
    "pre": SCROLLED,
    "table": SCROLLED,
}


def to_html(text: str) -> str | None:
    """Return safe HTML, or None for a text too long to render."""
    if len(text) > LONGEST_RENDERED:
        return None
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _rendered(text)


def _rendered(text: str) -> str:
    import nh3

    html: str = _renderer()(text)
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"})


# At most 256 texts of 4,000 characters: 5 MB, and the notes people look at repeatedly cost nothing.
_remembered = lru_cache(maxsize=256)(_rendered)


@lru_cache(maxsize=1)
def _renderer() -> Any:
    # Imported with the first note that is shown, which keeps the start short.
    import mistune

    class Renderer(mistune.HTMLRenderer):
        """Headings start below the page's own; pictures are links, since nothing is loaded from elsewhere."""

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            return super().heading(text, min(level + 1, 6), **attrs)

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return self.link(text or url, url, title)

        def block_code(self, code: str, info: str | None = None) -> str:
            return super().block_code(code, info).replace("<pre>", '<pre tabindex="0">', 1)

        def table(self, text: str) -> str:
            return f'<table tabindex="0">\n{text}</table>\n'

        def task_list_item(self, text: str, checked: bool = False) -> str:
            state, word = (" checked", "done") if checked else ("", "to do")
            return f'<li class="task"><input type="checkbox" disabled{state} aria-label="{word}">{text}</li>\n'

    return mistune.create_markdown(
        renderer=Renderer(escape=True), hard_wrap=True, plugins=["strikethrough", "table", "task_lists", "url"]
    )
