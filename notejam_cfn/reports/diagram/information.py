"""The information flow of a stage: who talks to whom, from people to the archive.

Zones are rows and kinds of subnets are columns. Above are the services that tasks call, below is what they log, and on
the right is what is kept of the data.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..facts import Facts, Templates
from . import places
from .picture import Box, Edge, Frame, Group, Item, Node, Note, Picture, connected
from .places import Grid

SMALL, LOG = 34.0, 44.0
LETTERS = 20
DAYS_A_YEAR = 365
LEGEND = """\
A zone is an Availability Zone,
data centres of its own: when
one fails, the others go on.
Tasks that fail their health
check are replaced.
Solid arrows: requests, data.
Dashed arrows: what goes on
beside them."""
# Aurora keeps copies of the data in three zones, whatever the number of instances.
# Source: Amazon Aurora User Guide, "Amazon Aurora storage".
COPY = "the data is\nkept here too"


def information_flow(templates: Templates, stage: str = "") -> Picture:
    """Return the picture of a stage. `templates` are its layers, rendered."""
    facts = Facts(templates)
    grid = Grid(facts.zones)
    subnets = (_public(facts, grid), _private(facts, grid), _isolated(facts, grid))
    cidr = facts.one("AWS::EC2::VPC")["CidrBlock"]
    vpc = Group("vpc", f"VPC {cidr}", (*_way_out(facts), *subnets), grid.vpc, "vpc")
    picture = Picture(
        name="information-flow",
        title=f"Information flow of stage {stage}" if stage else "Information flow",
        items=(*_outside(facts, grid), _services(facts), vpc, *_logs(facts, grid), *_kept(facts, grid)),
        edges=(*_requests(facts, grid), *_calls(facts, grid), *_logging(), *_keeping()),
        summary=_summary(facts),
        size=(places.WIDTH, grid.end),
        frames=tuple(_frames(grid)),
        notes=tuple(_notes(facts, grid)),
    )
    return connected(picture)


def _maybe(there: object, *items: Item) -> tuple[Item, ...]:
    return items if there else ()


def _guarded(facts: Facts) -> bool:
    return facts.has("AWS::WAFv2::WebACL")


def _outside(facts: Facts, grid: Grid) -> tuple[Item, ...]:
    # The domain is in lines as long as the room beside the network allows, broken after its dots.
    domain = "\n".join(textwrap.wrap(facts.domain.replace(".", ". "), LETTERS)).replace(". ", ".")
    guarded = "CloudFront\nwith AWS WAF" if _guarded(facts) else "CloudFront\nstatic files"
    firewall = Node("firewall", "AWS WAF\nstops attacks\nand floods", "waf", places.FIREWALL, grid.middle)
    return (
        Node("people", "People", "people", places.PEOPLE, grid.middle),
        *_maybe(facts.domain, Node("name", f"Route 53\n{domain}", "name", places.PEOPLE, grid.middle - 150)),
        *_maybe(facts.behind_cloudfront, Node("edge", guarded, "edge", places.FIREWALL, grid.middle)),
        *_maybe(_guarded(facts) and not facts.behind_cloudfront, firewall),
    )


def _services(facts: Facts) -> Group:
    """Return the services of the region that tasks call."""
    nodes = [
        ("images", "Container images\nAmazon ECR", "images"),
        ("secrets", "Secrets Manager\npasswords, rotated", "secrets"),
        ("key", "AWS KMS\nencrypts data, logs,\nsecrets, backups", "key"),
    ]
    if facts.sends_mail:
        nodes.append(("mail", "Amazon SES\nmail to people", "mail"))
    step = places.SERVICES.width / len(nodes)
    middles = (round(places.SERVICES.x + step * (number + 0.5)) for number in range(len(nodes)))
    items = (Node(*node, x=x, y=places.ABOVE) for node, x in zip(nodes, middles, strict=True))
    return Group("services", "Services of the region", tuple(items), places.SERVICES)


def _way_out(facts: Facts) -> tuple[Item, ...]:
    """Return what leads out of the private subnets, where that is not a NAT gateway."""
    x, y = places.WAY_OUT, places.VPC.y + 17
    if facts.has("AWS::EC2::EgressOnlyInternetGateway"):
        return (Node("way_out", "Egress-only gateway", "gateway", x, y, SMALL, label_at=(x + 24, y)),)
    if facts.private_endpoints:
        return (Node("way_out", "VPC endpoints", "endpoint", x, y, SMALL, label_at=(x + 24, y)),)
    return ()


def _public(facts: Facts, grid: Grid) -> Group:
    how = "internal" if facts.behind_cloudfront else facts.protocol
    label = f"Load balancer\n{how}, in\nevery zone"
    frame = grid.across(places.BALANCER - 59, places.BALANCER + 59)
    balancer = Node("balancer", label, "balancer", places.BALANCER, grid.middle - 20, frame=frame)
    gateways = (
        Node(f"nat{zone}", "NAT gateway", "nat", places.GATEWAY, grid.zone(zone) - 27, SMALL, f"in zone {zone}")
        for zone in facts.gateways
    )
    heading = "Public subnets\nthe only ones to be\nreached from outside"
    if facts.behind_cloudfront:
        heading = "Nothing is reached\nfrom outside but by\nCloudFront"
    return Group("public", heading, (balancer, *gateways), grid.column(places.PUBLIC), "bare", "above")


def _private(facts: Facts, grid: Grid) -> Group:
    least, most = facts.tasks
    tasks = (
        Node(f"task{zone}", "Fargate tasks", "fargate", places.TASKS, grid.zone(zone) - 4, where=f"in zone {zone}")
        for zone in grid.numbers
    )
    idle = "" if least else "; none when idle"
    size = textwrap.wrap(f"{least:g} to {most:g} tasks, by {', '.join(facts.scaled_by)}{idle}", LETTERS)
    heading = "\n".join(["Private subnets", *size])
    return Group("private", heading, tuple(tasks), grid.column(places.PRIVATE), "bare", "above")


def _isolated(facts: Facts, grid: Grid) -> Group:
    least, most = facts.units
    column = grid.column(places.ISOLATED)
    across = grid.across(column.x + 6, column.right - 6)
    cluster = Group("cluster", "", tuple(_instances(facts, grid)), across, "across")
    idle = "as the load asks" if least else "it pauses when idle"
    heading = f"Isolated subnets\n{least:g} to {most:g} capacity units,\n{idle}"
    return Group("isolated", heading, (cluster,), column, "bare", "above")


def _instances(facts: Facts, grid: Grid) -> Iterator[Node]:
    """Yield the database's instances, those of a zone as one thing, the writer first."""
    for zone in sorted({facts.writer, *facts.readers}, key=lambda zone: (zone != facts.writer, zone)):
        readers = facts.readers.count(zone)
        key, label = f"reader{zone}", f"{'Reader' if readers == 1 else f'{readers} readers'}\nready to take over"
        if zone == facts.writer:
            with_readers = f"writer and {_count(readers, 'reader')}"
            key, label = "writer", f"Aurora Serverless\n{with_readers if readers else 'PostgreSQL, writer'}"
        yield Node(key, label, "aurora", places.DATABASE, grid.zone(zone) - 12, where=f"in zone {zone}")


