"""A picture as Mermaid, a text that GitHub draws."""

from __future__ import annotations

from collections.abc import Iterator

from .picture import Edge, Group, Item, Node, Picture

SHAPES = {"people": ("([", "])"), "developer": ("([", "])"), "aurora": ("[(", ")]"), "approval": ("{{", "}}")}
KEPT = ("bucket", "archive", "backup", "images", "codecommit", "git")


def mermaid(picture: Picture) -> str:
    """Return the text of a flowchart, without a code fence."""
    items = (line for item in picture.items for line in _item(item, picture, 1))
    return "\n".join(["flowchart TB", *items, *(f"  {_edge(edge)}" for edge in picture.edges)]) + "\n"


def _item(item: Item, picture: Picture, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(item, Node):
        yield indent + _node(item)
        return
    yield f'{indent}subgraph {item.key}["{_heading(item.label)}"]'
    if _stands_alone(item, picture):
        yield f"{indent}  direction LR"
    for inner in item.items:
        yield from _item(inner, picture, depth + 1)
    yield f"{indent}end"


def _stands_alone(group: Group, picture: Picture) -> bool:
    """Tell whether no arrow joins what is in a group to anything else: Mermaid then draws it in a row of its own.

    Source: Mermaid's documentation, "Flowcharts", on the direction of subgraphs.
    """
    inner = {item.key for item in group.items}
    return not any((edge.source in inner) != (edge.target in inner) for edge in picture.edges)


def _node(node: Node) -> str:
    before, after = SHAPES.get(node.icon, ("[[", "]]") if node.icon in KEPT else ("[", "]"))
    label = f"{node.label}\n{node.where}" if node.where else node.label
    return f'{node.key}{before}"{_text(label)}"{after}'


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.minor else "-->"
    return f"{edge.source} {arrow}" + (f"|{_text(edge.label)}| " if edge.label else " ") + edge.target


def _heading(label: str) -> str:
    """Return a group's label in one line, for which alone Mermaid makes room; an empty one is an error."""
    name, *more = label.splitlines() or [" "]
    return _text(": ".join([name, " ".join(more)]) if more else name)


def _text(label: str) -> str:
    return label.replace('"', "'").replace("\n", "<br/>")
