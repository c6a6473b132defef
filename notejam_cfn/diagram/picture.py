"""What a picture consists of, whatever draws it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TypeAlias


@dataclasses.dataclass(frozen=True)
class Node:
    """A thing. `icon` names its kind, such as `fargate`; `label` may have several lines."""

    key: str
    label: str
    icon: str


@dataclasses.dataclass(frozen=True)
class Group:
    """A frame around things."""

    key: str
    label: str
    items: tuple[Item, ...]


@dataclasses.dataclass(frozen=True)
class Edge:
    """An arrow. A minor one is what happens beside the main flow; `length` counts the columns it spans."""

    source: str
    target: str
    label: str = ""
    minor: bool = False
    length: int = 1


Item: TypeAlias = "Node | Group"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture, which is drawn from left to right."""

    name: str
    title: str
    items: tuple[Item, ...]
    edges: tuple[Edge, ...]

    def nodes(self) -> Iterator[Node]:
        """Yield every node, also those in frames."""
        yield from _nodes(self.items)


def _nodes(items: tuple[Item, ...]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            yield from _nodes(item.items)


def connected(picture: Picture) -> Picture:
    """Return the picture without arrows whose ends are not in it: what a stage lacks takes its arrows along."""
    known = {node.key for node in picture.nodes()}
    edges = tuple(edge for edge in picture.edges if {edge.source, edge.target} <= known)
    return dataclasses.replace(picture, edges=edges)
