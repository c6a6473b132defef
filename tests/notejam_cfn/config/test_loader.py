"""notejam.toml: what it makes, and the one-line error each mistake gets."""

from __future__ import annotations

import contextlib
import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notejam_cfn.config.loader import SMALL, ConfigError, derived_cidr, load, parse, starter
from notejam_cfn.config.settings import Stage
from notejam_cfn.core.regions import known_regions, lacks


def document(**stage: Any) -> dict[str, Any]:
    return {"project": {"name": "notejam"}, "stages": {"dev": {"region": "eu-central-1", **stage}}}


def error_of(document: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(document)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_starter_has_three_stages_from_small_to_large() -> None:
    project = parse(tomllib.loads(starter()))
    assert [(stage.name, stage.size) for stage in project.stages] == [
        ("dev", "economy"),
        ("test", "standard"),
        ("prod", "resilient"),
    ]


def test_the_committed_configuration_is_the_starter() -> None:
    assert (Path(__file__).parents[3] / "notejam.toml").read_text(encoding="utf-8") == starter()


def test_every_setting_shown_in_the_starter_is_accepted_with_its_default() -> None:
    reference = starter().split("# Every setting")[1].splitlines()[1:]
    shown = tomllib.loads("\n".join(line.removeprefix("#").strip().replace(".NAME", ".dev") for line in reference))
    assert parse(shown).stages[0].service.port == 8080


def test_what_the_file_says_wins_over_the_preset() -> None:
    stage = parse(document(size="resilient", database={"readers": 1})).stages[0]
    assert stage.database.readers == 1
    assert stage.database.min_acu == 1


def test_a_stage_without_addresses_gets_its_own() -> None:
    assert derived_cidr("alice") != derived_cidr("bob")
    assert parse(document()).stages[0].network.cidr == derived_cidr("dev")


def test_a_region_with_two_zones_gets_two() -> None:
    assert parse(document(region="us-west-1")).stages[0].network.zones == 2


def test_a_time_zone_that_nobody_knows_is_a_warning() -> None:
    known, unknown = (parse(document(service={"time_zone": name})) for name in ("Europe/Berlin", "Europe/Berlinn"))
    assert len(unknown.warnings()) == len(known.warnings()) + 1
    assert any("'Europe/Berlinn'" in warning for warning in unknown.warnings())


def test_what_a_stage_lacks_is_a_warning() -> None:
    bare = parse(document(cdn={"enabled": False})).warnings()
    assert any("HTTPS" in warning for warning in bare) and any("no mail" in warning for warning in bare)
    with_domain = {"domain": "notes.example.com", "hosted_zone_id": "Z0123"}
    whole = document(load_balancer=with_domain, service={"mail_from": "notes@example.com"})
    assert parse(whole).warnings() == []


def test_a_region_without_vpc_origins_has_a_public_load_balancer_and_says_so() -> None:
    stage = parse(document(region="cn-north-1")).stages[0]
    assert not stage.behind_cdn
    assert any("CloudFront has no VPC origins in cn-north-1" in warning for warning in stage.warnings())
    assert parse(document()).stages[0].behind_cdn


def test_a_certificate_is_one_of_the_region_that_takes_it() -> None:
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x"
    domain = {"domain": "notes.example.com", "certificate_arn": arn}
    with pytest.raises(ConfigError, match="must be a certificate in us-east-1, from where CloudFront takes it"):
        parse(document(load_balancer=domain))
    assert parse(document(load_balancer=domain, cdn={"enabled": False})).stages[0].load_balancer.certificate_arn == arn


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ({"sise": "economy"}, "stages.dev.sise is not a known key; did you mean size?"),
        ({"database": {"max_unit": 8}}, "stages.dev.database.max_unit is not a known key; did you mean max_acu?"),
        ({"size": "huge"}, "stages.dev.size must be one of economy, standard, resilient, got 'huge'"),
        ({"region": "Frankfurt"}, "stages.dev.region must be an AWS region such as eu-central-1, got 'Frankfurt'"),
        ({"database": {"max_acu": 300}}, "stages.dev.database.max_acu must be between 1 and 256, got 300"),
        ({"database": {"max_acu": 1.3}}, "stages.dev.database.max_acu must be a multiple of 0.5, got 1.3"),
        ({"database": {"max_acu": "8"}}, "stages.dev.database.max_acu must be a number, got '8'"),
        ({"database": {"readers": True}}, "stages.dev.database.readers must be a whole number, got True"),
        ({"database": {"min_acu": 9}}, "stages.dev.database.min_acu must be at most max_acu (2), got 9"),
        ({"database": 5}, "stages.dev.database must be a table, got 5"),
        ({"database": {"pause_after_minutes": 4}}, "pause_after_minutes must be between 5 and 1440, got 4"),
        ({"network": {"cidr": "10.0.0.0/28"}}, "stages.dev.network.cidr must be between /16 and /22"),
        ({"network": {"cidr": "10.0.0.1/16"}}, "stages.dev.network.cidr must be an IPv4 block such as 10.0.0.0/16"),
        ({"network": {"cidr": "8.8.0.0/16"}}, "stages.dev.network.cidr must be a private block"),
        ({"network": {"egress": "vpn"}}, "egress must be one of nat, nat-per-zone, endpoints, ipv6, got 'vpn'"),
        ({"network": {"log_retention_days": 8}}, "log_retention_days must be one of 1, 3, 5, 7"),
        ({"load_balancer": {"waf": "yes"}}, "stages.dev.load_balancer.waf must be true or false, got 'yes'"),
        ({"load_balancer": {"domain": "notes.example.com"}}, "domain needs hosted_zone_id"),
        ({"load_balancer": {"hosted_zone_id": "Z0123"}}, "domain is needed with hosted_zone_id"),
        (
            {"service": {"cpu_units": 300}},
            "cpu_units must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, got 300",
        ),
        ({"service": {"memory_mib": 4096}}, "memory_mib must be one of 512, 1024, 2048 with 256 CPU units, got 4096"),
        ({"service": {"min_tasks": 5}}, "service.min_tasks must be at most max_tasks (4), got 5"),
        ({"account": "12"}, "stages.dev.account must be 12 digits, got '12'"),
        ({"account": 123456789012}, "stages.dev.account must be 12 digits, as text in quotes, got 123456789012"),
        ({"region": "us-west-1", "network": {"zones": 3}}, "stages.dev.network.zones must be 2 in us-west-1"),
        ({"region": ["eu-west-1"]}, "stages.dev.region must be an AWS region such as eu-central-1"),
    ],
)
def test_a_mistake_in_a_stage_names_its_place_and_what_is_allowed(stage: dict[str, Any], expected: str) -> None:
    assert expected in error_of(document(**stage))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dev", "a stage's name must be 1 to 20 lower-case letters"),
        ("a" * 21, "a stage's name must be 1 to 20"),
        ("dev--x", "a stage's name must be"),
        ("1dev", "a stage's name must be"),
        ("delivery", "reserved"),
        ("dev-network", "must not end in 'network', which names a layer"),
        ("backups", "must not end in 'backups'"),
    ],
)
def test_a_stage_name_that_aws_or_another_stack_would_refuse_is_refused(name: str, expected: str) -> None:
    assert expected in error_of({"stages": {name: {"region": "eu-central-1"}}})


