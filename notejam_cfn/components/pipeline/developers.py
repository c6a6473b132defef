"""People: the developers' group, the approvers' group, and what bounds the stages that developers make themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Action, Statement
from troposphere import budgets, iam, sns

from ...config.settings import DeliverySettings
from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ...iam import people_policies, pipeline_policies, policies
from .artifacts import UPLOADS_PREFIX
from .source import ZIP_KEY

BUDGET_PERCENT = 100


@dataclasses.dataclass(frozen=True)
class StageAccess:
    """What people may do with the project's stages, by the stages' names."""

    all: Sequence[str]
    development: Sequence[str] = ()
    approved_by_developers: Sequence[str] = ()
    approved_by_approvers: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Developers:
    """The groups people are added to, and what stops personal stages when their budget is spent.

    The same policies can be attached to Identity Center's permission sets, which ask for them by name.
    """

    group: Value
    group_arn: Value
    approvers_group: Value
    over_budget_policy: Value
    personal_stage_role: Value


@component("developers")
def add_developers(
    template: Template,
    settings: DeliverySettings,
    stages: StageAccess,
    personal_role: iam.Role,
    boundary_actions: Sequence[Action],
) -> Developers:
    """Add the groups, what each may do, and the boundary of personal stages."""
    developers = add_group(template, "Developers", "Gives developers what they need, and no more.")
    approvers = add_group(template, "Approvers", "May approve changes of production, which developers may not.")
    add_policies(template, settings, stages, personal_role, developers, approvers)
    bound(template, personal_role, stages, boundary_actions)
    stop = add_policy(
        template, "over-budget", [people_policies.refuse_new_stages()], [], "Stop new personal stages, not deletions"
    )
    return Developers(
        group=developers.ref(),
        group_arn=developers.get_att("Arn"),
        approvers_group=approvers.ref(),
        over_budget_policy=stop.ref(),
        personal_stage_role=personal_role.get_att("Arn"),
    )


def add_policies(
    template: Template,
    settings: DeliverySettings,
    stages: StageAccess,
    personal_role: iam.Role,
    developers: iam.Group,
    approvers: iam.Group,
) -> None:
    """Say what the groups may do, one policy for each purpose, and ask for a second factor for what changes things."""
    project = template.stack_tags["project"]
    delivery, both = names.delivery_stack(project), [developers, approvers]
    add_policy(template, "read", reading(project, delivery), both, "See everything but data and secrets")
    add_policy(template, "logs", diagnosing(project), both, "Read logs and metrics of every stage")
    shells = people_policies.allow_shells(project, stages.development)
    add_policy(template, "shell", shells, [developers], "Open a shell in containers of development")
    contributions = contributing(settings, project, stages)
    add_policy(template, "contribute", contributions, [developers], "Push, and start and take back the pipeline")
    own = own_stages(project, personal_role)
    add_policy(template, "own-stages", own, [developers], "Make, change and delete one's own stages")
    approving = people_policies.allow_approving(delivery, stages.approved_by_approvers)
    if approving:
        add_policy(template, "approve", approving, [approvers], "Approve changes of production")
    guarded = [*shells, *contributions, *own, *approving]
    mfa = [people_policies.allow_own_mfa(), people_policies.refuse_without_mfa(guarded)]
    add_policy(template, "mfa", mfa, both, "Ask for a second factor before anything is changed")


def add_group(template: Template, title: str, why: str) -> iam.Group:
    """Add a group of people."""
    return template.add(iam.Group(title, Path="/"), why=why)


def add_policy(
    template: Template, name: str, statements: Sequence[Statement], groups: Sequence[iam.Group], does: str
) -> iam.ManagedPolicy:
    """Add a policy of people. Identity Center asks for policies by name, so they have the stack's and their own."""
    policy = iam.ManagedPolicy(
        f"{''.join(word.capitalize() for word in name.split('-'))}Policy",
        ManagedPolicyName=names.of_stack(f"-{name}"),
        Description=does,
        PolicyDocument=policies.policy(*statements),
    )
    if groups:
        policy.Groups = [group.ref() for group in groups]
    return template.add(policy, why=f"{does}.")


def reading(project: str, delivery: str) -> list[Statement]:
    """What everyone on the project may see."""
    return [
        *people_policies.allow_seeing_stacks(project),
        *people_policies.allow_seeing_named(project),
        people_policies.allow_seeing_resources(),
        *people_policies.allow_watching_pipeline(delivery),
    ]


