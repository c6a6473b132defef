"""Stages in other AWS accounts, as the delivery sees them: it shares artifacts, a key and images with them."""

from __future__ import annotations

import dataclasses

from troposphere import Parameter, Sub

from ...core import names
from ...core.template import Template
from ...core.values import Value

GROUP = "Accounts"


@dataclasses.dataclass(frozen=True)
class TargetAccount:
    """A stage in another account, as the delivery sees it. `account` is the parameter that holds the account's id."""

    project: str
    stage: str
    account: Value

    @property
    def delivery(self) -> list[Value]:
        """The pipeline's roles in the stage's account."""
        return [self.role_arn("*")]

    @property
    def tasks(self) -> list[Value]:
        """The stage's own roles, of which one pulls images."""
        return [self._role(names.stack(self.project, self.stage, "*"))]

    def role_arn(self, kind: str) -> Value:
        """Return the ARN of the pipeline's role of a kind."""
        return self._role(f"{self.project}-{names.delivery_in(self.stage)}-{kind}")

    def _role(self, name: str) -> Value:
        return Sub(f"arn:${{AWS::Partition}}:iam::${{Account}}:role/{name}", Account=self.account)


def add_target_account(template: Template, project: str, stage: str) -> TargetAccount:
    """Add the parameter that holds the account of a stage; a template that names none can be anybody's."""
    parameter = add_account(
        template, names.account_of(stage), f"Account of {stage}", f"AWS account that {stage} is in."
    )
    return TargetAccount(project, stage, parameter.ref())


def add_account(template: Template, name: str, label: str, description: str) -> Parameter:
    """Add a parameter that takes an account's id."""
    return template.add_parameter_in(
        GROUP,
        label,
        name,
        Type="String",
        AllowedPattern=r"\d{12}",
        ConstraintDescription="the 12 digits of an AWS account",
        Description=description,
    )
