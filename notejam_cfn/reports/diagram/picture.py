"""What a picture consists of, whatever draws it.

Sizes and places are in points; x grows to the right and y downwards, as on a page.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import TypeAlias

ICON = 52.0
LINE = 16.0


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle: its left upper corner, its width and its height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return where it ends on the right."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return where it ends below."""
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Return its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclasses.dataclass(frozen=True)
class Node:
    """A thing, drawn as an icon around a point with its label below.

    `icon` names its kind, such as `fargate`. The first line of `label` is its name, the others say more; `label_at` is
    where they begin when they are not centred below. `where` is what the text says of its place, which the drawing
    shows. `frame` is drawn around a thing that is in several places, such as a load balancer, and arrows end there.
    """

    key: str
    label: str
    icon: str
    x: float = 0.0
    y: float = 0.0
    size: float = ICON
    where: str = ""
    frame: Box | None = None
    label_at: tuple[float, float] | None = None

    @property
    def box(self) -> Box:
        """Return what arrows from the left or the right end at."""
        return self.frame or Box(self.x - self.size / 2, self.y - self.size / 2, self.size, self.size)

    @property
    def foot(self) -> float:
        """Return what arrows from below end at: the end of the label."""
        if self.label_at:
            return max(self.box.bottom, self.label_at[1] + foot(self.label) - LINE)
        return self.box.bottom + (0 if self.frame else foot(self.label))


def foot(label: str) -> float:
    """Return how much room a label takes below its icon."""
    return 5 + LINE * len(label.splitlines())


@dataclasses.dataclass(frozen=True)
class Group:
    """A frame around things. `look` names how it is drawn, such as `vpc`.

    Its label stands within it at the `top` or the `bottom`, or `above` it.
    """

    key: str
    label: str
    items: tuple[Item, ...]
    box: Box = Box(0, 0, 0, 0)
    look: str = "plain"
    label_at: str = "top"

    @property
    def foot(self) -> float:
        """Return what arrows from below end at."""
        return self.box.bottom


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame that only the drawing has, such as a zone's, which crosses others."""

    label: str
    box: Box
    look: str


@dataclasses.dataclass(frozen=True)
class Note:
    """A few words that only the drawing has, down from a point; `left` begins them there."""

    text: str
    x: float
    y: float
    left: bool = False


@dataclasses.dataclass(frozen=True)
class Edge:
    """An arrow. A minor one is what happens beside the main flow.

    It is straight where its ends face each other, at their middle or `at` (a y for a level one, else an x). Its label
    is above its middle, or beside its tip where it is upright; `label_at` moves it there.
    """

    source: str
    target: str
    label: str = ""
    minor: bool = False
    at: float | None = None
    label_at: tuple[float, float] | None = None


Item: TypeAlias = "Node | Group"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture. `summary` says what it shows to those who cannot see it."""

    name: str
    title: str
    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    summary: str = ""
    size: tuple[float, float] = (0.0, 0.0)
    frames: tuple[Frame, ...] = ()
    notes: tuple[Note, ...] = ()

    def nodes(self) -> Iterator[Node]:
        """Yield every node, also those in frames."""
        return (item for item in self.all_items() if isinstance(item, Node))

    def groups(self) -> Iterator[Group]:
        """Yield every group, the outer ones first."""
        return (item for item in self.all_items() if isinstance(item, Group))

    def all_items(self) -> Iterator[Item]:
        """Yield everything that an arrow may join."""
        yield from _all(self.items)

    def fingerprint(self) -> str:
        """Return what tells this picture from any other, in the same letters on every machine."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def _all(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        if isinstance(item, Group):
            yield from _all(item.items)


def connected(picture: Picture) -> Picture:
    """Return the picture without arrows whose ends are not in it: what a stage lacks takes its arrows along."""
    known = {item.key for item in picture.all_items()}
    edges = tuple(edge for edge in picture.edges if {edge.source, edge.target} <= known)
    return dataclasses.replace(picture, edges=edges)
