"""`cost`: what it prints for people and programs, and what it says of a change to the configuration."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.cli import main
from notejam_cfn.reports.cost import LEFT_OUT, LOADS, regions

DEV = '[delivery]\nregion = "eu-central-1"\n[stages.dev]\nregion = "eu-central-1"\n'
TEST = '[stages.test]\nregion = "us-east-1"\nsize = "standard"\nnetwork.cidr = "10.9.0.0/16"\n'

Run = Callable[..., str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a configuration of two stages and the templates that are built from it."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "notejam.toml").write_text(DEV + TEST)
    arguments = ["--config", str(folder / "notejam.toml"), "--output", str(folder / "output")]
    assert main.main(["build", "--no-lint", "--quiet", *arguments]) == 0
    return folder


@pytest.fixture
def run(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in such a directory: `run("--json")`; `config` replaces the configuration, as a change would."""
    place = shutil.copytree(built, tmp_path / "place")
    monkeypatch.chdir(place)

    def runs(*options: str, config: str | None = None) -> str:
        if config is not None:
            (place / "notejam.toml").write_text(config)
        assert main.main(["cost", *options]) == 0
        return capsys.readouterr().out

    return runs


def bill(document: str, stage: str, load: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document)["stages"][stage][load]
    return found


def row(printed: str, start: str) -> list[str]:
    """Return the cells of the only line that begins so."""
    (line,) = re.findall(rf"^{re.escape(start)}.*$", printed, re.M)
    return re.split(r"\s{2,}", line)


def test_it_begins_with_every_stage_under_three_loads(run: Run) -> None:
    printed = run()
    assert re.split(r"\s{2,}", printed.splitlines()[0]) == ["a month", *LOADS]
    assert [line.split("  ")[0] for line in printed.splitlines()[1:4]] == [
        "dev (eu-central-1)",
        "test (us-east-1)",
        "delivery (eu-central-1)",
    ]


def test_the_sums_come_first_and_with_them_what_changes(run: Run) -> None:
    same, changed = (run(config=DEV + TEST + more) for more in ("", 'network.egress = "nat-per-zone"\n'))
    assert same.splitlines()[4].startswith("all  ")
    assert same.splitlines()[6] == "the same as in output"
    assert changed.splitlines()[6] == "a typical month against output: test +$73.00; --compare says why"
    assert "NAT gateways" not in same


def test_the_parts_of_a_stage_are_shown_when_it_is_asked_for(run: Run) -> None:
    printed = run("--stage", "test")
    assert row(printed, "NAT gateways")[0] == "NAT gateways"
    assert "dev" not in printed


def test_it_says_what_typical_is_whose_the_prices_are_and_what_is_left_out(run: Run) -> None:
    assert re.search(r"^left out: traffic between zones and 7 more; --details says which$", run(), re.M)
    printed = run("--details")
    assert "typical: dev 0.5 requests a second, 264 hours a month; test 5" in printed
    assert re.search(
        r"prices: \d+ of \d+ are list prices of eu-central-1, 2026-11; the others are us-east-1's: ", printed
    )
    assert re.search(r"prices: (\d+) of \1 are list prices of us-east-1, 2026-11\n", printed)
    assert f"left out: {'; '.join(LEFT_OUT)}" in printed


def test_the_parts_of_a_bill_make_its_sum(run: Run) -> None:
    of_load = bill(run("--json"), "test", "typical")
    assert of_load["usd"] == pytest.approx(sum(of_load["by"].values()), abs=0.1)
    detailed = bill(run("--json", "--details"), "test", "typical")
    assert detailed["usd"] == pytest.approx(sum(each["usd"] for each in detailed["resources"]), abs=0.01)


def test_the_document_says_which_prices_are_another_regions(run: Run) -> None:
    document = run("--json")
    assert bill(document, "test", "typical")["prices_of_another_region"] == []
    of_dev = bill(document, "dev", "typical")
    assert (of_dev["region"], "aurora_backup_gb_month" in of_dev["prices_of_another_region"]) == ("eu-central-1", True)


def test_the_details_are_a_line_for_each_resource(run: Run) -> None:
    printed = run("--details", "--stage", "test")
    assert re.search(r"^ +16.43 +LoadBalancer +730.00 load_balancer_hour$", printed, re.M)


def test_another_region_is_priced_on_demand(run: Run) -> None:
    printed = run("--region", "sa-east-1")
    assert printed.splitlines()[1].startswith("dev (sa-east-1)")
    assert (
        bill(run("--region", "sa-east-1", "--json"), "dev", "idle")["usd"] > bill(run("--json"), "dev", "idle")["usd"]
    )


def test_a_region_without_prices_is_refused_with_those_that_have_some(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["cost", "--region", "mars-1"]) == 2
    said = capsys.readouterr().err
    assert "got 'mars-1'" in said and all(region in said for region in regions())
    assert said.count("\n") == 1


