"""People: two groups, and the policies that permission sets of IAM Identity Center take too."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from awacs.aws import Statement
from troposphere import Sub, iam

from ...config.settings import DeliverySettings
from ...core import names
from ...core.template import Template, component
from ...iam import people_policies, policies, preview_policies


@dataclasses.dataclass(frozen=True)
class PeoplesStages:
    """What people may do with the project's stages, by the stages' names.

    What previews take stands in the account of their stage: `with_previews` are those in the pipeline's own, with the
    region of each.
    """

    with_shells: Sequence[str] = ()
    with_previews: Mapping[str, str] = dataclasses.field(default_factory=dict)
    approved_by_developers: Sequence[str] = ()
    approved_by_approvers: Sequence[str] = ()


@component("people")
def add_people(template: Template, settings: DeliverySettings, stages: PeoplesStages) -> None:
    """Add the groups and what each may do, a policy for each purpose."""
    project = template.stack_tags["project"]
    delivery = names.delivery_stack(project)
    developers = template.add(iam.Group("Developers", Path="/"), why="Gives developers what they need, and no more.")
    if stages.with_previews:
        developers.ManagedPolicyArns = [
            preview_policies.policy_arn(project, stage, region) for stage, region in stages.with_previews.items()
        ]
    approvers = template.add(
        iam.Group("Approvers", Path="/"), why="May approve changes of production, which developers may not."
    )
    both = [developers, approvers]
    reading = [
        *people_policies.allow_seeing(project),
        *people_policies.allow_diagnosing(project),
        *people_policies.allow_watching_pipeline(delivery),
    ]
    add_policy(template, "read", reading, both, "See everything but data and secrets")
    developing = [
        *people_policies.allow_retrying_pipeline(delivery),
        *people_policies.allow_approving(delivery, stages.approved_by_developers),
        *(people_policies.allow_shells(project, stages.with_shells) if stages.with_shells else []),
        *(people_policies.allow_contributing(project, settings.branch) if settings.source == "codecommit" else []),
    ]
    add_policy(template, "develop", developing, [developers], "Propose changes, retry the pipeline, open shells")
    approving = people_policies.allow_approving(delivery, stages.approved_by_approvers)
    if approving:
        add_policy(template, "approve", approving, [approvers], "Approve changes of production")
    pulling = [people_policies.allow_pulling(project)] if settings.source == "codecommit" else []
    mfa = [people_policies.allow_own_mfa(), people_policies.refuse_without_mfa([*reading, *pulling])]
    add_policy(template, "mfa", mfa, both, "Ask for a second factor before anything is changed")
    template.add_output_for_people("DevelopersGroup", developers.ref(), "Add developers to this group")
    template.add_output_for_people(
        "ApproversGroup", approvers.ref(), "Add those who may approve production to this group"
    )


def add_policy(
    template: Template, name: str, statements: Sequence[Statement], groups: Sequence[iam.Group], does: str
) -> iam.ManagedPolicy:
    """Add a policy of people. Identity Center asks for policies by name, so they have the delivery's and their own."""
    return template.add(
        iam.ManagedPolicy(
            f"{name.capitalize()}Policy",
            ManagedPolicyName=Sub(names.iam_name(names.delivery_stack(template.stack_tags["project"]), name)),
            Description=does,
            PolicyDocument=policies.policy(*statements),
            Groups=[group.ref() for group in groups],
        ),
        why=f"{does}.",
    )
