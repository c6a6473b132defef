"""A picture as Mermaid, a text that GitHub draws."""

from __future__ import annotations

from collections.abc import Iterator

from .picture import Edge, Item, Node, Picture

SHAPES = {"people": ("([", "])"), "developer": ("([", "])"), "aurora": ("[(", ")]"), "approval": ("{{", "}}")}
KEPT = ("bucket", "archive", "backup", "images", "codecommit", "git")


def mermaid(picture: Picture) -> str:
    """Return the text of a flowchart, without a code fence."""
    items = (line for item in picture.items for line in _item(item, picture, 1))
    return "\n".join(["flowchart TB", *items, *(f"  {_edge(edge)}" for edge in picture.edges)]) + "\n"


def _item(item: Item, picture: Picture, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(item, Node):
        before, after = SHAPES.get(item.icon, ("[[", "]]") if item.icon in KEPT else ("[", "]"))
        label = f"{item.label}\n{item.where}" if item.where else item.label
        yield f'{indent}{item.key}{before}"{_text(label)}"{after}'
        return
    # Mermaid makes room for a label of one line alone, and an empty one is an error.
    name, *more = item.label.splitlines() or [" "]
    label = ": ".join([name, " ".join(more)]) if more else name
    yield f'{indent}subgraph {item.key}["{_text(label)}"]'
    # Mermaid draws a group in a row of its own where no arrow joins what is in it to anything else.
    # Source: Mermaid's documentation, "Flowcharts", on the direction of subgraphs.
    inside = {each.key for each in item.items}
    if not any((edge.source in inside) != (edge.target in inside) for edge in picture.edges):
        yield f"{indent}  direction LR"
    for inner in item.items:
        yield from _item(inner, picture, depth + 1)
    yield f"{indent}end"


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.minor else "-->"
    return f"{edge.source} {arrow}" + (f"|{_text(edge.label)}| " if edge.label else " ") + edge.target


def _text(label: str) -> str:
    return label.replace('"', "'").replace("\n", "<br/>")