def diagnosing(project: str) -> list[Statement]:
    """What helps to find out why something does not work."""
    return [*people_policies.allow_reading_logs(project), *people_policies.allow_reading_metrics(project)]


def contributing(settings: DeliverySettings, project: str, stages: StageAccess) -> list[Statement]:
    """How a change gets on its way: the repository or the zip, the pipeline, an image for one's own stage."""
    delivery = names.delivery_stack(project)
    uploads = [f"{delivery}-artifactbucket-*/{UPLOADS_PREFIX}*"]
    if settings.source == "s3":
        uploads.append(f"{delivery}-sourcebucket-*/{ZIP_KEY}")
    pushes = people_policies.allow_contributing(project) if settings.source == "codecommit" else []
    return [
        people_policies.allow_starting_pipeline(delivery),
        *people_policies.allow_approving(delivery, stages.approved_by_developers),
        people_policies.allow_building_images(delivery),
        *people_policies.allow_uploading(project, *uploads),
        *pushes,
    ]


def own_stages(project: str, role: iam.Role) -> list[Statement]:
    """Deploy and delete one's own stages, by handing CloudFormation the role of personal stages, and no other."""
    passing = pipeline_policies.allow_passing([role.get_att("Arn")], "cloudformation")
    return [*people_policies.allow_own_stages(project, names.LAYERS, role.get_att("Arn")), passing]


def bound(template: Template, role: iam.Role, stages: StageAccess, actions: Sequence[Action]) -> None:
    """Keep personal stages off the project's own, and their roles within what the stages' roles do."""
    project = template.stack_tags["project"]
    boundary = template.add(
        iam.ManagedPolicy(
            "StageBoundary",
            ManagedPolicyName=names.of_stack(f"-{names.BOUNDARY}"),
            Description="The most that roles of personal stages can do",
            PolicyDocument=policies.policy(people_policies.allow_within(actions)),
        ),
        why="Bounds the roles of personal stages: a developer cannot make one that may do more.",
    )
    refusals = [
        *people_policies.refuse_stages(project, stages.all),
        people_policies.refuse_unbound_roles(boundary.ref()),
    ]
    template.add(
        iam.RolePolicy(
            "PersonalStageLimits",
            RoleName=role.ref(),
            PolicyName="limits",
            PolicyDocument=pipeline_policies.document(*refusals),
        ),
        why="Keeps personal stages off the project's stages.",
    )


@component("budget")
def add_budget(template: Template, settings: DeliverySettings, developers: Developers, topic: sns.Topic) -> None:
    """Stop new personal stages when together they have cost the month's budget; deleting them stays possible.

    AWS counts costs by tag once somebody has activated the tag `personal` in the billing console.
    """
    budget = template.add(
        budgets.Budget(
            "PersonalStagesBudget",
            Budget=budgets.BudgetData(
                BudgetName=names.of_stack("-personal-stages"),
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=settings.personal_budget_usd, Unit="USD"),
                CostFilters={"TagKeyValue": [f"user:{key}${value}" for key, value in names.PERSONAL.items()]},
            ),
        ),
        why="Watches what developers' own stages cost together.",
    )
    template.add(
        budgets.BudgetsAction(
            "StopPersonalStages",
            BudgetName=budget.ref(),
            ActionType="APPLY_IAM_POLICY",
            ActionThreshold=budgets.ActionThreshold(Type="PERCENTAGE", Value=BUDGET_PERCENT),
            ApprovalModel="AUTOMATIC",
            NotificationType="ACTUAL",
            ExecutionRoleArn=add_budget_role(template, developers).get_att("Arn"),
            Definition=budgets.Definition(
                IamActionDefinition=budgets.IamActionDefinition(
                    PolicyArn=developers.over_budget_policy, Groups=[developers.group]
                )
            ),
            Subscribers=[budgets.ActionSubscriber(Type="SNS", Address=topic.ref())],
        ),
        why="Stops new personal stages when the budget is spent.",
    )


def add_budget_role(template: Template, developers: Developers) -> iam.Role:
    """Let the budget attach one policy to one group."""
    attach = people_policies.allow_attaching(developers.over_budget_policy, developers.group_arn)
    return template.add(
        iam.Role(
            "BudgetRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("budgets"),
            Policies=[iam.Policy(PolicyName="stop", PolicyDocument=policies.policy(attach))],
        ),
        why="Lets the budget attach that one policy to that one group.",
    )
