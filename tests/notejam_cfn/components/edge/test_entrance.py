"""Facts about the way in over CloudFront."""

from __future__ import annotations

import re
from typing import Any

import pytest

from notejam_cfn.application import NOT_RELEASED_YET
from notejam_cfn.components.load_balancing.listeners import WAKING, WAKING_PATH
from notejam_cfn.core import cloudfront
from notejam_cfn.stacks import stacks_of_stage

DISTRIBUTION, RECORD = "AWS::CloudFront::Distribution", "AWS::Route53::RecordSet"
BALANCER, GROUP = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::SecurityGroup"
ZONE = {"domain": "notes.example.com", "hosted_zone_id": "Z0123ABC"}


@pytest.fixture
def distribution(compose: Any, of_type: Any) -> Any:
    """Return the configuration of a stage's distribution."""

    def configured(size: str = "economy", **overrides: Any) -> dict[str, Any]:
        (found,) = of_type(compose(size, **overrides)["service"], DISTRIBUTION).values()
        config: dict[str, Any] = found["DistributionConfig"]
        return config

    return configured


def test_the_load_balancer_is_internal_and_away_from_the_internet(compose: Any, of_type: Any) -> None:
    (balancer,) = of_type(compose()["service"], BALANCER).values()
    assert balancer["Scheme"] == "internal"
    assert {each["Fn::GetStackOutput"]["OutputName"] for each in balancer["Subnets"]} == {
        f"IsolatedSubnetId{zone}" for zone in (1, 2, 3)
    }


def test_only_cloudfront_is_admitted_by_a_group_of_its_own(compose: Any, of_type: Any) -> None:
    template = compose()["service"]
    (balancer,) = of_type(template, BALANCER).values()
    worn = {each["Fn::GetAtt"][0] for each in balancer["SecurityGroups"]}
    groups = {name: body for name, body in of_type(template, GROUP).items() if name in worn}
    rules = [rule for body in groups.values() for rule in body.get("SecurityGroupIngress", [])]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(80, 80)]
    assert "SourcePrefixListId" in rules[0] and not {"CidrIp", "CidrIpv6"} & set(rules[0])
    assert not of_type(template, "AWS::EC2::SecurityGroupIngress").get("LoadBalancerIngress")


def test_the_prefix_list_is_the_parameters_or_the_tables(compose: Any) -> None:
    template = compose()["service"]
    parameter = template["Parameters"][cloudfront.PREFIX_LIST_PARAMETER]
    assert parameter["Default"] == ""
    assert re.fullmatch(parameter["AllowedPattern"], "pl-3b927c52")
    known = {region: each["Id"] for region, each in template["Mappings"]["CloudFrontPrefixLists"].items()}
    assert set(known) == set(cloudfront.regions_with_vpc_origins())
    assert known["eu-central-1"] == "pl-a3a144ca"
    for region, identifier in known.items():
        found = re.fullmatch(r"pl-[0-9a-f]{8}", identifier)
        assert found or cloudfront.PREFIX_LIST_PARAMETER in identifier, region


def test_every_fact_has_a_source_and_a_date() -> None:
    for key, fact in cloudfront.facts().items():
        for each in fact if isinstance(fact, list) else [fact]:
            assert each["source"] and re.fullmatch(r"20\d\d-\d\d", each["date"]), key


def test_people_are_served_over_https_http2_http3_and_ipv6(distribution: Any) -> None:
    config = distribution()
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
        assert behavior["Compress"] is True
    assert (config["HttpVersion"], config["IPV6Enabled"]) == ("http2and3", True)


def test_only_static_files_are_kept_and_all_else_is_passed_on_whole(distribution: Any) -> None:
    config = distribution()
    everything, (static,) = config["DefaultCacheBehavior"], config["CacheBehaviors"]
    assert everything["CachePolicyId"] == cloudfront.policy_id("CachingDisabled")
    assert everything["OriginRequestPolicyId"] == cloudfront.policy_id("AllViewer")
    assert {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} <= set(everything["AllowedMethods"])
    assert (static["PathPattern"], static["CachePolicyId"]) == ("/static/*", cloudfront.policy_id("CachingOptimized"))


def test_no_error_is_kept(distribution: Any) -> None:
    kept = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in distribution()["CustomErrorResponses"]}
    assert kept == dict.fromkeys((400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504), 0)


def test_a_sleeping_stage_shows_a_page_that_goes_on_by_itself(compose: Any, of_type: Any, distribution: Any) -> None:
    (shown,) = [each for each in distribution()["CustomErrorResponses"] if "ResponsePagePath" in each]
    assert (shown["ErrorCode"], shown["ResponseCode"], shown["ResponsePagePath"]) == (503, 503, WAKING_PATH)
    rule = of_type(compose()["service"], "AWS::ElasticLoadBalancingV2::ListenerRule")["WakingPage"]
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == [WAKING_PATH]
    assert rule["Actions"][0]["FixedResponseConfig"] == {
        "StatusCode": "200",
        "ContentType": "text/html",
        "MessageBody": WAKING,
    }
    assert "location.reload" in WAKING and "http-equiv=refresh" in WAKING


def test_what_a_load_balancer_answers_itself_is_short_enough() -> None:
    assert max(len(WAKING), len(NOT_RELEASED_YET)) <= 1024


