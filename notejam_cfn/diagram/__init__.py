"""Pictures of the information flow and the delivery flow, read from the templates.

    information_flow(templates) ┐             ┌ mermaid(picture) → text that GitHub draws
                                ├→ Picture ───┤
    delivery_flow(template)     ┘             └ draw(picture, path) → SVG and PNG with AWS's icons

The page with the pictures holds their Mermaid text, so a page that no longer fits the templates is noticed without
drawing anything.
"""

from __future__ import annotations

from .delivery import delivery_flow
from .information import information_flow
from .mermaid import mermaid
from .page import FILE, difference, page, pictures_of
from .picture import Edge, Group, Node, Picture

__all__ = [
    "FILE",
    "Edge",
    "Group",
    "Node",
    "Picture",
    "delivery_flow",
    "difference",
    "information_flow",
    "mermaid",
    "page",
    "pictures_of",
]
