"""People: the developers' group, the approvers' group, and what bounds the stages that developers make themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Action, Statement
from troposphere import budgets, iam, sns

from .. import delivery_policies, developer_policies, names, policies
from ..settings import DeliverySettings
from ..template import Template, component
from ..values import Value, described
from .artifacts import UPLOADS_PREFIX, Artifacts
from .builds import IMAGE, Builds
from .pipeline import Pipeline
from .source import ZIP_KEY, Source

BUDGET_PERCENT = 100
PERSONAL = {"personal": "yes"}


@dataclasses.dataclass(frozen=True)
class StageAccess:
    """What people may do with the project's stages, by the stages' names."""

    all: Sequence[str]
    development: Sequence[str] = ()
    approved_by_developers: Sequence[str] = ()
    approved_by_approvers: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Developers:
    """The groups people are added to. The same policies can be attached to Identity Center's permission sets."""

    group: Value = described("Group of developers")
    approvers_group: Value = described("Group of those who may approve production")
    personal_stage_role: Value = described("Role CloudFormation takes on for a developer's own stage")


@component
def add_developers(
    template: Template,
    settings: DeliverySettings,
    stages: StageAccess,
    source: Source,
    artifacts: Artifacts,
    builds: Builds,
    pipeline: Pipeline,
    personal_role: iam.Role,
    boundary_actions: Sequence[Action],
    topic: sns.Topic,
) -> Developers:
    """Add the groups, what each may do, and the boundary and budget of personal stages."""
    project = template.stack_tags["project"]
    developers = add_group(template, "Developers", "Gives developers what they need, and no more.")
    approvers = add_group(template, "Approvers", "May approve changes of production, which developers may not.")
    both = [developers, approvers]
    changes = {
        "contribute": contributing(stages, source, artifacts, builds, pipeline),
        "own-stages": developer_policies.allow_own_stages(project, names.LAYERS, personal_role.get_att("Arn"))
        + [personal_role_passing(personal_role)],
    }
    approving = developer_policies.allow_approving(pipeline.arn, stages.approved_by_approvers)
    add_policy(template, "read", reading(project, builds, pipeline), both, "See everything but data and secrets")
    add_policy(template, "logs", diagnosing(project), both, "Read logs and metrics of every stage")
    shells = developer_policies.allow_shells(project, stages.development)
    add_policy(template, "shell", shells, [developers], "Open a shell in containers of development")
    add_policy(template, "contribute", changes["contribute"], [developers], "Push, start and watch the pipeline")
    add_policy(template, "own-stages", changes["own-stages"], [developers], "Make and delete one's own stages")
    if approving:
        add_policy(template, "approve", approving, [approvers], "Approve changes of production")
    guarded = [*shells, *changes["contribute"], *changes["own-stages"], *approving]
    mfa = [developer_policies.allow_own_mfa(), developer_policies.refuse_without_mfa(guarded)]
    add_policy(template, "mfa", mfa, both, "Ask for a second factor before anything is changed")
    bound(template, personal_role, stages, boundary_actions)
    add_budget(template, settings, developers, topic)
    return Developers(
        group=developers.ref(), approvers_group=approvers.ref(), personal_stage_role=personal_role.get_att("Arn")
    )


def add_group(template: Template, title: str, why: str) -> iam.Group:
    """Add a group of people."""
    return template.add(iam.Group(title), why=why)


def add_policy(
    template: Template, name: str, statements: Sequence[Statement], groups: Sequence[iam.Group], does: str
) -> iam.ManagedPolicy:
    """Add a policy of people. Identity Center asks for policies by name, so they have one: the stack's and their own."""
    return template.add(
        iam.ManagedPolicy(
            f"{''.join(word.capitalize() for word in name.split('-'))}Policy",
            ManagedPolicyName=names.of_stack(f"-{name}"),
            Description=does,
            PolicyDocument=policies.policy(*statements),
            Groups=[group.ref() for group in groups],
        ),
        why=f"{does}.",
    )


def reading(project: str, builds: Builds, pipeline: Pipeline) -> list[Statement]:
    """What everyone on the project may see."""
    return [
        *developer_policies.allow_seeing_stacks(project),
        *developer_policies.allow_seeing_named(project),
        developer_policies.allow_seeing_resources(),
        *developer_policies.allow_watching_pipeline(pipeline.arn, builds.arns),
    ]