def test_before_the_first_release_the_page_is_none_that_waits(compose: Any, of_type: Any) -> None:
    listener = of_type(compose()["service"], "AWS::ElasticLoadBalancingV2::Listener")["HttpListener"]
    assert listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "404"


def test_the_application_reads_the_visitors_address_past_two_proxies(compose: Any, of_type: Any) -> None:
    def trusted(**overrides: Any) -> set[str]:
        tasks = of_type(compose(**overrides)["service"], "AWS::ECS::TaskDefinition").values()
        return {
            variable["Value"]
            for task in tasks
            for container in task["ContainerDefinitions"]
            for variable in container["Environment"]
            if variable["Name"] == "TRUSTED_PROXIES"
        }

    assert trusted() == {"2"}
    assert trusted(cdn={"enabled": False}) == {"1"}


def test_without_a_domain_the_address_is_cloudfronts(compose: Any) -> None:
    url = compose()["service"]["Outputs"]["Url"]["Value"]
    assert url == {"Fn::Sub": ["https://${Name}", {"Name": {"Fn::GetAtt": ["Distribution", "DomainName"]}}]}


def test_with_a_domain_certificate_and_records_are_made(compose: Any, of_type: Any, distribution: Any) -> None:
    templates = compose(load_balancer=ZONE)
    (certificate,) = of_type(templates["edge"], "AWS::CertificateManager::Certificate").values()
    assert certificate["DomainName"] == ZONE["domain"]
    config = distribution(load_balancer=ZONE)
    viewers = config["ViewerCertificate"]
    assert viewers["AcmCertificateArn"]["Fn::GetStackOutput"]["Region"] == "us-east-1"
    assert (viewers["MinimumProtocolVersion"], viewers["SslSupportMethod"]) == ("TLSv1.2_2021", "sni-only")
    records = of_type(templates["service"], RECORD).values()
    assert {record["Type"] for record in records} == {"A", "AAAA"}
    assert {record["AliasTarget"]["HostedZoneId"] for record in records} == {"Z2FDTNDATAQYW2"}


def test_a_domain_that_another_distribution_serves_can_wait(compose: Any, distribution: Any) -> None:
    template = compose(load_balancer=ZONE)["service"]
    assert template["Parameters"]["ServeDomain"]["AllowedValues"] == ["true", "false"]
    aliases = distribution(load_balancer=ZONE)["Aliases"]
    assert aliases == {"Fn::If": ["ServeDomainIsTrue", [ZONE["domain"]], {"Ref": "AWS::NoValue"}]}
    for body in template["Resources"].values():
        if body["Type"] == RECORD:
            assert body["Condition"] == "ServeDomainIsTrue"
    assert template["Outputs"]["Url"]["Value"]["Fn::If"][0] == "ServeDomainIsTrue"


def test_the_firewall_stands_at_cloudfront_and_counts_visitors(compose: Any, of_type: Any, distribution: Any) -> None:
    templates = compose("resilient")
    (acl,) = of_type(templates["edge"], "AWS::WAFv2::WebACL").values()
    assert acl["Scope"] == "CLOUDFRONT"
    assert acl["Rules"][0]["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert of_type(templates["edge"], "AWS::WAFv2::LoggingConfiguration")
    assert not of_type(templates["service"], "AWS::WAFv2::WebACL")
    assert distribution("resilient")["WebACLId"]["Fn::GetStackOutput"]["OutputName"] == "WebAclArn"
    assert "WebACLId" not in distribution()


def test_a_stage_without_domain_and_firewall_has_nothing_in_us_east_1(compose: Any) -> None:
    assert "edge" not in compose()


def test_requests_are_logged_where_cloudfront_delivers_them(make_stage: Any, compose: Any, of_type: Any) -> None:
    assert "edge-log" not in compose()
    stage = make_stage("resilient", cdn={"access_log": True})
    (stack,) = [one for one in stacks_of_stage(stage) if one.layer == "edge-log"]
    assert stack.region == "us-east-1"
    template = stack.template.to_dict()
    (source,) = of_type(template, "AWS::Logs::DeliverySource").values()
    assert source["LogType"] == "ACCESS_LOGS"
    assert source["ResourceArn"]["Fn::Sub"][1]["Id"]["Fn::GetStackOutput"]["Region"] == "eu-central-1"
    (group,) = of_type(template, "AWS::Logs::LogGroup").values()
    assert group["LogGroupName"]["Fn::Sub"][0].startswith("/aws/vendedlogs/")


def test_the_console_asks_for_certificate_and_firewall(compose: Any, of_type: Any) -> None:
    template = compose("resilient", load_balancer=ZONE)["console"]
    (found,) = of_type(template, DISTRIBUTION).values()
    config = found["DistributionConfig"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == {"Ref": "CertificateArn"}
    assert config["WebACLId"] == {"Fn::If": ["HasWebAclArn", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]}
    for name in ("CertificateArn", "WebAclArn"):
        assert "edge.yaml" in template["Parameters"][name]["Description"], name


@pytest.mark.parametrize(
    "overrides", [{"region": "cn-north-1"}, {"region": "us-gov-west-1"}, {"cdn": {"enabled": False}}]
)
def test_without_cloudfront_the_load_balancer_is_public(compose: Any, of_type: Any, overrides: Any) -> None:
    template = compose(**overrides)["service"]
    (balancer,) = of_type(template, BALANCER).values()
    assert balancer["Scheme"] == "internet-facing"
    assert not of_type(template, DISTRIBUTION)
