"""Facts about the service and how it scales."""

from __future__ import annotations

from typing import Any

import pytest

SERVICE, TASK = "AWS::ECS::Service", "AWS::ECS::TaskDefinition"


def service(template: dict[str, Any], of_type: Any) -> dict[str, Any]:
    (found,) = of_type(template, SERVICE).values()
    return dict(found)


def containers(template: dict[str, Any], of_type: Any) -> dict[str, dict[str, Any]]:
    (task,) = of_type(template, TASK).values()
    return {container["Name"]: container for container in task["ContainerDefinitions"]}


def test_without_an_image_nothing_that_could_hang_is_made(compose: Any) -> None:
    template = compose()["service"]
    assert template["Parameters"]["ImageUri"]["Default"] == ""
    for name, resource in template["Resources"].items():
        if resource["Type"].split("::")[1] in ("ApplicationAutoScaling",) or resource["Type"] in (SERVICE, TASK):
            assert resource["Condition"] == "HasImageUri", name


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_a_conditional_resource_is_used_only_by_resources_of_the_same_condition(compose: Any, size: str) -> None:
    template = compose(size)["service"]
    conditional = {name for name, resource in template["Resources"].items() if "Condition" in resource}
    for name, resource in template["Resources"].items():
        if name not in conditional:
            used = {ref for ref in conditional if f"'Ref': '{ref}'" in str(resource) or f"['{ref}'," in str(resource)}
            assert not used or "HasImageUri" in str(resource), (name, used)


def test_deployments_have_no_downtime_and_go_back_by_themselves(compose: Any, of_type: Any) -> None:
    found = service(compose()["service"], of_type)["DeploymentConfiguration"]
    assert (found["MinimumHealthyPercent"], found["MaximumPercent"]) == (100, 200)
    assert found["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert found["Alarms"]["Rollback"] is True


def test_a_deployment_never_resets_the_number_of_tasks(compose: Any, of_type: Any) -> None:
    assert "DesiredCount" not in service(compose()["service"], of_type)


def test_the_launch_type_is_left_to_the_capacity_providers(compose: Any, of_type: Any) -> None:
    assert "LaunchType" not in service(compose()["service"], of_type)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"spot_percent": 100}, [("FARGATE_SPOT", 100, None)]),
        ({"spot_percent": 0}, [("FARGATE", 100, None)]),
        ({"spot_percent": 75, "fargate_base": 1}, [("FARGATE", 25, 1), ("FARGATE_SPOT", 75, None)]),
        ({"spot_percent": 100, "fargate_base": 1}, [("FARGATE", 0, 1), ("FARGATE_SPOT", 100, None)]),
    ],
)
def test_tasks_run_on_the_configured_mix(compose: Any, of_type: Any, settings: Any, expected: Any) -> None:
    strategy = service(compose("standard", service={"fargate_base": 0, **settings})["service"], of_type)[
        "CapacityProviderStrategy"
    ]
    assert [(item["CapacityProvider"], item["Weight"], item.get("Base")) for item in strategy] == expected


def test_tasks_run_in_private_subnets_without_a_public_address(compose: Any, of_type: Any) -> None:
    for egress, subnet in (("ipv6", "PrivateIpv6Subnet"), ("nat", "PrivateSubnet")):
        console = compose(network={"egress": egress})["console"]
        network = service(console, of_type)["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED"
        assert network["Subnets"] == [{"Ref": f"{subnet}{zone}"} for zone in (1, 2, 3)]


def test_containers_have_no_rights(compose: Any, of_type: Any) -> None:
    for container in containers(compose()["service"], of_type).values():
        assert container["User"] != "root"
    for container in containers(compose("resilient")["service"], of_type).values():
        assert container["ReadonlyRootFilesystem"] is True
        assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}


def test_a_shells_agent_finds_what_it_needs_where_shells_are_allowed(compose: Any, of_type: Any) -> None:
    """It runs as root within the container, and AWS supports no read-only file system for it."""
    template = compose("resilient", service={"exec_access": True})["service"]
    for container in containers(template, of_type).values():
        assert container["ReadonlyRootFilesystem"] is False
        assert container["LinuxParameters"] == {"InitProcessEnabled": True}
        assert container["User"] != "root"


def test_the_target_group_survives_a_change_of_port(compose: Any, of_type: Any) -> None:
    kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
    groups = [of_type(compose(service={"port": port})["service"], kind) for port in (8080, 9090)]
    assert groups[0] == groups[1]


def test_the_migration_must_succeed_before_the_application_starts(compose: Any, of_type: Any) -> None:
    found = containers(compose()["service"], of_type)
    assert found["migrate"]["Essential"] is False
    assert found["web"]["DependsOn"] == [{"ContainerName": "migrate", "Condition": "SUCCESS"}]


