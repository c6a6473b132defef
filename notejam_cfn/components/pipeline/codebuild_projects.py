"""The build projects of the pipeline. Each runs a buildspec of the folder delivery/, in a role of its own.

Test      the tests, for every commit
Image     builds, pushes and scans the one image
Plan      works out what would change in a stage; it may look at every stage, and change none
Stage…    deploys one stage and asks whether it works; it may take on that stage's deploy role only
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from awacs.aws import Statement
from troposphere import Join, Sub, codebuild, iam, logs

from ...config.settings import DeliverySettings
from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies
from ..containers.image_repository import ImageRepository
from ..data.encryption import Encryption
from ..observability.log_groups import add_log_group
from ..service_role import service_role
from .artifacts import Artifacts
from .stage_access import DEPLOY, PLAN, StageAccess

TEST, IMAGE = "test", "image"
SOURCE, PLANS = "Source", "Plan"
BUILDSPEC = "delivery/{}.yml"
TIMEOUT_MINUTES = 30
# A new stage with a database and its readers takes about half an hour; a restore of a large one takes longer.
DEPLOY_MINUTES = 120
BUILDS_IMAGES = Suppression(
    reason="Building a container image runs Docker within the build, which CodeBuild offers in privileged mode only.",
    risk="The build owns its machine, which is thrown away afterwards; only what was merged is built.",
    guard=("codebuild_project_environment_privileged_check",),
)
# Source: AWS CodeBuild User Guide, "Docker images provided by CodeBuild".
BUILD_IMAGES = {
    "ARM64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
    "X86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
}


@dataclasses.dataclass(frozen=True)
class Images:
    """The repository that images are pushed to first, and those of other regions that get them too."""

    repository: ImageRepository
    copies: Mapping[str, ImageRepository]

    @property
    def arns(self) -> list[Value]:
        """The ARNs of all repositories."""
        return [self.repository.arn, *(copy.arn for copy in self.copies.values())]

    @property
    def variables(self) -> dict[str, Value]:
        """What builds are told: REPOSITORY_URI, and COPY_URIS with a space between each where there are any."""
        found: dict[str, Value] = {"REPOSITORY_URI": self.repository.uri}
        if self.copies:
            found["COPY_URIS"] = Join(" ", [copy.uri for copy in self.copies.values()])
        return found

    def in_region(self, region: str) -> Value:
        """Return the URI of the repository that a stage in a region pulls from; empty is the pipeline's region."""
        return self.copies[region].uri if region else self.repository.uri


@dataclasses.dataclass(frozen=True)
class Target:
    """A stage that the pipeline changes: its roles, its region where that is not the pipeline's, and its approval."""

    access: StageAccess
    region: str = ""
    approval: bool = False

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.access.stage


@dataclasses.dataclass(frozen=True)
class Builds:
    """The build projects by what they are for, and those that deploy by stage."""

    projects: Mapping[str, codebuild.Project]
    deploying: Mapping[str, codebuild.Project]

    @property
    def arns(self) -> list[Value]:
        """The ARNs of all projects."""
        return [project.get_att("Arn") for project in (*self.projects.values(), *self.deploying.values())]


@dataclasses.dataclass(frozen=True)
class Workshop:
    """What every build project needs: the processor, the log, the key, and where artifacts are."""

    architecture: str
    log_group: logs.LogGroup
    artifacts: Artifacts
    basics: iam.ManagedPolicy


@component("builds")
def add_builds(
    template: Template,
    settings: DeliverySettings,
    encryption: Encryption,
    artifacts: Artifacts,
    images: Images,
    targets: Sequence[Target],
    architecture: str,
) -> Builds:
    """Add a project for each of the pipeline's builds, with a role that may do what that build does."""
    log_group = add_log_group(
        template, "BuildLogGroup", settings.log_retention_days, encryption, "Keeps what the builds log."
    )
    logging = policies.allow_writing_log_group(log_group.get_att("Arn"))
    basics = template.add(
        iam.ManagedPolicy(
            "BuildBasics",
            Description="What every build of the pipeline needs: its log and the sources",
            PolicyDocument=policies.policy(logging, *artifacts.reading(SOURCE)),
        ),
        why="Lets builds write their log and read the sources.",
    )
    shop = Workshop(architecture, log_group, artifacts, basics)
    own = names.delivery_stack(template.stack_tags["project"])
    planning = [target.access.role_arn(PLAN) for target in targets]
    projects = {
        TEST: add_project(
            template,
            shop,
            TEST,
            "Runs the tests and checks that the templates are current.",
            [pipeline_policies.allow_writing_reports()],
        ),
        IMAGE: add_project(
            template,
            shop,
            IMAGE,
            "Builds the container image once, pushes it and reads what its scan found.",
            [*pipeline_policies.allow_pushing_images(images.arns), artifacts.uploaded()],
            images.variables,
        ),
        PLAN: add_project(
            template,
            shop,
            PLAN,
            "Works out what a stage's change would be, for people to read.",
            [
                pipeline_policies.allow_assuming(planning),
                pipeline_policies.allow_reading_templates(own),
                *artifacts.writing(f"{PLANS}*"),
            ],
        ),
    }
    return Builds(projects, add_deployments(template, shop, images, targets))


