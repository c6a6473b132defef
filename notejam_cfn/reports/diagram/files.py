"""The files of a picture: complete in themselves, the same bytes for the same picture, and they tell what they show."""

from __future__ import annotations

import base64
import html
import re
import struct
import zlib
from pathlib import Path

from .picture import Picture

PNG_HEAD = 33


def finish_svg(file: Path, picture: Picture) -> None:
    """Put each icon into the file once, say what it shows, and leave out what differs between Graphviz's versions."""
    text = file.read_text(encoding="utf-8")
    body = text[text.index("<g ") : text.rindex("</svg>")]
    body = re.sub(r"<title>.*?</title>\n|<!--.*?-->\n", "", body, flags=re.DOTALL)
    body = body.replace('"transparent"', '"none"').replace(' xml:space="preserve"', "")
    body = re.sub(r'(<text .*? y=)"(.*?)"', lambda found: f'{found[1]}"{float(found[2]):.0f}"', body)
    icons: dict[str, str] = {}
    body = re.sub(r"<image ([^>]*)/>", lambda found: _use(found[1], icons), body)
    width, height = (f"{size:g}" for size in picture.size)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}" data-picture="{picture.fingerprint()}">\n'
        f"<title>{html.escape(picture.title)}</title>\n<desc>{html.escape(picture.summary)}</desc>\n"
    )
    symbols = "".join(_symbol(name, Path(path)) for path, name in icons.items())
    file.write_text(f"{head}<defs>\n{symbols}</defs>\n{body}</svg>\n", encoding="utf-8")


def finish_png(file: Path, picture: Picture) -> None:
    """Write into the file what it shows, as a comment after its head."""
    content = b"Comment\0" + picture.fingerprint().encode()
    chunk = b"tEXt" + content
    chunk = struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    drawn = file.read_bytes()
    file.write_bytes(drawn[:PNG_HEAD] + chunk + drawn[PNG_HEAD:])


def shows(file: Path, picture: Picture) -> bool:
    """Tell whether a file shows a picture as it is now."""
    return file.exists() and picture.fingerprint().encode() in file.read_bytes()


def _use(attributes: str, icons: dict[str, str]) -> str:
    """Refer to an icon, which the file holds once, where Graphviz names it by where it is on this machine."""
    found = dict(re.findall(r'([\w:]+)="([^"]*)"', attributes))
    path = found["xlink:href"]
    name = icons.setdefault(path, Path(path).stem)
    place = " ".join(f'{key}="{float(found[key].removesuffix("px")):.0f}"' for key in ("x", "y", "width", "height"))
    return f'<use xlink:href="#{name}" {place}/>'


def _symbol(name: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    image = f'<image width="100" height="100" xlink:href="data:image/png;base64,{data}"/>'
    return f'<symbol id="{name}" viewBox="0 0 100 100">{image}</symbol>\n'
