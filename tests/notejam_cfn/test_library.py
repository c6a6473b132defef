"""The library composes a service of another name, without a stage, and says nothing of Notejam."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from troposphere import Parameter

import notejam_cfn as nj

WORDS = re.compile(r"notejam|\bnotes?\b|\bpads?\b", re.I)
FULL = nj.MonitoringSettings(monthly_budget_usd=100, level="full")


@pytest.fixture(scope="module")
def shop() -> dict[str, Any]:
    """A shop with everything that is made for Notejam's largest stage."""
    template = nj.Template("Shop", tags={"project": "shop"}, architecture="A shop.")
    encryption = nj.add_encryption(template, nj.EncryptionSettings())
    topic = nj.add_alarm_topic(template, FULL, encryption)
    network = nj.add_network(template, nj.NetworkSettings(egress="endpoints"), encryption)
    database = nj.add_database(template, nj.DatabaseSettings(), network, encryption)
    backups = nj.add_backups(template, nj.BackupSettings(lock=True), encryption, database, topic)
    way_in = nj.LoadBalancerSettings(domain="shop.example.com", hosted_zone_id="Z0123456789ABC", waf=True)
    balancer = nj.add_load_balancer(template, way_in, network, encryption)
    cluster = nj.add_cluster(template, nj.ClusterSettings(), encryption)
    settings = nj.ServiceSettings(name="Shop", exec_access=True)
    service = nj.add_service(template, settings, network, encryption, cluster, balancer, nj.TaskOptions())
    watched = nj.MonitoredResources(network, database, backups, balancer, service)
    nj.add_monitoring(template, FULL, topic, watched)
    rendered: dict[str, Any] = template.to_dict()
    return rendered


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (str(key), *texts(item))]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [str(value)]


def test_nothing_in_a_template_of_another_name_speaks_of_notejam(shop: dict[str, Any]) -> None:
    assert [text for text in texts(shop) if WORDS.search(text)] == []


def test_what_is_made_without_a_stage_is_watched_and_backed_up(shop: dict[str, Any]) -> None:
    kinds = [body["Type"] for body in shop["Resources"].values()]
    assert {"AWS::CloudWatch::Dashboard", "AWS::Budgets::Budget", "AWS::Backup::RestoreTestingPlan"} <= set(kinds)
    assert {"WebErrors", "SlowAnswers", "NoAnswers", "DatabaseCeiling", "BackupMissing"} <= shop["Resources"].keys()
    budget = shop["Resources"]["Budget"]["Properties"]["Budget"]
    assert budget["CostFilters"] == {"TagKeyValue": ["user:project$shop"]}


def test_an_alarm_without_a_runbook_sends_nobody_to_one(shop: dict[str, Any]) -> None:
    assert "What to do" not in json.dumps(shop)


def test_only_what_there_is_is_watched() -> None:
    template = nj.Template("Data", tags={"project": "data"}, architecture="A database.")
    topic = nj.AlarmTopic("arn:topic")
    database = nj.Database("db.example.com", "arn:secret", "sg-1", cluster_id="orders")
    nj.add_monitoring(template, nj.MonitoringSettings(), topic, nj.MonitoredResources(database=database))
    resources = template.to_dict()["Resources"]
    assert set(resources) == {"DatabaseCeiling", "Dashboard"}
    titles = [widget["properties"]["title"] for widget in dashboard(resources)]
    assert titles[0] == "Database capacity" and not any("load balancer" in title for title in titles)


def test_a_worker_is_watched_without_a_load_balancer() -> None:
    template = nj.Template("Mail", tags={"project": "mail"}, architecture="A worker.")
    network, key = nj.Network("vpc-1", private_subnet_ids=("subnet-1", "subnet-2")), nj.Encryption("arn:key")
    queue = nj.add_queue(template, nj.QueueSettings(), key)
    cluster, topic = nj.Cluster("services"), nj.AlarmTopic("arn:topic")
    worker = nj.add_worker(template, nj.WorkerSettings(), queue, network, key, cluster, nj.TaskOptions())
    nj.add_monitoring(template, nj.MonitoringSettings(), topic, nj.MonitoredResources(service=worker))
    resources = template.to_dict()["Resources"]
    titles = [widget["properties"]["title"] for widget in dashboard(resources)]
    assert titles == ["CPU and memory of the tasks", "What drives the cost: storage and logs"]
    assert "TasksFail" in resources and "WebErrors" not in resources


