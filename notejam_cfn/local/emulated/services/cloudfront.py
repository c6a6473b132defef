"""Teaches ministack's CloudFront what a stage's entrance needs: VPC origins, the stage's domain, and the edge's cache.

ministack serves a distribution's viewers by itself: behaviours, methods, protocol policy, policies of forwarding and
custom error pages. What it lacks is added here. An internal load balancer answers nobody but a distribution whose VPC
origin names it, and that only when one of its security groups admits CloudFront's prefix list on the origin's port.
"""

from __future__ import annotations

import contextvars
import dataclasses
import functools
import re
import time
from typing import Any

from ....core.cloudfront import PREFIX_LIST_NAME
from ..ministack import Properties, Real, around, change_type, module, within

VPC_ORIGIN, SECURITY_GROUP = "AWS::CloudFront::VpcOrigin", "AWS::EC2::SecurityGroup"
# The HTTPS front tells in this header whom it speaks for; ministack sees only the front.
VIEWER_HEADER = "x-rehearsal-viewer"
# Source: Amazon CloudFront Developer Guide, "How CloudFront caches HTTP 4xx and 5xx status codes from your origin".
ERROR_SECONDS = 10.0
KEPT_ERRORS = frozenset({400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504})
Answer = tuple[int, dict[str, Any], bytes]

# What stacks hold, by physical id: how VPC origins reach load balancers, and whom security groups admit.
_vpc_origins: dict[str, Properties] = {}
_security_groups: dict[str, Properties] = {}
_distribution_asks: contextvars.ContextVar[bool] = contextvars.ContextVar("distribution_asks", default=False)


def register() -> None:
    """Change ministack in this process; the table of resource types must know VPC origins by now."""
    cloudfront, cache = module("services.cloudfront"), EdgeCache(module("services.cloudfront"))
    change_type(VPC_ORIGIN, done=_vpc_origins.__setitem__)
    change_type(SECURITY_GROUP, done=_security_groups.__setitem__)
    around(cloudfront, "_dataplane_origin", _over_vpc_origin)
    around(cloudfront, "_fetch_from_alb_origin", _fetch_where_admitted)
    cloudfront.find_distribution_for_label = _distribution_of_any_account
    around(cloudfront, "handle_viewer_request", cache.answer)
    around(cloudfront, "_create_invalidation", cache.invalidate)
    around(module("app"), "_parse_cloudfront_dataplane_host", _by_alternate_name)
    around(module("services.alb"), "find_lb_for_host", _within_reach)


def _over_vpc_origin(real: Real, element: Any) -> Properties:
    """Let an origin take protocol and ports from its VPC origin, and its timeout from its own settings."""
    cloudfront, found = module("services.cloudfront"), dict(real(element))
    settings = cloudfront._find(element, "VpcOriginConfig")
    if settings is not None:
        endpoint = _vpc_origins[cloudfront._text(settings, "VpcOriginId")]["VpcOriginEndpointConfig"]
        found |= {
            "vpc_origin_of": endpoint["Arn"],
            "protocol_policy": endpoint.get("OriginProtocolPolicy", "match-viewer"),
            "http_port": int(endpoint.get("HTTPPort", 80)),
            "https_port": int(endpoint.get("HTTPSPort", 443)),
            "read_timeout": int(cloudfront._text(settings, "OriginReadTimeout") or 30),
        }
    return found


async def _fetch_where_admitted(real: Real, balancer: Properties, origin: Properties, *rest: Any) -> Any:
    """Refuse an origin that CloudFront could not reach: another load balancer's, or one that does not admit it."""
    cloudfront = module("services.cloudfront")
    if balancer["Scheme"] == "internal":
        port = origin["https_port" if origin["protocol_policy"] == "https-only" else "http_port"]
        if origin.get("vpc_origin_of") != balancer["LoadBalancerArn"]:
            raise cloudfront.OriginUnreachable(f"{balancer['DNSName']} is internal and has no VPC origin")
        if not _admits_cloudfront(balancer, port):
            raise cloudfront.OriginTimeout(f"no security group admits {PREFIX_LIST_NAME} on port {port}")
    return await real(balancer, origin, *rest)


def _admits_cloudfront(balancer: Properties, port: int) -> bool:
    """Tell whether a security group of a load balancer admits the prefix list of its region on a port."""
    region, account = balancer["LoadBalancerArn"].split(":")[3:5]
    with within(account, region):
        ours = module("services.ec2")._resolve_aws_pl(PREFIX_LIST_NAME)["PrefixListId"]
    return any(
        rule.get("SourcePrefixListId") == ours and int(rule["FromPort"]) <= port <= int(rule["ToPort"])
        for group in balancer.get("SecurityGroups", ())
        for rule in _security_groups.get(group, {}).get("SecurityGroupIngress", ())
    )


