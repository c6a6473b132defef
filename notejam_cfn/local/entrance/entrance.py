"""The way into a rehearsed stage: over HTTPS through the emulated CloudFront, or plainly to a public load balancer.

What is walked here is what only an entrance does: HTTPS for everyone, the cache of static files, errors that nobody
keeps, the page of a sleeping stage, and that no other way leads in.
"""

from __future__ import annotations

import dataclasses
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from . import http_proxy
from .certificates import Authority
from .smoke_client import Page, SmokeClient, SmokeError

WAKING = "One moment, please"
STATIC_FILE = re.compile(r'href="(/static/[^"]+)"')
EXPORT = "/settings/export/"


@dataclasses.dataclass(frozen=True)
class Entrance:
    """Where a stage is reached on this machine: HOST:PORT over HTTPS, where it has that, and over HTTP."""

    host: str
    plain: str
    secure: str = ""
    trusted: ssl.SSLContext | None = None

    @property
    def browser_address(self) -> str:
        """What a browser on this machine opens; over HTTPS it warns of a certificate that it does not know."""
        return f"https://{self.secure}/" if self.secure else f"http://{self.plain}/"

    def client(self) -> SmokeClient:
        """Return a client that comes as people do."""
        return SmokeClient(self.secure or self.plain, self.host, self.trusted)


@contextmanager
def opened(network_address: str, url: str) -> Iterator[Entrance]:
    """Open the way to a stage's address in the emulator that answers at `network_address`."""
    site = urlsplit(url)
    with ExitStack() as stack:
        plain = stack.enter_context(http_proxy.opened(network_address, site.netloc))
        if site.scheme == "http":
            yield Entrance(site.netloc, plain)
            return
        authority = Authority()
        context = authority.server_context([site.netloc])
        secure = stack.enter_context(http_proxy.opened(network_address, site.netloc, context))
        yield Entrance(site.netloc, plain, secure, authority.client_context())


def walk(entrance: Entrance, tell: Callable[[str], None]) -> None:
    """Walk through what the entrance itself answers. Raises SmokeError at the first answer that is wrong."""
    if not entrance.secure:
        return
    turned = SmokeClient(entrance.plain, entrance.host).ask("/signin/")
    _require(turned, turned.headers.get("location") == f"https://{entrance.host}/signin/", "is not sent to HTTPS")
    tell("who asks over HTTP is sent to HTTPS")
    client = entrance.client()
    client.ask("/signin/")
    page = client.ask("/signin/")
    _require(page, "hit" not in page.headers["x-cache"].lower(), "is kept")
    static = STATIC_FILE.search(page.text)
    if static is None:
        raise SmokeError("/signin/ names no static file")
    client.ask(static[1])
    again = client.ask(static[1])
    _require(again, again.status == 200 and again.headers["x-cache"].startswith("Hit"), "is not kept at the edge")
    tell(f"{static[1]} comes from the edge, pages do not")
    for _ in range(2):
        missing = client.ask("/nowhere/")
        _require(missing, missing.status == 404, "is not 404")
        _require(missing, missing.headers["x-cache"].startswith("Miss"), "is kept though it is an error")
    tell("what is missing is answered with 404, which nobody keeps")


def download(client: SmokeClient, tell: Callable[[str], None]) -> None:
    """Take one's notes home, as someone who is signed in."""
    answer = client.ask(EXPORT)
    _require(answer, answer.status == 200 and "attachment" in answer.headers.get("content-disposition", ""), "is none")
    tell(f"downloaded {len(answer.text)} characters")


def sleep(entrance: Entrance, targets: Targets, tell: Callable[[str], None]) -> None:
    """Take the task away, see that people are told, bring it back, and see that nothing of it stays."""
    client = entrance.client()
    targets.take_away()
    page = client.ask("/signin/")
    targets.bring_back()
    _require(page, page.status == 503, "is not 503 while no task runs")
    if entrance.secure:
        _require(page, WAKING in page.text and "location.reload" in page.text, "does not wait for the application")
    back = client.ask("/signin/")
    _require(back, back.status == 200, "is not back with the task")
    tell("while no task runs a page says so and goes on by itself; with the task everything is back at once")


def no_other_way(entrance: Entrance, network_address: str, aws: Any, tell: Callable[[str], None]) -> None:
    """Ask the stage's load balancer past CloudFront, which must not answer."""
    if not entrance.secure:
        return
    for balancer in aws.client("elbv2").describe_load_balancers()["LoadBalancers"]:
        answer = SmokeClient(network_address, balancer["DNSName"]).ask("/healthz")
        _require(answer, answer.status >= 400, f"is answered by {balancer['DNSName']}, past CloudFront")
    tell("the load balancer answers nobody but CloudFront")


@dataclasses.dataclass(frozen=True)
class Targets:
    """The task behind a load balancer, which a rehearsal registers itself."""

    balancing: Any
    group: str
    id: str
    port: int

    def bring_back(self) -> None:
        """Register the task."""
        self.balancing.register_targets(TargetGroupArn=self.group, Targets=[{"Id": self.id, "Port": self.port}])

    def take_away(self) -> None:
        """Deregister the task."""
        self.balancing.deregister_targets(TargetGroupArn=self.group, Targets=[{"Id": self.id, "Port": self.port}])


def _require(answer: Page, holds: bool, what: str) -> None:
    if not holds:
        raise SmokeError(f"{answer.path} {what}: {answer.status} {dict(answer.headers)}")