def _logs(facts: Facts, grid: Grid) -> tuple[Item, ...]:
    """Return what is logged, each log below what writes it, and what alarms."""
    least, most = facts.log_days
    kept = _time(most) if least == most else f"{_time(least)} to {_time(most)}"
    label = f"Logs and metrics in Amazon CloudWatch, kept {kept}"
    logs = tuple(Node(*log, y=grid.logs, size=LOG) for log in _written(facts))
    box = Box(places.FIREWALL - 62, grid.logs - 32, places.VPC.right - places.FIREWALL + 62, 114)
    alarms = Node("alarms", "Alarms\nby e-mail", "alarms", places.PEOPLE - 8, grid.logs, LOG)
    group = Group("logs", label, logs, box, label_at="bottom")
    return (group, *_maybe(facts.has("AWS::CloudWatch::Alarm"), alarms))


def _written(facts: Facts) -> list[tuple[str, str, str, float]]:
    """Return each log that is written: its key, label, icon and place."""
    days = facts.access_log_days
    logs = {
        ("firewall_log", "Firewall log", "logs", places.FIREWALL): facts.has("AWS::WAFv2::LoggingConfiguration"),
        ("access_logs", f"Access logs\nin S3, {_time(days)}", "bucket", places.BALANCER): days > 0,
        ("flow_log", "Flow logs", "flow_logs", places.FLOWS): facts.has("AWS::EC2::FlowLog"),
        ("task_log", "Container logs", "logs", places.TASKS): facts.has("AWS::ECS::TaskDefinition"),
        ("database_log", "Database log", "logs", places.DATABASE): facts.logs_database,
    }
    return [log for log, written in logs.items() if written]