def diagnosing(project: str) -> list[Statement]:
    """What helps to find out why something does not work."""
    return [*developer_policies.allow_reading_logs(project), developer_policies.allow_reading_metrics()]


def contributing(
    stages: StageAccess, source: Source, artifacts: Artifacts, builds: Builds, pipeline: Pipeline
) -> list[Statement]:
    """How a change gets on its way: the repository or the zip, the pipeline, an image for one's own stage."""
    statements = [
        *developer_policies.allow_starting_pipeline(pipeline.arn),
        *developer_policies.allow_approving(pipeline.arn, stages.approved_by_developers),
        developer_policies.allow_building_images(builds.projects[IMAGE].get_att("Arn")),
        *developer_policies.allow_uploading(artifacts.bucket_arn, f"{UPLOADS_PREFIX}*", artifacts.key_arn),
    ]
    if source.repository_arn is not None:
        statements += developer_policies.allow_contributing(source.repository_arn)
    if source.bucket_arn is not None:
        statements += developer_policies.allow_uploading(source.bucket_arn, ZIP_KEY, artifacts.key_arn)
    return statements


def personal_role_passing(role: iam.Role) -> Statement:
    """Let developers hand CloudFormation the role of personal stages, and no other."""
    return delivery_policies.allow_passing([role.get_att("Arn")], "cloudformation")


def bound(template: Template, role: iam.Role, stages: StageAccess, actions: Sequence[Action]) -> None:
    """Keep personal stages off the project's own, and their roles within what the stages' roles do."""
    project = template.stack_tags["project"]
    boundary = template.add(
        iam.ManagedPolicy(
            "StageBoundary",
            ManagedPolicyName=names.of_stack(f"-{names.BOUNDARY}"),
            Description="The most that roles of personal stages can do",
            PolicyDocument=policies.policy(developer_policies.allow_within(actions)),
        ),
        why="Bounds the roles of personal stages: a developer cannot make one that may do more.",
    )
    refusals = [
        *developer_policies.refuse_stages(project, stages.all),
        developer_policies.refuse_unbound_roles(boundary.ref()),
    ]
    template.add(
        iam.RolePolicy(
            "PersonalStageLimits",
            RoleName=role.ref(),
            PolicyName="limits",
            PolicyDocument=delivery_policies.document(*refusals),
        ),
        why="Keeps personal stages off the project's stages.",
    )


def add_budget(template: Template, settings: DeliverySettings, developers: iam.Group, topic: sns.Topic) -> None:
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
                CostFilters={"TagKeyValue": [f"user:{key}${value}" for key, value in PERSONAL.items()]},
            ),
        ),
        why="Watches what developers' own stages cost together.",
    )
    stop = template.add(
        iam.ManagedPolicy(
            "OverBudgetPolicy",
            ManagedPolicyName=names.of_stack("-over-budget"),
            Description="No new personal stages until the month ends or somebody lifts this",
            PolicyDocument=policies.policy(developer_policies.refuse_new_stages()),
        ),
        why="Is attached to the developers' group when the budget is spent.",
    )
    role = template.add(
        iam.Role(
            "BudgetRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("budgets"),
            Policies=[
                iam.Policy(
                    PolicyName="stop",
                    PolicyDocument=policies.policy(
                        developer_policies.allow_attaching(stop.ref(), developers.get_att("Arn"))
                    ),
                )
            ],
        ),
        why="Lets the budget attach that one policy to that one group.",
    )
    template.add(
        budgets.BudgetsAction(
            "StopPersonalStages",
            BudgetName=budget.ref(),
            ActionType="APPLY_IAM_POLICY",
            ActionThreshold=budgets.ActionThreshold(Type="PERCENTAGE", Value=BUDGET_PERCENT),
            ApprovalModel="AUTOMATIC",
            NotificationType="ACTUAL",
            ExecutionRoleArn=role.get_att("Arn"),
            Definition=budgets.Definition(
                IamActionDefinition=budgets.IamActionDefinition(PolicyArn=stop.ref(), Groups=[developers.ref()])
            ),
            Subscribers=[budgets.ActionSubscriber(Type="SNS", Address=topic.ref())],
        ),
        why="Stops new personal stages when the budget is spent.",
    )
