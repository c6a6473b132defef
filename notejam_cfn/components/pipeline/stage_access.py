"""What lets the pipeline change one stage, in the stage's own account: the roles it takes on there.

The roles have names, formed from the stack's and the region's: `notejam-delivery-in-prod-eu-central-1-deploy`. Neither
side has to be there first, since each names the other by a pattern and not by what exists.

    plan      looks at the stage and makes change sets; what runs in it may be a commit that nobody has approved
    deploy    changes the stage's stacks, by handing `execute` to CloudFormation
    execute   makes and changes the stage's resources; roles among them only within `boundary`
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import AccountId, Parameter, Sub, iam

from ...core import names
from ...core.composition.encoding import encoded
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ...iam import cloudformation_policies, pipeline_policies, policies
from ...iam.cloudformation_policies import StageNeeds
from ..service_role import role

PLAN, DEPLOY, EXECUTE, BOUNDARY = "plan", "deploy", "execute", "boundary"
PIPELINE_ACCOUNT = "PipelineAccount"
GROUP = "Accounts"
QUOTAS_BY_NAME = Suppression(
    reason="AWS narrows the reading of a quota to the quota; parliament's copy of AWS's reference is from before that.",
    risk="None.",
    parliament=("RESOURCE_MISMATCH servicequotas:GetServiceQuota",),
)
# Actions that AWS asks several resources for, each of which a statement of its own allows under its own condition.
RESOURCES_APART = (
    *("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateEgressOnlyInternetGateway"),
    *("ec2:CreateNatGateway", "ec2:CreateRouteTable", "ec2:CreateSubnet", "ec2:CreateVpcEndpoint"),
    *("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"),
    *("rds:CopyDBClusterSnapshot", "rds:CreateDBClusterSnapshot", "rds:DeleteDBCluster"),
    "rds:RestoreDBClusterFromSnapshot",
)
KEYS_BY_ALIAS = Suppression(
    reason="AWS knows kms:ResourceAliases for whatever names a key; parliament's copy of AWS's reference is older.",
    risk="None: rule E9521 asks the reference of today.",
    parliament=("UNKNOWN_CONDITION_FOR_ACTION",),
)
SUBNETS_OF_BALANCERS = Suppression(
    reason="AWS knows elasticloadbalancing:Subnet for making and moving a balancer; parliament's copy of it is older.",
    risk="None: rule E9521 asks the reference of today.",
    parliament=("UNKNOWN_CONDITION_FOR_ACTION",),
)
WRITES_BUCKET_POLICIES = Suppression(
    reason="A stage's templates have buckets with policies, which CloudFormation has to write without reading objects.",
    risk="Who writes a stage's templates can let a role read what that stage's own buckets hold.",
    parliament=("RESOURCE_POLICY_PRIVILEGE_ESCALATION",),
)
NEW_DISTRIBUTIONS = Suppression(
    reason="AWS's reference names no resource for cloudfront:CreateDistribution; the rule's older copy of it does.",
    risk="A template of the stage can make distributions beside its own; this changes none of another stage's.",
    checkov=("CKV_AWS_111",),
)


@dataclasses.dataclass(frozen=True)
class StageAccess:
    """The roles of one stage, as the pipeline sees them: in the pipeline's own account and region, or in others."""

    project: str
    stage: str
    account: Value = AccountId
    region: str = names.THIS_REGION

    @property
    def roles(self) -> Value:
        """What the ARNs of the roles begin with; builds append a hyphen and the kind."""
        return self.role_arn("")

    def role_arn(self, kind: str) -> Value:
        """Return the ARN of the role of a kind: `plan`, `deploy` or `execute`."""
        return self._arn(f"role/{names.iam_name(names.stage_access(self.project, self.stage), kind, self.region)}")

    @property
    def tasks(self) -> list[Value]:
        """The stage's own roles, of which one pulls images."""
        return [self._arn(f"role/{names.stack(self.project, self.stage, '*')}")]

    def _arn(self, resource: str) -> Value:
        if self.account is AccountId:
            return policies.in_account(f"iam::${{AWS::AccountId}}:{resource}")
        return policies.in_account(f"iam::${{Account}}:{resource}", Account=self.account)