def _kept(facts: Facts, grid: Grid) -> tuple[Item, ...]:
    """Return what is kept of the data: the vault, its copies elsewhere, and the chain that ends in the archive."""
    if not facts.has("AWS::Backup::BackupPlan"):
        return ()
    top, column = grid.zone(1), places.RECOVERY
    days = max(rule["Lifecycle"]["DeleteAfterDays"] for rule in facts.backup_rules())
    tested = "\ntested by restoring" if facts.has("AWS::Backup::RestoreTestingPlan") else ""
    vault = Node("vault", f"AWS Backup\n{_time(days)} of snapshots{tested}", "backup", places.KEPT, top)
    chain = (vault, *_maybe(facts.archive, *_archive(facts, top)))
    box = Box(column.x, column.y, column.width, chain[-1].foot + 30 - column.y)
    recovery = Group("recovery", "Recovery", chain, box, label_at="bottom")
    copies = Node("copies", "AWS Backup\ncopies of snapshots", "backup", places.KEPT, places.ABOVE)
    box = Box(column.x, places.SERVICES.y, column.width, places.SERVICES.height)
    elsewhere = Group("elsewhere", f"In {facts.copy_region}", (copies,), box, "elsewhere")
    return (recovery, *_maybe(facts.copy_region, elsewhere))


def _archive(facts: Facts, top: float) -> Iterator[Node]:
    warm, deleted = facts.archive or (0, 0)
    until = f"until {_time(deleted)} old" if deleted else "for ever"
    yield Node("exporter", "Step Functions\nexports each month", "steps", places.KEPT, top + places.CHAIN)
    yield Node("exports", f"Exports in S3\nParquet, {_time(warm)}", "bucket", places.KEPT, top + 2 * places.CHAIN)
    yield Node("archive", f"S3 Glacier\nDeep Archive\n{until}", "archive", places.KEPT, top + 3 * places.CHAIN)


def _time(days: float) -> str:
    """Return a time as people say it; snapshots outlive their years by a few weeks, which are left out."""
    years, rest = divmod(days, DAYS_A_YEAR)
    return _count(int(years), "year") if years and rest < 60 else _count(int(days), "day")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _frames(grid: Grid) -> Iterator[Frame]:
    """Yield the zones and, in each, a subnet of every kind."""
    for number in grid.numbers:
        top = grid.zone(number) - places.CELL / 2
        yield Frame(f"Zone {number}", Box(places.VPC.x + 8, top, places.VPC.width - 16, places.CELL), "zone")
        for look, (left, right) in places.SUBNETS.items():
            yield Frame("", Box(left, top + 5, right - left, places.CELL - 10), look)


def _notes(facts: Facts, grid: Grid) -> Iterator[Note]:
    yield Note(LEGEND, places.EDGE, 62, left=True)
    for zone in grid.numbers:
        if zone not in (facts.writer, *facts.readers):
            yield Note(COPY, places.DATABASE, grid.zone(zone) - 8)