def test_a_service_beside_others_of_its_name_is_refused_in_a_sentence() -> None:
    template = nj.Template("Shop", tags={"project": "shop"}, architecture="A shop.")
    network = nj.Network("vpc-1", private_subnet_ids=("subnet-1", "subnet-2"))
    key, cluster = nj.Encryption("arn:key"), nj.Cluster("services")
    queue = nj.add_queue(template, nj.QueueSettings(), key)
    given = (queue, network, key, cluster, nj.TaskOptions())
    nj.add_worker(template, nj.WorkerSettings(name="Mailer"), *given)
    with pytest.raises(nj.InvalidInput, match=r"^Mailer\w+ is in this template already, as .* another name"):
        nj.add_worker(template, nj.WorkerSettings(name="Mailer"), *given)


def dashboard(resources: dict[str, Any]) -> list[dict[str, Any]]:
    body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0])
    widgets: list[dict[str, Any]] = body["widgets"]
    return widgets


def test_a_database_that_exists_is_backed_up_by_its_arn() -> None:
    template = nj.Template("Backups", tags={"project": "orders"}, architecture="Backups.")
    arn = "arn:aws:rds:eu-central-1:111122223333:cluster:orders"
    database = nj.Database("db.example.com", "arn:secret", "sg-1", cluster_arn=arn)
    settings = nj.BackupSettings(restore_test=False, export=False, monthly_retention_days=0)
    nj.add_backups(template, settings, nj.Encryption("arn:key"), database, nj.AlarmTopic("arn:topic"))
    selection = template.to_dict()["Resources"]["RegularSelection"]["Properties"]["BackupSelection"]
    assert selection["Resources"] == [arn] and "Conditions" not in selection


def test_a_service_stands_behind_a_load_balancer_and_on_a_database_that_exist() -> None:
    template = nj.Template("Shop", tags={"project": "shop"}, architecture="A shop.")
    subnets = template.add_parameter(Parameter("Subnets", Type="List<AWS::EC2::Subnet::Id>"))
    network = nj.Network("vpc-1", private_subnet_ids=nj.elements(subnets, 2))
    listener = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/front/50dc6c495c/f2f7dc8efc52"
    balancer = nj.existing_load_balancer(listener, "sg-front", "https://shop.example.com")
    database = nj.existing_database(template, network, "db.example.com", "arn:secret", "sg-database", port=3306)
    task = nj.TaskOptions(security_group_ids=[database.client_security_group_id])
    cluster, key = nj.Cluster("services"), nj.Encryption("arn:key")
    nj.add_service(template, nj.ServiceSettings(name="Shop"), network, key, cluster, balancer, task)
    resources = template.to_dict()["Resources"]
    assert resources["ShopListenerRule"]["Properties"]["ListenerArn"] == listener
    assert resources["ShopDeploymentErrors"]["Properties"]["Dimensions"][0]["Value"] == "app/front/50dc6c495c"
    assert resources["DatabaseAccessIngress"]["Properties"]["FromPort"] == 3306
    placed = resources["ShopService"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert placed["Subnets"] == [{"Fn::Select": [number, {"Ref": "Subnets"}]} for number in (0, 1)]


def test_the_listener_of_a_parameter_gives_the_name_that_metrics_know() -> None:
    found = nj.existing_load_balancer(Parameter("Listener", Type="String").ref(), "sg-1", "https://shop.example.com")
    parts = {"Fn::Split": ["/", {"Ref": "Listener"}]}
    assert found.full_name.to_dict() == {"Fn::Join": ["/", [{"Fn::Select": [n, parts]} for n in (1, 2, 3)]]}  # type: ignore[union-attr]


def test_an_arn_of_something_else_is_no_listener() -> None:
    with pytest.raises(nj.InvalidInput, match=r"^listener_arn must be the ARN of an Application Load Balancer"):
        nj.existing_load_balancer("arn:aws:elasticloadbalancing:eu-central-1:1:listener/net/a/b/c", "sg-1", "https://x")


def test_zones_of_a_network_that_exists_are_left_to_aurora() -> None:
    template = nj.Template("Data", tags={"project": "data"}, architecture="A database.")
    network = nj.Network("vpc-1", isolated_subnet_ids=("subnet-1", "subnet-2"))
    nj.add_database(template, nj.DatabaseSettings(), network, nj.Encryption("arn:key"))
    assert "AvailabilityZone" not in template.to_dict()["Resources"]["DatabaseWriter"]["Properties"]
