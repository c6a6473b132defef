"""AWS WAF: managed rules and a rate limit by address, and the log of what it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from troposphere import elasticloadbalancingv2 as elb
from troposphere import wafv2

from ...config.settings import LoadBalancerSettings
from ...core import names
from ...core.inputs import InvalidInput, shown
from ...core.template import Template
from ...core.values import Value
from ..data.encryption import Encryption
from ..observability.log_groups import add_log_group

REGIONAL, CLOUDFRONT = "REGIONAL", "CLOUDFRONT"
# AWS's managed groups, in the order they are asked.
# Source: AWS WAF Developer Guide, "Baseline rule groups" and "Use-case specific rule groups".
MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
CountedRules: TypeAlias = Mapping[str, Sequence[str]]
"""Rules of managed groups that only count, by their group: those that take what an application is for as an attack."""


def add_firewall(
    template: Template,
    settings: LoadBalancerSettings,
    encryption: Encryption,
    balancer: elb.LoadBalancer,
    counted: CountedRules,
) -> Value:
    """Put AWS WAF in front of a load balancer, and return the log group of what it blocked."""
    acl = add_web_acl(template, settings, REGIONAL, counted)
    template.add(
        wafv2.WebACLAssociation("FirewallAssociation", ResourceArn=balancer.ref(), WebACLArn=acl.get_att("Arn")),
        why="Puts the firewall in front of the load balancer.",
    )
    return add_firewall_log(template, settings, encryption, acl)


def add_web_acl(template: Template, settings: LoadBalancerSettings, scope: str, counted: CountedRules) -> wafv2.WebACL:
    """Add the managed rules and a rate limit by address: at CloudFront, as at a public load balancer, the visitor's."""
    for name in counted.keys() - set(MANAGED_RULES):
        raise InvalidInput("counted_rules", f"must have groups among {', '.join(MANAGED_RULES)}, got {shown(name)}")
    limit = wafv2.RateBasedStatement(Limit=settings.requests_per_5_minutes, AggregateKeyType="IP")
    rate = _rule("RateLimit", 0, wafv2.Statement(RateBasedStatement=limit))
    rate.Action = wafv2.RuleAction(Block=wafv2.BlockAction())
    managed = []
    for number, name in enumerate(MANAGED_RULES, start=1):
        group = wafv2.ManagedRuleGroupStatement(VendorName="AWS", Name=name)
        if counted.get(name):
            only_count = wafv2.RuleAction(Count=wafv2.CountAction())
            group.RuleActionOverrides = [
                wafv2.RuleActionOverride(Name=rule, ActionToUse=only_count) for rule in counted[name]
            ]
        rule = _rule(name, number, wafv2.Statement(ManagedRuleGroupStatement=group))
        rule.OverrideAction = wafv2.OverrideAction.from_dict("", {"None": {}})
        managed.append(rule)
    return template.add(
        wafv2.WebACL(
            "Firewall",
            Scope=scope,
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            VisibilityConfig=_visibility("Firewall"),
            Rules=[rate, *managed],
        ),
        why="Stops known attacks and floods before they reach the application.",
    )


def add_firewall_log(
    template: Template, settings: LoadBalancerSettings, encryption: Encryption, acl: wafv2.WebACL
) -> Value:
    """Log the requests that the firewall blocked or counted, without cookies and credentials."""
    group = add_log_group(
        template,
        "FirewallLogGroup",
        settings.log_retention_days,
        encryption,
        "Keeps what the firewall blocked.",
        names.waf_log_group(),
    )
    hidden = [
        wafv2.LoggingConfigurationFieldToMatch(SingleHeader=wafv2.SingleHeader(Name=name))
        for name in ("authorization", "cookie")
    ]
    template.add(
        wafv2.LoggingConfiguration(
            "FirewallLog",
            ResourceArn=acl.get_att("Arn"),
            LogDestinationConfigs=[names.log_group_arn(group.ref())],
            RedactedFields=hidden,
            LoggingFilter=only_what_rules_matched(),
        ),
        why="Records what the firewall stopped, or would have stopped, to tune its rules.",
    )
    return group.ref()


def only_what_rules_matched() -> wafv2.LoggingFilter:
    """Keep of the firewall's log what a rule blocked or counted; the access logs know every request, for a tenth.

    Source: AWS WAF API Reference, "ActionCondition"; a rule of a managed group that is set to count is "excluded".
    """
    kept = [
        wafv2.Condition(ActionCondition=wafv2.ActionCondition(Action=action))
        for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
    ]
    matched = wafv2.Filter(Behavior="KEEP", Requirement="MEETS_ANY", Conditions=kept)
    return wafv2.LoggingFilter(DefaultBehavior="DROP", Filters=[matched])


def _rule(name: str, priority: int, statement: wafv2.Statement) -> wafv2.WebACLRule:
    return wafv2.WebACLRule(Name=name, Priority=priority, Statement=statement, VisibilityConfig=_visibility(name))


def _visibility(name: str) -> wafv2.VisibilityConfig:
    return wafv2.VisibilityConfig(CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=name)