def _requests(facts: Facts, grid: Grid) -> Iterator[Edge]:
    """Yield the way of a request; in the middle zone it is labelled for all."""
    first_met = "edge" if facts.behind_cloudfront else "firewall" if _guarded(facts) else "balancer"
    yield Edge("people", first_met, facts.protocol)
    yield Edge("people", "name", minor=True)
    yield Edge("firewall", "balancer")
    yield Edge("edge", "balancer")
    for zone in grid.numbers:
        y = grid.zone(zone)
        labelled = zone == (grid.zones + 1) // 2
        asked, asks = ("requests,\nhealth checks", "SQL\nover TLS") if labelled else ("", "")
        yield Edge("balancer", f"task{zone}", asked, at=y + 14, label_at=(places.BALANCER + 67, y + 27))
        yield Edge(f"task{zone}", "cluster", asks, at=y + 14, label_at=(places.TASKS + 58, y - 14))


def _calls(facts: Facts, grid: Grid) -> Iterator[Edge]:
    """Yield how tasks reach the services they call."""
    per_zone = len(facts.gateways) > 1
    for zone in facts.gateways:
        yield Edge(f"task{zone}" if per_zone else "private", f"nat{zone}", minor=True, at=grid.zone(zone) - 27)
    yield Edge("private", "way_out", minor=True, at=places.WAY_OUT)
    source, at = ("public", places.GATEWAY) if facts.gateways else ("way_out", places.WAY_OUT)
    by = ", by IPv6" if facts.has("AWS::EC2::EgressOnlyInternetGateway") else ""
    yield Edge(source, "services", f"calls to AWS services{by}", minor=True, at=at)


def _logging() -> Iterator[Edge]:
    yield Edge("firewall", "firewall_log", minor=True)
    yield Edge("edge", "firewall_log", minor=True)
    yield Edge("balancer", "access_logs", minor=True)
    yield Edge("vpc", "flow_log", minor=True, at=places.FLOWS)
    yield Edge("private", "task_log", minor=True, at=places.TASKS)
    yield Edge("cluster", "database_log", minor=True)
    yield Edge("logs", "alarms", minor=True)


def _keeping() -> Iterator[Edge]:
    yield Edge("cluster", "vault")
    yield Edge("vault", "elsewhere", "copies", minor=True)
    yield Edge("vault", "exporter")
    yield Edge("exporter", "exports")
    yield Edge("exports", "archive")


def _summary(facts: Facts) -> str:
    """Say what the picture shows: the way of a request, where the data is, and what is logged."""
    firewall = " and pass AWS WAF" if _guarded(facts) else ""
    where = "isolated" if facts.behind_cloudfront else "public"
    over = ", to CloudFront," if facts.behind_cloudfront else ""
    least, most = facts.tasks
    requests = (
        f"People's requests come over {facts.protocol}{over}{firewall}. A load balancer in {where} subnets of "
        f"{facts.zones} Availability Zones hands them to {least:g} to {most:g} Fargate tasks in private subnets of "
        "these zones."
    )
    readers = f" and {_count(len(facts.readers), 'reader')}" if facts.readers else ""
    copied = f", copied to {facts.copy_region}" if facts.copy_region else ""
    archived = ", exported to S3 each month and archived in S3 Glacier" if facts.archive else ""
    kept = f" AWS Backup keeps its snapshots{copied}{archived}." if facts.has("AWS::Backup::BackupPlan") else ""
    data = f"Tasks keep the data in Aurora Serverless PostgreSQL in isolated subnets, with a writer{readers}.{kept}"
    logs = [label.splitlines()[0].lower() for _, label, *_ in _written(facts)]
    logged = f"{', '.join(logs).capitalize()} and metrics are collected, and alarms go out by e-mail."
    return f"{requests} {data} {logged}"
