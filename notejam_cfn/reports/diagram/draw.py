"""Draws a picture with AWS's icons as SVG and PNG, by the `diagrams` library and Graphviz.

Everything has its place already: Graphviz only draws (`neato -n2`), so that a picture looks the same whatever lays out
graphs best this year. Importing this module needs the extra `diagram`; drawing needs Graphviz's program `neato`.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from diagrams import Diagram
from diagrams import Edge as Arrow
from diagrams import Node as Shape
from diagrams.aws.compute import ECR, Fargate
from diagrams.aws.database import Aurora
from diagrams.aws.devtools import Codebuild, Codecommit
from diagrams.aws.engagement import SES
from diagrams.aws.general import User, Users
from diagrams.aws.integration import SNS, StepFunctions
from diagrams.aws.management import Cloudformation, CloudwatchLogs
from diagrams.aws.network import ALB, CloudFront, Endpoint, InternetGateway, NATGateway, Route53, VPCFlowLogs
from diagrams.aws.security import KMS, WAF, IAMPermissions, SecretsManager
from diagrams.aws.storage import S3, Backup, S3Glacier
from diagrams.onprem.vcs import Git
from diagrams.programming.flowchart import MultipleDocuments

from . import files
from .picture import LINE, Box, Edge, Group, Node, Picture
from .routes import Point, route

ICONS: dict[str, type[Any]] = {
    "alarms": SNS,
    "approval": User,
    "archive": S3Glacier,
    "aurora": Aurora,
    "backup": Backup,
    "balancer": ALB,
    "bucket": S3,
    "build": Codebuild,
    "cloudformation": Cloudformation,
    "codecommit": Codecommit,
    "developer": User,
    "documents": MultipleDocuments,
    "edge": CloudFront,
    "endpoint": Endpoint,
    "fargate": Fargate,
    "flow_logs": VPCFlowLogs,
    "gateway": InternetGateway,
    "git": Git,
    "images": ECR,
    "key": KMS,
    "logs": CloudwatchLogs,
    "mail": SES,
    "name": Route53,
    "nat": NATGateway,
    "people": Users,
    "permissions": IAMPermissions,
    "secrets": SecretsManager,
    "steps": StepFunctions,
    "waf": WAF,
}
ACROSS = "across"
INK, GREY = "#232f3e", "#46525f"
LOOKS = {
    "bare": {"style": "invis"},
    "plain": {"fillcolor": "#f6f7f9", "color": "#aeb6be"},
    "person": {"fillcolor": "#fffaf0", "color": "#d9a441"},
    "vpc": {"fillcolor": "#ffffff", "color": "#8c4fff", "penwidth": "1.6"},
    "zone": {"fillcolor": "#f3f8fc", "color": "#147eba", "style": "rounded,filled,dashed"},
    "public": {"fillcolor": "#e6f2dc", "color": "#b9d59b"},
    "private": {"fillcolor": "#e0f3f4", "color": "#a5d8da"},
    "isolated": {"fillcolor": "#e8e9fb", "color": "#bcc0ee"},
    ACROSS: {"fillcolor": "#ffffffd0", "color": INK, "penwidth": "1.4"},
    "elsewhere": {"fillcolor": "#f6f7f9", "color": "#5a6675", "style": "rounded,filled,dashed"},
    "stage": {"fillcolor": "#ffffff", "color": "#8fa3bf"},
    "decision": {"shape": "diamond", "style": "filled", "fillcolor": "#fff1cc", "color": "#d9a441"},
}
MAIN = {"color": INK, "penwidth": "2"}
MINOR = {"color": "#6b7785", "style": "dashed", "penwidth": "1.3"}
REGULAR, BOLD = "Helvetica", "Helvetica-Bold"
TITLE, HEADING, NAME, TEXT = 21, 14.5, 13.5, 13
TIP = 10.0
DOTS_PER_INCH = {"svg": "72", "png": "120"}


class CannotDraw(RuntimeError):
    """Graphviz is not installed or fails; the message says what to do."""


def draw(picture: Picture, directory: Path) -> list[Path]:
    """Draw a picture into a directory and return the files. Raises `CannotDraw`."""
    if shutil.which("neato") is None:
        raise CannotDraw(
            "drawing needs Graphviz, a program of its own: `apt-get install graphviz`, `brew install graphviz` or "
            "`winget install graphviz`; without it, `--text` prints the pictures as Mermaid"
        )
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / picture.name
    try:
        with _Placed(picture, target) as canvas:
            canvas.draw()
    except subprocess.CalledProcessError as error:
        raise CannotDraw(f"Graphviz cannot draw {picture.name}: {error}") from None
    svg, png = target.with_suffix(".svg"), target.with_suffix(".png")
    files.finish_svg(svg, picture)
    files.finish_png(png, picture)
    return [svg, png]


class _Placed(Diagram):  # type: ignore[misc]
    """A diagram whose things are where the picture says."""

    def __init__(self, picture: Picture, target: Path) -> None:
        super().__init__(
            filename=str(target),
            outformat=list(DOTS_PER_INCH),
            show=False,
            graph_attr={"pad": "0", "bgcolor": "white", "outputorder": "nodesfirst", "splines": "line"},
            node_attr={"fontcolor": INK, "label": ""},
        )
        self._picture = picture
        self._names = 0

    def render(self) -> None:
        """Let Graphviz draw and not lay out."""
        for form, dots in DOTS_PER_INCH.items():
            self.dot.graph_attr["dpi"] = dots
            self.dot.render(format=form, engine="neato", neato_no_op=2, quiet=True)

    def draw(self) -> None:
        """Draw from the ground up: frames, things, words, arrows."""
        picture = self._picture
        self._shape(Box(0, 0, *picture.size), {"style": "filled", "fillcolor": "white", "color": "white"})
        self._words([picture.title], 20, 30, left=True, heading=TITLE)
        self._groups(group for group in picture.groups() if group.look != ACROSS)
        for frame in picture.frames:
            self._shape(frame.box, LOOKS[frame.look])
            self._words([frame.label], frame.box.x + 8, frame.box.y + 15, left=True, heading=TEXT)
        self._groups(group for group in picture.groups() if group.look == ACROSS)
        for node in picture.nodes():
            self._node(node)
        for note in picture.notes:
            self._words(["", *note.text.splitlines()], note.x, note.y - LINE, left=note.left)
        items = {item.key: item for item in picture.all_items()}
        for edge in picture.edges:
            self._edge(edge, route(items[edge.source], items[edge.target], edge.at))

    def _groups(self, groups: Iterable[Group]) -> None:
        for group in groups:
            box, lines = group.box, group.label.splitlines()
            self._shape(box, LOOKS[group.look])
            height = LINE * len(lines)
            first_line = {"top": box.y + 16, "bottom": box.bottom - height + 2, "above": box.y - height + 2}
            self._words(lines, box.x + 10, first_line[group.label_at], left=True)

    def _node(self, node: Node) -> None:
        if node.frame:
            self._shape(node.frame, LOOKS[ACROSS])
        size = node.size
        if node.icon == "approval":
            self._shape(_around(node.x, node.y, size), LOOKS["decision"])
            size /= 2
        icon = ICONS[node.icon]
        icon("", nodeid=node.key, **self._place(_around(node.x, node.y, size)), fixedsize="true", imagescale="true")
        x, y = node.label_at or (node.x, node.y + node.size / 2 + 5 + LINE / 2)
        self._words(node.label.splitlines(), x, y, left=bool(node.label_at), heading=NAME)

    def _edge(self, edge: Edge, points: list[Point]) -> None:
        look = MINOR if edge.minor else MAIN
        self._line(points, look)
        self._line(_head(points), look | {"style": "solid"})
        lines = edge.label.splitlines()
        x, y, left = _label_place(edge, points, len(lines))
        self._words(["", *lines], x, y - LINE, left=left)

    def _line(self, points: list[Point], look: dict[str, str]) -> None:
        """Draw straight lines. Graphviz has curves only: the handles of these lie on their ends."""
        places = [f"{x:g},{y:g}" for x, y in (self._up(point) for point in points)]
        curves = [place for one, two in itertools.pairwise(places) for place in (one, two, two)]
        ends = [self._shape(_around(*point, 0), {"style": "invis"}) for point in (points[0], points[-1])]
        ends[0] - Arrow(pos=" ".join([places[0], *curves]), **look) - ends[1]

    def _words(self, lines: Iterable[str], x: float, y: float, left: bool = False, heading: float = HEADING) -> None:
        """Write lines, the first one as a heading, from the middle of the first one down.

        Each is a shape of its own, so Graphviz never measures text: its place does not depend on a machine's fonts.
        """
        for number, line in enumerate(lines):
            font = {"fontname": REGULAR if number else BOLD, "fontsize": f"{TEXT if number else heading:g}"}
            look = {"shape": "plaintext", "style": "", "margin": "0", "fontcolor": GREY if number else INK}
            width = self._picture.size[0] - x if left else 2.0
            box = Box(x if left else x - 1, y + LINE * number - LINE / 2, width, LINE)
            if line:
                self._shape(box, look | font, line + ("\\l" if left else ""))

    def _shape(self, box: Box, look: dict[str, str], label: str = "") -> Any:
        self._names += 1
        shape = {"shape": "box", "style": "rounded,filled", "fixedsize": "true", **look}
        return Shape(label, nodeid=f"shape{self._names}", **self._place(box), **shape)

    def _place(self, box: Box) -> dict[str, str]:
        x, y = self._up(box.middle)
        return {"pos": f"{x:g},{y:g}", "width": f"{box.width / 72:.4f}", "height": f"{box.height / 72:.4f}"}

    def _up(self, point: Point) -> Point:
        """Turn a place on the page into one of Graphviz, whose y grows upwards."""
        return point[0], self._picture.size[1] - point[1]


def _label_place(edge: Edge, points: list[Point], lines: int) -> tuple[float, float, bool]:
    """Return where the first line of an arrow's label is, and whether it begins there."""
    (x1, y1), (x2, y2) = points[-2:]
    if edge.label_at:
        return *edge.label_at, True
    if y1 == y2:
        return (x1 + x2) / 2, y1 + 2 - LINE * lines, False
    return x2 + 7, y2 + (22 if y1 > y2 else -22) - LINE * (lines - 1) / 2, True


def _around(x: float, y: float, size: float) -> Box:
    return Box(x - size / 2, y - size / 2, size, size)


def _head(points: list[Point]) -> list[Point]:
    """Return the two strokes of an arrow's head. Graphviz's own sits elsewhere in each of its versions."""
    (x1, y1), (x2, y2) = points[-2:]
    length = abs(x2 - x1) + abs(y2 - y1)
    along, across = (x2 - x1) / length, (y2 - y1) / length
    x, y = x2 - TIP * along, y2 - TIP * across
    half = TIP / 2
    return [(x + half * across, y + half * along), (x2 - along, y2 - across), (x - half * across, y - half * along)]