def test_an_unknown_stage_is_refused_with_those_there_are(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", "--stage", "moon"]) == 2
    assert "its stages: dev, test" in capsys.readouterr().err


@pytest.mark.parametrize("load", ["0", "-1", "nan", "inf", "many"])
def test_a_load_that_is_none_is_refused(load: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", f"--requests-per-second={load}"]) == 2
    assert "--requests-per-second" in capsys.readouterr().err


def test_a_load_can_be_chosen(run: Run) -> None:
    assert bill(run("--json", "--requests-per-second", "5"), "dev", "typical")["usd"] > 50
    assert "dev 5 requests a second" in run("--requests-per-second", "5")


def test_what_is_built_costs_the_same(run: Run) -> None:
    assert run("--compare").splitlines()[0] == "no change in cost: dev, test, delivery"


def test_a_change_is_shown_for_each_load_and_with_its_causes(run: Run) -> None:
    printed = run("--compare", config=DEV + TEST + 'network.egress = "nat-per-zone"\n')
    change = 2 * 730 * (0.045 + 0.005)
    assert row(printed, "idle")[-1] == f"+${change:,.2f}"
    assert row(printed, "typical  ")[-1] == f"+${change:,.2f}"
    assert row(printed, "NAT gateways")[-1] == f"+${2 * 730 * 0.045:,.2f}"
    assert row(printed, "public IPv4 addresses")[-1] == f"+${2 * 730 * 0.005:,.2f}"
    assert "no change in cost: dev, delivery" in printed


def test_a_change_is_shown_by_resource(run: Run) -> None:
    printed = run("--compare", "--details", config=DEV + TEST + "database.readers = 2\ndatabase.min_acu = 1\n")
    assert row(printed, "database capacity: DatabaseReader2")[1] == "$0.00"


def test_a_stage_that_moves_is_priced_where_it_was_and_where_it_will_be(run: Run) -> None:
    printed = run("--compare", config=DEV + TEST.replace("us-east-1", "sa-east-1"))
    assert "test (from us-east-1 to sa-east-1), a month" in printed
    assert "list prices of us-east-1" in printed and "list prices of sa-east-1" in printed


def test_a_stage_that_comes_costs_all_of_it_and_one_that_goes_nothing(run: Run) -> None:
    there = bill(run("--json"), "test", "idle")["usd"]
    gone = run("--compare", config=DEV)
    assert "test (us-east-1, no longer there), a month" in gone
    assert re.search(rf"^idle +\${there:.2f} +\$0.00 +-\${there:.2f}$", gone, re.M)
    shutil.rmtree("output")
    new = run("--compare", config=DEV)
    assert "dev (eu-central-1, new), a month" in new and "delivery (eu-central-1, new), a month" in new
    assert "in a typical month all of these cost $0.00 before, " in new


def test_a_change_can_be_asked_for_one_stage(run: Run) -> None:
    printed = run(
        "--compare", "--stage", "dev", config=DEV + "database.readers = 1\n" + TEST.replace("standard", "economy")
    )
    assert "dev (eu-central-1), a month" in printed and "test" not in printed


def test_a_change_of_size_is_told_under_the_new_sizes_load(run: Run) -> None:
    changed = json.loads(run("--compare", "--json", config=DEV + TEST.replace("standard", "economy")))["changes"]
    before = {each["load"]: each["before_usd"] for each in changed if each["stage"] == "test"}
    usual = bill(run("--json", "--requests-per-second", "0.5", config=DEV + TEST), "test", "typical")["usd"]
    assert before["typical"] == pytest.approx(usual)


def test_a_change_is_told_to_programs(run: Run) -> None:
    document = json.loads(run("--compare", "--json", config=DEV + TEST + 'network.egress = "endpoints"\n'))
    assert {(each["stage"], each["load"]) for each in document["changes"]} == {
        (stage, load) for stage in ("dev", "test", "delivery") for load in LOADS
    }
    (endpoints,) = (each for each in document["typical"] if each["what"] == "VPC endpoints")
    assert endpoints["stage"] == "test" and endpoints["before_usd"] == 0 < endpoints["change_usd"]


def test_the_build_says_what_each_stage_costs_and_where(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", str(built / "notejam.toml"), "--output", str(built / "output"), "--no-lint"]
    main.main(["build", *arguments])
    printed = capsys.readouterr().out
    assert re.search(r"^cost a month: dev \$[\d.]+ idle, \$[\d.]+ typical, in eu-central-1; see `cost`$", printed, re.M)
    assert re.search(r"^cost a month: test \$[\d.]+ idle, \$[\d.]+ typical, in us-east-1; see `cost`$", printed, re.M)
