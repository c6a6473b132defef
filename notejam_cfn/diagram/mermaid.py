"""A picture as Mermaid, a text that GitHub draws."""

from __future__ import annotations

from collections.abc import Iterator

from .picture import Edge, Item, Node, Picture

SHAPES = {"people": ("([", "])"), "developer": ("([", "])"), "aurora": ("[(", ")]"), "approval": ("{{", "}}")}
BUCKETS = ("bucket", "archive", "backup", "images", "repository")


def mermaid(picture: Picture) -> str:
    """Return the text of a flowchart, without a code fence."""
    lines = ["flowchart LR", *_items(picture.items, 1), *(f"  {_edge(edge)}" for edge in picture.edges)]
    return "\n".join(lines) + "\n"


def _items(items: tuple[Item, ...], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in items:
        if isinstance(item, Node):
            yield indent + _node(item)
        else:
            yield f'{indent}subgraph {item.key}["{_text(item.label)}"]'
            yield from _items(item.items, depth + 1)
            yield f"{indent}end"


def _node(node: Node) -> str:
    before, after = SHAPES.get(node.icon, ("[[", "]]") if node.icon in BUCKETS else ("[", "]"))
    return f'{node.key}{before}"{_text(node.label)}"{after}'


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.minor else "-->"
    return f"{edge.source} {arrow}" + (f"|{_text(edge.label)}| " if edge.label else " ") + edge.target


def _text(label: str) -> str:
    return label.replace('"', "'").replace("\n", "<br/>")