def test_names_too_long_for_the_pipelines_roles_in_some_region_are_refused() -> None:
    def of(project: str, stage: str, region: str = "eu-central-1") -> dict[str, Any]:
        return {"project": {"name": project}, "stages": {stage: {"region": region}}}

    assert parse(of("notejam-company", "production2")).name == "notejam-company"
    expected = "stages.production22: a stage's name and project.name must have at most 26 characters together, got 27"
    assert error_of(of("notejam-company", "production22")).startswith(expected)


def test_names_are_as_long_as_they_like_where_there_is_no_pipeline() -> None:
    without = next(region for region in known_regions() if lacks(region, "AWS::CodeConnections::Connection"))
    assert parse({"project": {"name": "p" * 20}, "stages": {"s" * 20: {"region": without}}}).delivery_gaps


def test_overlapping_networks_are_refused() -> None:
    stages = {name: {"region": "eu-central-1", "network": {"cidr": "10.0.0.0/16"}} for name in ("a", "b")}
    assert (
        error_of({"stages": stages}) == "stages.b.network.cidr must not overlap 10.0.0.0/16 of stage a, got 10.0.0.0/16"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "stages: at least one [stages.NAME] table is needed"),
        ({"stages": {"dev": {}}}, "stages.dev.region is missing"),
        ({"stages": {"dev": {"regoin": "eu-west-1"}}}, "stages.dev.regoin is not a known key; did you mean region?"),
        ({"stages": 1}, "stages must be a table, got 1"),
        ({"stage": {}}, "stage is not a known key; did you mean stages?"),
        ({"project": {"name": "Note Jam"}, "stages": {}}, "project.name must be 2 to 20 lower-case letters"),
        ({"project": {"name": "shop--live"}, "stages": {}}, "digits and single hyphens, got 'shop--live'"),
    ],
)
def test_a_mistake_in_the_file_itself_is_explained(given: dict[str, Any], expected: str) -> None:
    assert expected in error_of(given)