def test_secrets_are_references(compose: Any, of_type: Any) -> None:
    web = containers(compose()["console"], of_type)["web"]
    assert [secret["Name"] for secret in web["Secrets"]] == ["SESSION_SECRET", "DATABASE_USER", "DATABASE_PASSWORD"]
    assert not any("PASSWORD" in variable["Name"] for variable in web["Environment"])


def test_only_the_load_balancer_reaches_the_tasks(compose: Any, of_type: Any) -> None:
    template = compose()["service"]
    (rule,) = of_type(template, "AWS::EC2::SecurityGroupIngress").values()
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["LoadBalancerSecurityGroup", "GroupId"]}
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)


def test_the_tasks_are_targets_over_ipv6_where_they_have_nothing_else(compose: Any, of_type: Any) -> None:
    for egress, expected in (("ipv6", "ipv6"), ("nat", "ipv4")):
        (group,) = of_type(
            compose(network={"egress": egress})["service"], "AWS::ElasticLoadBalancingV2::TargetGroup"
        ).values()
        assert group["IpAddressType"] == expected


def test_the_health_check_needs_no_database(compose: Any, of_type: Any) -> None:
    (group,) = of_type(compose()["service"], "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert group["HealthCheckPath"] == "/healthz"


def test_business_hours_raise_the_minimum_in_the_stages_time_zone(compose: Any, of_type: Any) -> None:
    template = compose("resilient", service={"time_zone": "Europe/Berlin"})["service"]
    (target,) = of_type(template, "AWS::ApplicationAutoScaling::ScalableTarget").values()
    begin, end = target["ScheduledActions"]
    assert (begin["Schedule"], begin["Timezone"]) == ("cron(0/5 7-18 ? * MON-FRI *)", "Europe/Berlin")
    assert begin["ScalableTargetAction"] == {"MinCapacity": 6}
    assert end["ScalableTargetAction"] == {"MinCapacity": {"Ref": "MinTasks"}}


def test_production_makes_room_for_four_times_its_typical_load(make_stage: Any) -> None:
    settings = make_stage("resilient").service
    assert settings.max_tasks >= 4 * settings.busy_min_tasks


def test_an_idle_economy_stage_falls_asleep_and_wakes_when_asked(compose: Any, of_type: Any) -> None:
    template = compose("economy")["service"]
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert alarms["WebQuiet"]["AlarmActions"] == [{"Ref": "WebSleep"}]
    assert alarms["WebQuiet"]["EvaluationPeriods"] == 60
    assert alarms["WebAsked"]["AlarmActions"] == [{"Ref": "WebWake"}]
    policies = of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy")
    steps = [policies[name]["StepScalingPolicyConfiguration"] for name in ("WebSleep", "WebWake")]
    assert [(s["AdjustmentType"], s["StepAdjustments"][0]["ScalingAdjustment"]) for s in steps] == [
        ("ExactCapacity", 0),
        ("ChangeInCapacity", 1),
    ]


def test_only_minutes_with_a_task_are_quiet(compose: Any, of_type: Any) -> None:
    """A first release, and a wake, last their whole time: before them there was no task, and so no quiet minute."""
    quiet = of_type(compose("economy")["service"], "AWS::CloudWatch::Alarm")["WebQuiet"]
    *metrics, asked = quiet["Metrics"]
    measured = {query["Id"]: query["MetricStat"]["Metric"]["MetricName"] for query in metrics}
    assert measured == {"healthy": "HealthyHostCount", "requests": "RequestCount"}
    assert asked["Expression"] == "0 * healthy + requests"
    for query in metrics:
        of = {one["Name"] for one in query["MetricStat"]["Metric"]["Dimensions"]}
        assert of == {"LoadBalancer", "TargetGroup"}, "others stand behind the load balancer too"
    assert quiet["TreatMissingData"] == "notBreaching"


def test_a_stage_that_sleeps_is_never_put_to_sleep_by_low_use(compose: Any, of_type: Any) -> None:
    policies = of_type(compose("economy")["service"], "AWS::ApplicationAutoScaling::ScalingPolicy")
    tracking = [
        p["TargetTrackingScalingPolicyConfiguration"] for p in policies.values() if "Tracking" in p["PolicyType"]
    ]
    assert tracking and all(policy["DisableScaleIn"] is True for policy in tracking)


def test_a_shell_is_open_only_where_the_stage_says(compose: Any, of_type: Any) -> None:
    assert service(compose("economy")["service"], of_type)["EnableExecuteCommand"] is True
    template = compose("resilient")["service"]
    assert service(template, of_type)["EnableExecuteCommand"] is False
    assert "ssmmessages" not in str(template["Resources"]["WebTaskRole"])
