"""The application and the task definition agree: the table in docs/application.md is the contract of both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

# Read by botocore in the container, not by the application; the page says so below the table.
READ_BY_BOTOCORE = {"AWS_USE_DUALSTACK_ENDPOINT"}
PAGE = Path(__file__).parents[2] / "docs" / "application.md"


@pytest.fixture(scope="module")
def contract() -> dict[str, str]:
    """Read who gives each variable, `yes`, `secret` or `no`, from the contract's table."""
    section = re.split(r"(?m)^#+ Contract with the task definition$", PAGE.read_text(encoding="utf-8"))[1]
    rows = re.findall(r"(?m)^\| `([A-Z0-9_]+)` +\| *(.*?) *\|", section)
    assert rows
    return dict(rows)


def web(template: dict[str, Any], name: str = "web") -> dict[str, Any]:
    containers = template["Resources"]["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    return {container["Name"]: container for container in containers}[name]


def given(template: dict[str, Any]) -> tuple[set[str], set[str]]:
    container = web(template)
    variables = {variable["Name"] for variable in container["Environment"]}
    return variables - READ_BY_BOTOCORE, {secret["Name"] for secret in container["Secrets"]}


def promised(contract: dict[str, str], how: str) -> set[str]:
    return {variable for variable, given in contract.items() if given.startswith(how)}


def test_every_variable_the_containers_get_is_in_the_contract(compose: Any, contract: dict[str, str]) -> None:
    environment, secrets = given(compose(service={"mail_from": "notes@example.com"})["service"])
    assert environment <= promised(contract, "yes")
    assert secrets == promised(contract, "secret")


def test_every_variable_the_contract_promises_is_given(compose: Any, contract: dict[str, str]) -> None:
    environment, _ = given(compose(service={"mail_from": "notes@example.com"})["service"])
    assert environment == promised(contract, "yes")


def test_the_commands_are_those_the_application_has(compose: Any) -> None:
    template = compose()["service"]
    assert web(template)["Command"] == ["serve"]
    assert web(template, "migrate")["Command"] == ["migrate"]
    assert web(template)["HealthCheck"]["Command"][1:4] == ["python", "-m", "app"]


def test_the_health_check_and_the_port_are_those_of_the_application(compose: Any) -> None:
    template = compose()["service"]
    assert template["Resources"]["WebTargets"]["Properties"]["HealthCheckPath"] == "/healthz"
    assert {"Name": "PORT", "Value": "8080"} in web(template)["Environment"]


def test_migration_and_application_get_the_same(compose: Any) -> None:
    template = compose()["service"]
    for what in ("Environment", "Secrets"):
        assert web(template)[what] == web(template, "migrate")[what]
