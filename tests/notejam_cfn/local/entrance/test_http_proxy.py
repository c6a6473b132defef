"""A browser on this machine reaches the emulated load balancer by an address that it can resolve."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.entrance.entrance import http_proxy


def test_the_page_of_the_load_balancer_is_passed_on(aws: Emulator) -> None:
    page = {"StatusCode": "503", "ContentType": "text/html", "MessageBody": "almost there"}
    action = {"Type": "fixed-response", "FixedResponseConfig": page}
    balancer = {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": ["subnet-1"]}}
    listener = {"LoadBalancerArn": {"Ref": "Balancer"}, "Port": 80, "Protocol": "HTTP", "DefaultActions": [action]}
    template = {
        "Resources": {
            "Balancer": balancer,
            "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": listener},
        },
        "Outputs": {"Host": {"Value": {"Fn::GetAtt": ["Balancer", "DNSName"]}}},
    }
    host = aws.deploy("balancer", template)["Host"]
    with http_proxy.opened(urlsplit(aws.url).netloc, host) as address, pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(f"http://{address}/", timeout=10)
    assert (answer.value.code, answer.value.read()) == (503, b"almost there")
