"""Draws a picture with AWS's icons as SVG and PNG, by the `diagrams` library and Graphviz.

Importing this module needs the extra `diagram`; drawing needs Graphviz's program `dot`.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diagrams import Cluster, Diagram
from diagrams import Edge as Arrow
from diagrams.aws.compute import ECR, Fargate
from diagrams.aws.database import Aurora
from diagrams.aws.devtools import Codebuild, Codecommit
from diagrams.aws.general import User, Users
from diagrams.aws.integration import SNS
from diagrams.aws.management import Cloudformation, Cloudwatch
from diagrams.aws.network import ALB, NATGateway
from diagrams.aws.security import WAF, SecretsManager
from diagrams.aws.storage import S3, Backup, S3Glacier

from .picture import Edge, Group, Item, Picture

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
    "developer": User,
    "fargate": Fargate,
    "images": ECR,
    "logs": Cloudwatch,
    "nat": NATGateway,
    "people": Users,
    "repository": Codecommit,
    "secrets": SecretsManager,
    "waf": WAF,
}
GRAPH = {
    "fontname": "DejaVu Sans",
    "fontsize": "22",
    "pad": "0.3",
    "nodesep": "0.35",
    "ranksep": "0.9",
    "dpi": "72",
    "splines": "spline",
}
NODE = {"fontname": "DejaVu Sans", "fontsize": "13"}
FRAME = {"fontname": "DejaVu Sans", "fontsize": "14", "margin": "18"}
MAIN = {"color": "#232f3e", "penwidth": "2"}
MINOR = {"color": "#7d8998", "style": "dashed"}


class GraphvizMissing(RuntimeError):
    """Graphviz's `dot` is not installed; the message says how to install it."""


def draw(picture: Picture, directory: Path) -> list[Path]:
    """Draw a picture into a directory and return the files. Raises `GraphvizMissing`."""
    if shutil.which("dot") is None:
        raise GraphvizMissing("drawing needs Graphviz: `apt-get install graphviz` or `brew install graphviz`")
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / picture.name
    with Diagram(
        picture.title,
        filename=str(target),
        outformat=["svg", "png"],
        show=False,
        direction="LR",
        graph_attr=GRAPH,
        node_attr=NODE,
        edge_attr=NODE,
    ):
        nodes = dict(_items(picture.items))
        for edge in picture.edges:
            nodes[edge.source] >> _arrow(edge) >> nodes[edge.target]
    files = [target.with_suffix(".svg"), target.with_suffix(".png")]
    _embed_icons(files[0])
    return files


def _items(items: tuple[Item, ...]) -> Iterator[tuple[str, Any]]:
    for item in items:
        if isinstance(item, Group):
            with Cluster(item.label, graph_attr=FRAME):
                yield from list(_items(item.items))
        else:
            yield item.key, ICONS[item.icon](item.label, nodeid=item.key)


def _arrow(edge: Edge) -> Any:
    return Arrow(label=edge.label, minlen=str(edge.length), **(MINOR if edge.minor else MAIN))


def _embed_icons(svg: Path) -> None:
    """Put the icons into the file: it names them by where they are on this machine."""
    text = re.sub(r'xlink:href="([^"]+\.png)"', _embedded, svg.read_text(encoding="utf-8"))
    svg.write_text(text, encoding="utf-8")


def _embedded(found: re.Match[str]) -> str:
    data = base64.b64encode(Path(found[1]).read_bytes()).decode()
    return f'xlink:href="data:image/png;base64,{data}"'