VALUES = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=5), st.integers(), max_size=2)
)
KEYS = [
    (table.name, field.name)
    for table in dataclasses.fields(Stage)
    if table.default_factory is not dataclasses.MISSING
    for field in dataclasses.fields(table.default_factory)  # type: ignore[arg-type]
] + [("", field.name) for field in dataclasses.fields(Stage) if field.name not in ("name", "project")]


@given(st.sampled_from(KEYS), VALUES)
def test_no_value_of_any_key_breaks_the_reader(key: tuple[str, str], value: Any) -> None:
    table, name = key
    with contextlib.suppress(ConfigError):
        parse(document(**({table: {name: value}} if table else {name: value})))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; `python -m notejam_cfn init`"):
        load(tmp_path / "notejam.toml")


@pytest.mark.parametrize("content", [b"[stages", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notejam.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "notejam.toml")
    assert "\n" not in str(caught.value)


HUGE = b"9" * 5000
NESTED = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize("value", [HUGE, NESTED], ids=["thousands of digits", "thousands of brackets"])
def test_what_the_reader_of_toml_cannot_hold_is_one_line(tmp_path: Path, value: bytes) -> None:
    file = tmp_path / "notejam.toml"
    file.write_bytes(b"[project]\nname = " + value)
    with pytest.raises(ConfigError, match="not valid TOML: nested too deeply, or a number of thousands of digits"):
        load(file)


def test_a_value_of_a_thousand_digits_is_shown_in_part() -> None:
    said = error_of(document(service={"max_tasks": 10**1000}))
    assert said.startswith("stages.dev.service.max_tasks must be between 1 and 1000, got 1000")
    assert len(said) < 150


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "notejam.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load(file) == parse(tomllib.loads(SMALL))


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ({"network": {"cidr": "100.64.0.0/16"}}, "must be a private block"),
        ({"network": {"cidr": "192.0.0.0/20"}}, "must be a private block"),
        ({"network": {"cidr": "10.0.0.0/255.255.0.0"}}, "must be an IPv4 block such as 10.0.0.0/16"),
        ({"network": {"cidr": 167772160}}, "must be an IPv4 block such as 10.0.0.0/16"),
        ({"database": {"database_name": "select"}}, "a word that the engine keeps for itself"),
        ({"database": {"database_name": "rdsadmin"}}, "a word that the engine keeps for itself"),
        ({"database": {"engine_version": "\u0661\u0667.\u0667"}}, "must be 14 to 18, or a minor one such as 17.7"),
        ({"database": {"engine_version": "12"}}, "must be 14 to 18, or a minor one such as 17.7"),
        ({"database": {"engine_version": "15.3"}}, "must be 15.7 or later with min_acu = 0, got 15.3"),
        ({"database": {"database_name": "freeze"}}, "a word that the engine keeps for itself"),
        ({"service": {"busy_days": "MON-FRY"}}, "must be days such as MON-FRI"),
        ({"service": {"busy_days": "MON-TUE-WED"}}, "must be days such as MON-FRI"),
        ({"service": {"path_pattern": "/a<b>"}}, "must be a path pattern such as /api/*"),
        ({"service": {"path_pattern": "/*a*b*c*d*e*"}}, "must be a path pattern such as /api/*"),
        ({"service": {"mail_from": f"{'a' * 250}@example.com"}}, "must be an e-mail address"),
        ({"service": {"mail_from": "a\u0000b@example.com"}}, "must be an e-mail address"),
        (
            {"load_balancer": {"domain": f"{'a' * 60}.example.com", "hosted_zone_id": "Z0123456789ABC"}},
            "at most 64 char",
        ),
        ({"load_balancer": {"domain": "a.de", "certificate_arn": "arn:aws:acm:us-east-1:x"}}, "must be a certificate"),
        ({"service": {"busy_min_tasks": 2, "busy_from_hour": 9, "busy_to_hour": 9}}, "must be after busy_from_hour"),
    ],
)
def test_what_aws_would_refuse_is_refused_at_once(stage: dict[str, Any], expected: str) -> None:
    assert expected in error_of(document(**stage))
