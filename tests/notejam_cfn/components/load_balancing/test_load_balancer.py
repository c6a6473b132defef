"""Facts about the load balancer."""

from __future__ import annotations

from typing import Any

from notejam_cfn.components.load_balancing import firewall

LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
PUBLIC = {"enabled": False}
ZONE = {"domain": "notes.example.com", "hosted_zone_id": "Z0123ABC"}


def attributes(template: dict[str, Any], of_type: Any) -> dict[str, Any]:
    (balancer,) = of_type(template, BALANCER).values()
    return {attribute["Key"]: attribute["Value"] for attribute in balancer["LoadBalancerAttributes"]}


def test_with_a_hosted_zone_everything_is_https(compose: Any, of_type: Any) -> None:
    template = compose(load_balancer=ZONE, cdn=PUBLIC)["service"]
    listeners = of_type(template, LISTENER)
    redirect = listeners["HttpListener"]["DefaultActions"][0]["RedirectConfig"]
    assert (redirect["Protocol"], redirect["Host"]) == ("HTTPS", "notes.example.com")
    assert listeners["HttpsListener"]["Certificates"] == [{"CertificateArn": {"Ref": "Certificate"}}]
    assert "TLS13" in listeners["HttpsListener"]["SslPolicy"]
    assert template["Outputs"]["Url"]["Value"] == "https://notes.example.com"


def test_the_certificate_is_proven_by_dns_and_the_name_points_here(compose: Any, of_type: Any) -> None:
    template = compose(load_balancer=ZONE, cdn=PUBLIC)["service"]
    (certificate,) = of_type(template, "AWS::CertificateManager::Certificate").values()
    assert certificate["DomainValidationOptions"] == [{"DomainName": ZONE["domain"], "HostedZoneId": "Z0123ABC"}]
    assert {record["Type"] for record in of_type(template, "AWS::Route53::RecordSet").values()} == {"A", "AAAA"}


def test_a_certificate_one_has_is_used(compose: Any, of_type: Any) -> None:
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x"
    template = compose(load_balancer={"domain": "n.example.com", "certificate_arn": arn}, cdn=PUBLIC)["service"]
    assert of_type(template, LISTENER)["HttpsListener"]["Certificates"] == [{"CertificateArn": arn}]
    assert not of_type(template, "AWS::CertificateManager::Certificate")


def test_without_a_certificate_http_is_served(compose: Any, of_type: Any) -> None:
    assert list(of_type(compose(cdn=PUBLIC)["service"], LISTENER)) == ["HttpListener"]


def test_before_the_first_release_a_page_says_what_to_do(compose: Any, of_type: Any) -> None:
    (action,) = of_type(compose()["service"], LISTENER)["HttpListener"]["DefaultActions"]
    assert action["Type"] == "fixed-response"
    assert "python -m notejam_cfn release" in action["FixedResponseConfig"]["MessageBody"]
    assert len(action["FixedResponseConfig"]["MessageBody"]) <= 1024


def test_invalid_headers_are_dropped_and_requests_logged(compose: Any, of_type: Any) -> None:
    found = attributes(compose()["service"], of_type)
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert found["access_logs.s3.enabled"] == "true"


def test_production_cannot_be_deleted_by_accident(compose: Any, of_type: Any) -> None:
    assert attributes(compose("resilient")["service"], of_type)["deletion_protection.enabled"] == "true"
    assert attributes(compose("economy")["service"], of_type)["deletion_protection.enabled"] == "false"


def test_the_access_log_bucket_is_locked_down(compose: Any, of_type: Any) -> None:
    template = compose()["service"]
    bucket = of_type(template, "AWS::S3::Bucket")["AccessLogs"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    policy = of_type(template, "AWS::S3::BucketPolicy")["AccessLogsPolicy"]["PolicyDocument"]["Statement"]
    assert [statement["Effect"] for statement in policy] == ["Allow", "Deny"]
    assert policy[0]["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}


def test_it_is_dual_stack_where_the_network_is(compose: Any, of_type: Any) -> None:
    kinds = {
        egress: next(iter(of_type(compose(network={"egress": egress})["service"], BALANCER).values()))["IpAddressType"]
        for egress in ("ipv6", "nat")
    }
    assert kinds == {"ipv6": "dualstack", "nat": "ipv4"}


def test_the_firewall_limits_rates_and_logs_what_it_does(compose: Any, of_type: Any) -> None:
    template = compose("resilient", cdn=PUBLIC)["service"]
    (acl,) = of_type(template, "AWS::WAFv2::WebACL").values()
    assert acl["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"] == 2000
    assert sorted(rule["Priority"] for rule in acl["Rules"]) == list(range(5))
    names = [
        group["LogGroupName"] for group in of_type(template, "AWS::Logs::LogGroup").values() if "LogGroupName" in group
    ]
    assert "aws-waf-logs-${Name}" in [name["Fn::Sub"][0] for name in names]
    (log,) = of_type(template, "AWS::WAFv2::LoggingConfiguration").values()
    assert log["LoggingFilter"]["DefaultBehavior"] == "DROP"
    (kept,) = log["LoggingFilter"]["Filters"]
    assert {"ActionCondition": {"Action": "BLOCK"}} in kept["Conditions"]
    assert not of_type(compose("economy")["service"], "AWS::WAFv2::WebACL")


def test_no_rule_blocks_what_people_write_or_search_for(compose: Any, of_type: Any) -> None:
    (acl,) = of_type(compose("resilient")["edge"], "AWS::WAFv2::WebACL").values()
    groups = [rule["Statement"].get("ManagedRuleGroupStatement") for rule in acl["Rules"]]
    counted = {
        override["Name"]
        for group in filter(None, groups)
        for override in group.get("RuleActionOverrides", [])
        if override["ActionToUse"] == {"Count": {}}
    }
    assert counted >= {"Log4JRCE_BODY", "ReactJSRCE_BODY", "SQLi_BODY", "CrossSiteScripting_QUERYARGUMENTS"}
    assert all(name.endswith(("_BODY", "_QUERYARGUMENTS", "_QUERYSTRING")) for name in counted)
    assert {group["Name"] for group in filter(None, groups)} == set(firewall.MANAGED_RULES)
