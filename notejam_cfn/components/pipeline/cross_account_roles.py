"""What lets the pipeline change a stage in another AWS account: the roles it takes on there.

A role that others name has a name, formed from the stack's: `notejam-delivery-in-prod-deploy`. Neither side has to be
there first, since each names the other by patterns and not by what exists.
"""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import Sub, iam

from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies
from .deploy_roles import DeployRole, add_permissions
from .target_accounts import TargetAccount, add_account

DEPLOY, EXECUTE, BUILD = "deploy", "execute", "build"
PIPELINE_ACCOUNT = "PipelineAccount"


def deployer_of(guest: TargetAccount) -> DeployRole:
    """Return what changes a stage in another account: roles in there."""
    return DeployRole(guest.role_arn(DEPLOY), guest.role_arn(EXECUTE))


@component("pipeline-access")
def add_pipeline_access(template: Template, project: str, making: Sequence[Statement], prefixes: Sequence[str]) -> None:
    """Add what lets the pipeline of another account change a stage in this one.

    `making` is what CloudFormation needs for the stage's templates; the stage's stacks begin with one of `prefixes`.
    """
    account = add_account(
        template, PIPELINE_ACCOUNT, "Account of the pipeline", "AWS account that the pipeline is in."
    ).ref()
    artifacts = pipeline_policies.allow_using_artifacts(*artifacts_of(project, account))
    execute = add_execute_role(template, artifacts)
    add_permissions(template, "StagePermissions", [execute], making)
    passing = pipeline_policies.allow_passing([execute.get_att("Arn")], "cloudformation")
    changing = pipeline_policies.allow_changing_stacks(prefixes)
    add_trusting_role(
        template,
        DEPLOY,
        trusted_role(project, account, "PipelineRole"),
        [*artifacts, changing, passing],
        "Lets the pipeline ask CloudFormation to change the stage.",
    )
    add_trusting_role(
        template,
        BUILD,
        [*trusted_role(project, account, "PlanRole"), *trusted_role(project, account, "SmokeRole")],
        [
            pipeline_policies.allow_reviewing_stacks(prefixes),
            pipeline_policies.allow_reading_stacks(prefixes),
            passing,
        ],
        "Lets the pipeline's builds work out what would change, and ask the stage whether it works.",
    )


def artifacts_of(project: str, account: Value) -> tuple[Value, Value]:
    """Return the ARNs of the pipeline's buckets of artifacts, in any region, and of its account's keys."""
    bucket = Sub(f"arn:${{AWS::Partition}}:s3:::{names.delivery_stack(project)}-*artifactbucket-*")
    return bucket, Sub("arn:${AWS::Partition}:kms:*:${Account}:key/*", Account=account)


def trusted_role(project: str, account: Value, title: str) -> list[Value]:
    """Return the ARN of a role that the delivery's stack makes, as a pattern."""
    name = f"{names.delivery_stack(project)}-{title}-*"
    return [Sub(f"arn:${{AWS::Partition}}:iam::${{Account}}:role/{name}", Account=account)]


def add_execute_role(template: Template, artifacts: Sequence[Statement]) -> iam.Role:
    """Add the role CloudFormation takes on to change the stage; it reads the templates from the pipeline's bucket."""
    return template.add(
        iam.Role(
            "ExecuteRole",
            RoleName=names.of_stack(f"-{EXECUTE}"),
            AssumeRolePolicyDocument=pipeline_policies.assumed_by_cloudformation(),
            Policies=[iam.Policy(PolicyName="artifacts", PolicyDocument=policies.policy(*artifacts))],
        ),
        why="Lets CloudFormation create and change the stage.",
    )


def add_trusting_role(
    template: Template, kind: str, trusted: Sequence[Value], statements: Sequence[Statement], why: str
) -> None:
    """Add a role that roles of the pipeline's account may take on."""
    account = template.parameters[PIPELINE_ACCOUNT].ref()
    template.add(
        iam.Role(
            f"{kind.capitalize()}Role",
            RoleName=names.of_stack(f"-{kind}"),
            AssumeRolePolicyDocument=policies.policy(pipeline_policies.trust_roles_of(account, trusted)),
            Policies=[iam.Policy(PolicyName="needs", PolicyDocument=policies.policy(*statements))],
        ),
        why=why,
    )