def _distribution_of_any_account(label: str) -> Any:
    """Find a distribution whosever it is, and go on in its account: viewers have no credentials."""
    for (account, _), distribution in module("services.cloudfront")._distributions._data.items():
        if distribution["DomainName"].lower() == f"{label}.cloudfront.net":
            module("core.responses").set_request_account_id(account)
            return distribution
    return None


def _by_alternate_name(real: Real, host: str) -> Any:
    """Lead the alternate names of distributions to them, as the records of a zone would."""
    asked = host.partition(":")[0].lower()
    if not asked[-1:].isdigit():  # at an address the APIs are asked: no need to read every distribution
        for distribution in module("services.cloudfront")._distributions._data.values():
            if asked in _alternate_names(distribution.get("config_xml") or ""):
                return distribution["DomainName"].partition(".")[0]
    return real(host)


@functools.lru_cache(maxsize=1024)
def _alternate_names(configuration: str) -> frozenset[str]:
    found = module("services.cloudfront")._get_distribution_aliases({"config_xml": configuration})
    return frozenset(name.lower() for name in found)


def _within_reach(real: Real, host: str) -> Any:
    """Hide internal load balancers from everybody on the internet, and so from every visitor but CloudFront."""
    balancer = real(host)
    hidden = balancer and balancer["Scheme"] == "internal" and not _distribution_asks.get()
    return None if hidden else balancer


@dataclasses.dataclass
class EdgeCache:
    """Answers viewers from the cache where the deployed policies allow it, and from the origin otherwise.

    Errors are kept as CloudFront keeps them: for the time that the distribution says, or ten seconds, whoever asks.
    """

    cloudfront: Any
    kept: dict[tuple[str, str, str], tuple[float, Answer]] = dataclasses.field(default_factory=dict)

    async def answer(
        self,
        real: Real,
        distribution: Properties,
        method: str,
        path: str,
        uri: str,
        query: str,
        headers: Properties,
        *rest: Any,
    ) -> Answer:
        """Answer one request of a viewer."""
        body, parameters, address = (*rest, "127.0.0.1")[:3]
        viewer = headers.pop(VIEWER_HEADER, address)
        key = (distribution["Id"], method, uri)
        secure = headers.get("x-forwarded-proto") == "https"
        until, answer = self.kept.get(key, (0.0, None))
        if answer and until > time.monotonic() and secure:
            status, kept, content = answer
            return status, kept | {"X-Cache": f"{'Error' if status >= 400 else 'Hit'} from cloudfront"}, content
        token = _distribution_asks.set(True)
        try:
            fresh: Answer = await real(distribution, method, path, uri, query, headers, body, parameters, viewer)
        finally:
            _distribution_asks.reset(token)
        seconds = self._seconds(distribution, method, path, fresh) if secure else 0.0
        if seconds:
            self.kept[key] = (time.monotonic() + seconds, fresh)
        return fresh

    def invalidate(self, real: Real, distribution_id: str, *rest: Any) -> Any:
        """Forget everything that is kept of a distribution when any of its paths is invalidated."""
        self.kept = {key: kept for key, kept in self.kept.items() if key[0] != distribution_id}
        return real(distribution_id, *rest)

    def _seconds(self, distribution: Properties, method: str, path: str, answer: Answer) -> float:
        """Return for how long an answer is kept: by its headers within the policy's bounds, or as an error."""
        if method not in ("GET", "HEAD"):
            return 0.0
        headers = {name.lower(): value for name, value in answer[1].items()}
        said = str(headers.get("cache-control", ""))
        asked = re.search(r"(?:s-maxage|max-age)=(\d+)", said)
        if answer[0] in KEPT_ERRORS:
            least = self._error_seconds(distribution, answer[0])
            return max(least, float(asked[1]) if asked else 0.0) if "no-store" not in said else least
        if answer[0] != 200:
            return 0.0
        parsed = self.cloudfront.parse_distribution_dataplane_config(distribution)
        identifier = self.cloudfront._match_behavior(parsed, path)["cache_policy_id"]
        known = self.cloudfront._cache_policies.get(identifier) or self.cloudfront._MANAGED_CACHE_POLICIES[identifier]
        policy: Properties = known["Config"]
        if any(word in said for word in ("no-store", "no-cache", "private")):
            return float(policy["MinTTL"])
        wanted = float(asked[1]) if asked else float(policy["DefaultTTL"])
        return min(max(wanted, float(policy["MinTTL"])), float(policy["MaxTTL"]))

    def _error_seconds(self, distribution: Properties, status: int) -> float:
        config = self.cloudfront._dist_config_el(distribution)
        for element in config.iter():
            is_response = element.tag.endswith("CustomErrorResponse")
            if is_response and self.cloudfront._text(element, "ErrorCode") == str(status):
                stated = self.cloudfront._text(element, "ErrorCachingMinTTL")
                return float(stated) if stated else ERROR_SECONDS
        return ERROR_SECONDS
