"""The information flow: what a stage has is in its picture, what it lacks is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notejam_cfn.reports.diagram import Edge, Picture

Pictures = Callable[[str], list[Picture]]
Label = Callable[[Picture, str], str]


def keys(picture: Picture) -> set[str]:
    return {item.key for item in picture.all_items()}


def ends(picture: Picture) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in picture.edges}


def test_production_shows_all_it_has(pictures: Pictures) -> None:
    information, _ = pictures("resilient")
    assert {"edge", "balancer", "nat1", "nat3", "task1", "task3", "writer", "reader2", "reader3"} <= keys(information)
    assert {"vault", "exporter", "exports", "archive", "elsewhere", "alarms", "mail"} <= keys(information)


def test_an_economy_stage_shows_only_what_it_has(pictures: Pictures) -> None:
    information, _ = pictures("economy")
    lacks = {"firewall", "firewall_log", "nat1", "reader2", "exporter", "archive", "elsewhere", "mail", "name"}
    assert not lacks & keys(information)
    assert {Edge("people", "edge", "HTTPS"), Edge("edge", "balancer")} <= set(information.edges)


def test_people_find_a_domain_by_its_name(pictures: Pictures, label: Label) -> None:
    information, _ = pictures("standard")
    assert label(information, "name").replace(" ", "") == "Route53a-rather-long-name.of.notes.example.com"
    assert ("people", "name") in ends(information)
    assert Edge("people", "edge", "HTTPS") in information.edges


@pytest.mark.parametrize(
    ("project", "way"),
    [
        ("resilient", {("task1", "nat1"), ("task2", "nat2"), ("task3", "nat3"), ("public", "services")}),
        ("one-nat", {("private", "nat1"), ("public", "services")}),
        ("economy", {("private", "way_out"), ("way_out", "services")}),
        ("endpoints", {("private", "way_out"), ("way_out", "services")}),
    ],
)
def test_calls_leave_by_the_way_the_stage_has(pictures: Pictures, project: str, way: set[tuple[str, str]]) -> None:
    information, _ = pictures(project)
    leaving = {end for end in ends(information) if end[1].startswith(("nat", "way_out", "services"))}
    assert leaving == way


def test_what_leads_out_is_named(pictures: Pictures, label: Label) -> None:
    assert label(pictures("economy")[0], "way_out") == "Egress-only gateway"
    assert label(pictures("endpoints")[0], "way_out") == "VPC endpoints"


def test_readers_are_in_the_zones_they_run_in(pictures: Pictures, label: Label) -> None:
    information, _ = pictures("endpoints")
    assert label(information, "writer") == "Aurora Serverless writer and 1 reader"
    assert label(information, "reader2") == label(information, "reader3") == "2 readers ready to take over"


def test_two_zones_are_two_rows(pictures: Pictures) -> None:
    information, _ = pictures("two-zones")
    assert [frame.label for frame in information.frames if frame.look == "zone"] == ["Zone 1", "Zone 2"]
    assert "task3" not in keys(information)


def test_a_zone_without_an_instance_has_the_data_too(pictures: Pictures) -> None:
    assert sum("data is" in note.text for note in pictures("economy")[0].notes) == 2
    assert not any("data is" in note.text for note in pictures("resilient")[0].notes)


def test_sizes_come_from_the_templates(pictures: Pictures, label: Label) -> None:
    production, economy = pictures("resilient")[0], pictures("economy")[0]
    assert label(production, "private") == "Private subnets 3 to 24 tasks, by CPU, requests, clock"
    assert label(production, "isolated") == "Isolated subnets 1 to 32 capacity units, as the load asks"
    assert label(economy, "private") == "Private subnets 0 to 4 tasks, by CPU; none when idle"
    assert label(economy, "isolated") == "Isolated subnets 0 to 2 capacity units, it pauses when idle"


def test_every_log_has_its_writer(pictures: Pictures) -> None:
    logging = {
        ("edge", "firewall_log"),
        ("balancer", "access_logs"),
        ("vpc", "flow_log"),
        ("private", "task_log"),
        ("cluster", "database_log"),
    }
    assert logging <= ends(pictures("resilient")[0])


def test_backups_end_in_the_archive(pictures: Pictures, label: Label) -> None:
    information, _ = pictures("resilient")
    assert label(information, "vault") == "AWS Backup 3 years of snapshots tested by restoring"
    assert label(information, "exports") == "Exports in S3 Parquet, 3 years"
    assert label(information, "archive") == "S3 Glacier Deep Archive until 10 years old"
    assert label(information, "elsewhere") == "In eu-west-1"


def test_a_region_without_exports_shows_none(pictures: Pictures) -> None:
    information, _ = pictures("many")
    assert "vault" in keys(information)
    assert not {"exporter", "exports", "archive"} & keys(information)


def test_the_summary_says_what_the_picture_shows(pictures: Pictures) -> None:
    production, economy = pictures("resilient")[0].summary, pictures("economy")[0].summary
    assert "3 Availability Zones hands them to 3 to 24 Fargate tasks" in production
    assert "copied to eu-west-1, exported to S3 each month and archived in S3 Glacier" in production
    assert "WAF" not in economy
    assert "Glacier" not in economy