def add_deployments(
    template: Template, shop: Workshop, images: Images, targets: Sequence[Target]
) -> dict[str, codebuild.Project]:
    """Add a project for each stage that deploys it, by the stage's own role, asks whether it works and marks its image.

    All of them read plans and mark images.
    """
    marking, plans = pipeline_policies.allow_marking_images(images.arns), shop.artifacts.object_of(f"{PLANS}*")
    basics = template.add(
        iam.ManagedPolicy(
            "DeployBasics",
            Description="What every deployment of a stage needs: the plan, and to mark the image",
            PolicyDocument=policies.policy(marking, plans),
        ),
        why="Lets deployments read plans and mark the images that stages run.",
    )
    found = {}
    for target in targets:
        project, stage = target.access.project, target.name
        variables: dict[str, Value] = {
            "STAGE": stage,
            "ACCESS": target.access.roles,
            "IMAGE_PARAMETER": names.running_image(project, stage),
            **images.variables,
        }
        found[stage] = add_project(
            template,
            shop,
            f"{DEPLOY}-{stage}",
            "Deploys one stage and asks whether it works; a failure takes the image back.",
            [
                pipeline_policies.allow_assuming([target.access.role_arn(DEPLOY)]),
                pipeline_policies.allow_noting_image(project, stage),
            ],
            variables,
            [basics],
        )
        found[stage].TimeoutInMinutes = DEPLOY_MINUTES
    return found


def add_project(
    template: Template,
    shop: Workshop,
    name: str,
    why: str,
    statements: Sequence[Statement],
    variables: Mapping[str, Value] | None = None,
    more: Sequence[iam.ManagedPolicy] = (),
) -> codebuild.Project:
    """Add a build project on the processor the containers run on. Only building an image needs Docker's privileges.

    Nothing is cached: what the build of one commit left behind would go into the builds of others. The project is named
    after the stack, as is its role: people's permissions and the roles of stages must know the names.
    """
    kind, image = BUILD_IMAGES[shop.architecture]
    title = "".join(word.capitalize() for word in name.split("-"))
    role = template.add(
        service_role(
            f"{title}Role",
            "codebuild",
            *statements,
            RoleName=Sub(names.iam_name(names.THIS_STACK, name)),
            managed=[shop.basics, *more],
        ),
        why=f"Lets the build {name} do what it is for, and no more.",
    )
    environment = codebuild.Environment(
        Type=kind,
        Image=image,
        ComputeType="BUILD_GENERAL1_MEDIUM" if name == TEST else "BUILD_GENERAL1_SMALL",
        PrivilegedMode=name == IMAGE,
    )
    if variables:
        environment.EnvironmentVariables = [
            codebuild.EnvironmentVariable(Name=key, Value=value) for key, value in variables.items()
        ]
    return template.add(
        codebuild.Project(
            f"{title}Project",
            Name=names.of_stack(f"-{name}"),
            ServiceRole=role.get_att("Arn"),
            Source=codebuild.Source(Type="CODEPIPELINE", BuildSpec=BUILDSPEC.format(name.partition("-")[0])),
            Artifacts=codebuild.Artifacts(Type="CODEPIPELINE"),
            Environment=environment,
            EncryptionKey=shop.artifacts.key_arn,
            TimeoutInMinutes=TIMEOUT_MINUTES,
            LogsConfig=codebuild.LogsConfig(
                CloudWatchLogs=codebuild.CloudWatchLogs(
                    Status="ENABLED", GroupName=shop.log_group.ref(), StreamName=name
                )
            ),
        ),
        why=why,
        suppress=[BUILDS_IMAGES] if name == IMAGE else [],
    )
