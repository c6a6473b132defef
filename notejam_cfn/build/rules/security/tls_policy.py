"""E9504: HTTPS is served with a policy that somebody chose."""

from __future__ import annotations

from typing import Any

from cfnlint.jsonschema import ValidationError, ValidationResult, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema

SCHEMA = {
    "if": {"required": ["Protocol"], "properties": {"Protocol": {"enum": ["HTTPS", "TLS"]}}},
    "then": {"required": ["SslPolicy"]},
}


class TlsPolicy(CfnLintJsonSchema):
    """A listener that ends TLS names its security policy."""

    id = "E9504"
    shortdesc = "An HTTPS listener has an SslPolicy"
    description = "Templates that name none get ELBSecurityPolicy-2016-08, which still speaks TLS 1.0"
    source_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"

    def __init__(self) -> None:
        super().__init__(keywords=["Resources/AWS::ElasticLoadBalancingV2::Listener/Properties"])

    def validate(self, validator: Validator, keywords: Any, instance: Any, schema: Any) -> ValidationResult:
        """Judge the properties of one listener."""
        yield from super().validate(validator, keywords, instance, SCHEMA)

    def message(self, instance: Any, err: ValidationError) -> str:
        return "SslPolicy is missing: the default of 2016 still speaks TLS 1.0"
