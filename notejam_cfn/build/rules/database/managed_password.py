"""E9501: a database has one master password, and either AWS or the template makes it."""

from __future__ import annotations

from typing import Any

from cfnlint.jsonschema import ValidationError, ValidationResult, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema

IS_TRUE = {"enum": [True, "true"]}
SCHEMA = {
    "if": {"required": ["ManageMasterUserPassword"], "properties": {"ManageMasterUserPassword": IS_TRUE}},
    "then": {"properties": {"MasterUserPassword": False}},
}


class ManagedPassword(CfnLintJsonSchema):
    """A managed master password leaves no room for one in the template."""

    id = "E9501"
    shortdesc = "ManageMasterUserPassword excludes MasterUserPassword"
    description = "RDS refuses a master password beside ManageMasterUserPassword, but only when it creates the database"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html"

    def __init__(self) -> None:
        super().__init__(
            keywords=["Resources/AWS::RDS::DBCluster/Properties", "Resources/AWS::RDS::DBInstance/Properties"]
        )

    def validate(self, validator: Validator, keywords: Any, instance: Any, schema: Any) -> ValidationResult:
        """Judge the properties of one database."""
        yield from super().validate(validator, keywords, instance, SCHEMA)

    def message(self, instance: Any, err: ValidationError) -> str:
        return "MasterUserPassword is refused beside ManageMasterUserPassword: leave it out"
