"""What lets developers make previews in one stage: a role for CloudFormation, one that ends them, and a budget's stop.

No template of a preview holds IAM resources, so these are in a stack that only administrators change, as the roles of
the pipeline are: `notejam-delivery-in-dev-previews`.
"""

from __future__ import annotations

from troposphere import Sub, budgets, iam, sns

from ...config.settings import Stage
from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...iam import pipeline_policies, policies, preview_policies, resource_policies
from ...iam.placement import StageSubnets
from ..service_role import role, service_role
from .stage_access import QUOTAS_BY_NAME

SAYS_ONLY_THAT = Suppression(
    reason="The topic says that a budget was exceeded and nothing else; a key of its own would cost $1 a month.",
    risk="Who could read SNS's disks would learn that a budget was exceeded.",
    checkov=("CKV_AWS_26",),
    guard=("sns_encrypted_kms_check",),
)
TAGGED_WHEN_MADE = Suppression(
    reason="AWS knows elasticloadbalancing:CreateAction for AddTags; parliament's copy of AWS's reference is older.",
    risk="None: with the condition, tags are given to what is just being made and to nothing else.",
    parliament=("UNKNOWN_CONDITION_FOR_ACTION",),
)


@component("preview-access")
def add_preview_access(template: Template, stage: Stage, subnets: StageSubnets) -> None:
    """Add the roles of a stage's previews, and what stops further ones when the stage's budget is spent."""
    statements = preview_policies.allow_ending_previews(stage.project, stage.name)
    ending = template.add(
        service_role("ExpiryRole", "scheduler", *statements, RoleName=_name(stage, preview_policies.EXPIRY)),
        why="Ends previews at their hour, and can do nothing else.",
    )
    making = add_making_role(template, stage, subnets, ending)
    add_developers_policy(template, stage, making)
    if stage.budget_usd:
        add_stop(template, stage, making)


def add_making_role(template: Template, stage: Stage, subnets: StageSubnets, ending: iam.Role) -> iam.Role:
    """Add the role in which CloudFormation makes previews, whatever a developer writes into their template."""
    statements = preview_policies.allow_making_previews(
        stage.project, stage.name, stage.service.name, subnets.tasks, ending.get_att("Arn")
    )
    trust = pipeline_policies.assumed_by_cloudformation()
    return template.add(
        role("PreviewsRole", trust, *statements, RoleName=_name(stage, names.PREVIEWS)),
        why="Lets CloudFormation make previews in the stage, and nothing besides.",
        suppress=[TAGGED_WHEN_MADE],
    )


def add_developers_policy(template: Template, stage: Stage, making: iam.Role) -> iam.ManagedPolicy:
    """Add what developers may do with previews: the group has it, and permission sets ask for it by its name.

    It stands in the stage's account, where a permission set looks for it.
    """
    statements = preview_policies.allow_developing_previews(stage.project, stage.name, making.get_att("Arn"))
    return template.add(
        iam.ManagedPolicy(
            "PreviewPolicy",
            ManagedPolicyName=_name(stage, preview_policies.TAG),
            Description="Make, change and end previews of the stage",
            PolicyDocument=policies.policy(*statements),
        ),
        why="Lets developers make, change and end previews, and no other stacks.",
        suppress=[QUOTAS_BY_NAME],
    )


def add_stop(template: Template, stage: Stage, making: iam.Role) -> None:
    """Keep CloudFormation from starting further previews once the month's budget of the stage is spent.

    The policy goes to the role that previews are made in, so it counts for everyone, however they signed in. Previews
    that run go on until their hour. Source: AWS Cost Management User Guide, "Configuring budget actions".
    """
    stop = template.add(
        iam.ManagedPolicy(
            "StopPolicy",
            ManagedPolicyName=_name(stage, "stop"),
            Description="Attached by the budget when it is spent: no further previews",
            PolicyDocument=policies.policy(*preview_policies.refuse_more()),
        ),
        why="Keeps more from being started; the budget attaches it.",
    )
    acting = add_budget_role(template, stage, making, stop)
    topic = add_topic(template, stage)
    budget = template.add(
        budgets.Budget(
            "Budget",
            Budget=budgets.BudgetData(
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=stage.budget_usd, Unit="USD"),
                CostFilters={"TagKeyValue": [f"user:stage${stage.name}"]},
            ),
        ),
        why="Counts what the stage and its previews cost in a month.",
    )
    template.add(
        budgets.BudgetsAction(
            "Stop",
            BudgetName=budget.ref(),
            ActionType="APPLY_IAM_POLICY",
            ActionThreshold=budgets.ActionThreshold(Type="PERCENTAGE", Value=100),
            NotificationType="ACTUAL",
            ApprovalModel="AUTOMATIC",
            Definition=budgets.Definition(
                IamActionDefinition=budgets.IamActionDefinition(PolicyArn=stop.ref(), Roles=[making.ref()])
            ),
            ExecutionRoleArn=acting.get_att("Arn"),
            Subscribers=[budgets.ActionSubscriber(Type="SNS", Address=topic.ref())],
        ),
        why="Attaches the policy when the month's budget is spent.",
    )


def add_budget_role(template: Template, stage: Stage, making: iam.Role, stop: iam.ManagedPolicy) -> iam.Role:
    """Add the role in which AWS Budgets attaches that policy to that role, and takes it away again."""
    attaching = preview_policies.allow_attaching(making.get_att("Arn"), stop.ref())
    return template.add(
        service_role("BudgetRole", "budgets", attaching, RoleName=_name(stage, "budget")),
        why="Lets the budget attach the one policy to the one role.",
    )


def add_topic(template: Template, stage: Stage) -> sns.Topic:
    """Add the topic that the stop is told to, as AWS asks for a subscriber; the stage's own budget tells people too."""
    topic = sns.Topic("StopTopic")
    if stage.monitoring.email:
        topic.Subscription = [sns.Subscription(Protocol="email", Endpoint=stage.monitoring.email)]
    template.add(topic, why="Says that the budget was spent and previews are stopped.", suppress=[SAYS_ONLY_THAT])
    allowed = resource_policies.allow_services_to_publish(topic.ref(), "budgets")
    template.add(
        sns.TopicPolicy("StopTopicPolicy", Topics=[topic.ref()], PolicyDocument=policies.policy(allowed)),
        why="Lets AWS Budgets publish, for this account only.",
    )
    return topic


def _name(stage: Stage, kind: str) -> Sub:
    return Sub(preview_policies.name(stage.project, stage.name, kind))
