"""Which requests each service of a load balancer gets: hosts and paths, in an order in which none hides another."""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools
import zlib
from collections.abc import Iterator, Sequence

from ...config.settings import ServiceSettings
from ...core.inputs import InvalidInput

EVERYTHING = "/*"
CATCH_ALL_PRIORITY = 1000
# Where a priority is looked for, by how narrow a rule is: with host and path, with one of them. Those before are the
# rules of previews.
PLACES = {(True, True): (201, 400), (True, False): (400, 700), (False, True): (700, 1000)}


@dataclasses.dataclass(frozen=True)
class Route:
    """What one service of a load balancer gets. An empty host is every host."""

    name: str
    host: str
    path: str
    priority: int

    def hides(self, other: Route) -> bool:
        """Tell whether this one takes every request that the other would get, if it came first."""
        host = not self.host or (bool(other.host) and fnmatch.fnmatchcase(other.host.lower(), self.host.lower()))
        return host and fnmatch.fnmatchcase(other.path, self.path)


def add_route(routes: list[Route], settings: ServiceSettings) -> Route:
    """Note what a service gets, and return it with its priority: the one given, or one that fits between the others.

    A priority that is chosen comes from the service's name, so that services beside it can come and go: changing
    numbers would meet each other in an update. Raises `InvalidInput` when a service would get nothing, or another one
    would because of it, and when a priority is taken. Services of other projects on the listener are not known here.
    """
    wanted = Route(settings.name, settings.host, settings.path_pattern, settings.priority)
    for field, problem in _problems(routes, wanted):
        raise InvalidInput(f"{settings.name}: {field}", problem)
    route = wanted if wanted.priority else dataclasses.replace(wanted, priority=_fitting(routes, wanted))
    routes.append(route)
    return route


def _problems(routes: Sequence[Route], wanted: Route) -> Iterator[tuple[str, str]]:
    for other in routes:
        if other.hides(wanted) and wanted.hides(other):
            what = f"host {wanted.host or 'any'} and path {wanted.path}"
            yield "path_pattern", f"must differ from that of {other.name}, or host must: both get {what}"
        if not wanted.priority:
            continue
        if wanted.priority == other.priority:
            yield "priority", f"must be one that is free, or left out, got {wanted.priority}, which {other.name} has"
        first, second = sorted((wanted, other), key=lambda route: route.priority)
        if first.hides(second):
            why = f"must not put {first.name} before {second.name}, which then gets nothing"
            yield "priority", f"{why}, got {wanted.priority}"


def _fitting(routes: Sequence[Route], wanted: Route) -> int:
    """Return a free priority after those that are narrower and before those that are wider."""
    if not wanted.host and wanted.path == EVERYTHING:
        low, high, start = CATCH_ALL_PRIORITY, 50000, CATCH_ALL_PRIORITY
    else:
        low, high = PLACES[bool(wanted.host), wanted.path != EVERYTHING]
        start = low + zlib.crc32(f"{wanted.host}{wanted.path}".encode()) % (high - low)
    low = max([low, *(other.priority + 1 for other in routes if wanted.hides(other))])
    high = min([high, *(other.priority for other in routes if other.hides(wanted))])
    taken = {other.priority for other in routes}
    order = itertools.chain(range(max(start, low), high), range(low, min(start, high)))
    free: int | None = next((number for number in order if number not in taken), None)
    if free is None:
        raise InvalidInput(f"{wanted.name}: priority", f"must be given: none is free between {low} and {high}")
    return free