@component("stage-access")
def add_stage_access(template: Template, pipeline: tuple[Value, str], needs: StageNeeds) -> None:
    """Add the roles of one stage, which trust the pipeline's builds for it, and the boundary of its own roles.

    `pipeline` is the account and the region that the pipeline is in.
    """
    prefix = needs.prefix
    execute = add_execute_role(template, needs, add_boundary(template, needs))
    looking = template.add(
        iam.ManagedPolicy(
            "Looking",
            Description="What planning a stage's change and making it have in common",
            PolicyDocument=policies.policy(
                pipeline_policies.allow_looking_at_stacks(prefix),
                pipeline_policies.allow_reading_templates(names.stage_access(needs.project, needs.stage)),
                *pipeline_policies.allow_looking_at_account(prefix),
                *([pipeline_policies.allow_reading_records()] if needs.domains else []),
            ),
        ),
        why="Lets the pipeline look at the stage, and change nothing.",
        suppress=[QUOTAS_BY_NAME],
    )
    account, region = pipeline
    delivery = names.delivery_stack(needs.project)
    add_trusting_role(
        template,
        PLAN,
        (account, names.iam_name(delivery, PLAN, region)),
        looking,
        [],
        "Lets the pipeline work out what would change, for commits that nobody has approved.",
    )
    add_trusting_role(
        template,
        DEPLOY,
        (account, names.iam_name(delivery, f"{DEPLOY}-{needs.stage}", region)),
        looking,
        [
            *pipeline_policies.allow_changing_stacks(prefix),
            *pipeline_policies.allow_following_service(prefix),
            pipeline_policies.allow_passing([execute.get_att("Arn")], "cloudformation"),
            cloudformation_policies.allow_making_service_linked_roles(),
        ],
        "Lets the pipeline change the stage's stacks, and no others.",
    )


def add_boundary(template: Template, needs: StageNeeds) -> iam.ManagedPolicy:
    """Add the most that the roles of the stage can do, whatever a template of the stage gives them."""
    statements = cloudformation_policies.bound(needs)
    return template.add(
        iam.ManagedPolicy(
            "Boundary",
            ManagedPolicyName=Sub(names.iam_name(names.THIS_STACK, BOUNDARY)),
            Description="The most that the roles of the stage can do: what its templates ask for, in this stage",
            PolicyDocument=policies.policy(*statements),
        ),
        why="Keeps whatever a commit puts into the stage's templates within the stage.",
        suppress=[resources_apart(actions_of(statements))],
    )


def add_execute_role(template: Template, needs: StageNeeds, boundary: iam.ManagedPolicy) -> iam.Role:
    """Add the role that CloudFormation works in: it can make what the stage's templates contain, and nothing else."""
    trust = pipeline_policies.assumed_by_cloudformation()
    execute = role("ExecuteRole", trust, RoleName=Sub(names.iam_name(names.THIS_STACK, EXECUTE)))
    template.add(execute, why="Lets CloudFormation create and change the stage.")
    making = cloudformation_policies.allow_creating(needs, boundary.ref())
    for number, document in enumerate(cloudformation_policies.in_policies(making), start=1):
        template.add(
            iam.ManagedPolicy(
                f"StagePermissions{number}",
                Description="What CloudFormation needs for the types in the templates; derived from their schemas",
                PolicyDocument=policies.policy(*document),
                Roles=[execute.ref()],
            ),
            why="Lets CloudFormation make what the stage's templates contain, and nothing else.",
            suppress=suppressions_of(document),
        )
    return execute


def suppressions_of(statements: Sequence[Statement]) -> list[Suppression]:
    """Return what linters do not see of these statements."""
    allowed = actions_of(statements)
    return [
        *([resources_apart(allowed)] if allowed & set(RESOURCES_APART) else []),
        *([KEYS_BY_ALIAS] if "kms:ResourceAliases" in str(encoded(list(statements))) else []),
        *([SUBNETS_OF_BALANCERS] if "elasticloadbalancing:SetSubnets" in allowed else []),
        *([WRITES_BUCKET_POLICIES] if "s3:PutBucketPolicy" in allowed else []),
        *([NEW_DISTRIBUTIONS] if "cloudfront:CreateDistribution" in allowed else []),
    ]


def actions_of(statements: Sequence[Statement]) -> set[str]:
    """Return what statements allow."""
    return {action.JSONrepr() for statement in statements for action in statement.properties["Action"]}


def resources_apart(allowed: set[str]) -> Suppression:
    """Return why some of the actions have a statement for each kind of resource."""
    return Suppression(
        reason="AWS asks about each resource of such an action; each has a statement with a condition of its own.",
        risk="None: AWS allows the action only when all of its resources are allowed.",
        parliament=tuple(f"RESOURCE_MISMATCH {action}" for action in RESOURCES_APART if action in allowed),
    )


def add_trusting_role(
    template: Template,
    kind: str,
    trusted: tuple[Value, str],
    common: iam.ManagedPolicy,
    statements: Sequence[Statement],
    why: str,
) -> None:
    """Add a role that one role of the pipeline's account may take on, by its account and name."""
    account, name = trusted
    arn = policies.in_account(f"iam::${{Account}}:role/{name}", Account=account)
    made = role(
        f"{kind.capitalize()}Role",
        policies.policy(pipeline_policies.trust_roles_of(account, [arn])),
        *statements,
        managed=[common],
        RoleName=Sub(names.iam_name(names.THIS_STACK, kind)),
    )
    template.add(made, why=why)


def add_account(template: Template, name: str, label: str, description: str) -> Parameter:
    """Add a parameter that takes an account's id; a template that names none can be anybody's."""
    return template.add_parameter_in(
        GROUP,
        label,
        name,
        Type="String",
        AllowedPattern=r"\d{12}",
        ConstraintDescription="the 12 digits of an AWS account",
        Description=description,
    )
