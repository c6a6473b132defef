"""Pictures of the information flow and the delivery flow, read from the templates.

    information_flow(templates) ┐             ┌ mermaid(picture) → text that GitHub draws
                                ├→ Picture ───┤
    delivery_flow(templates)    ┘             └ draw(picture, directory) → SVG and PNG with AWS's icons

A picture says what there is and where it is drawn. The page with the pictures holds their Mermaid text and the images
hold their fingerprints, so what no longer fits the templates is noticed without drawing anything.
"""

from __future__ import annotations

from .delivery import delivery_flow
from .information import information_flow
from .mermaid import mermaid
from .page import FILE, difference, page, pictures_of
from .picture import Box, Edge, Group, Node, Picture

__all__ = [
    "FILE",
    "Box",
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
