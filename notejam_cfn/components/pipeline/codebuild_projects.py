"""The build projects of the pipeline: test, image, plan and smoke. Each runs a buildspec of the folder delivery/."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import Join, codebuild, iam, logs

from ...config.settings import DeliverySettings
from ...core import names
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import pipeline_policies, policies
from ..containers.image_repository import ImageRepository
from ..data.encryption import Encryption
from ..observability.log_groups import add_log_group
from .artifacts import Artifacts

TEST, IMAGE, PLAN, SMOKE = "Test", "Image", "Plan", "Smoke"
BUILDSPEC = "delivery/{}.yml"
TIMEOUT_MINUTES = 30
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
class Builds:
    """The build projects by name; `image_project` is also started by a release from a person's machine."""

    image_project: Value = described("Build project that builds and pushes an image")
    projects: dict[str, codebuild.Project] = dataclasses.field(default_factory=dict)

    @property
    def arns(self) -> list[Value]:
        """The ARNs of all projects."""
        return [project.get_att("Arn") for project in self.projects.values()]


@dataclasses.dataclass(frozen=True)
class Images:
    """The repository that images are pushed to first, and those of other regions that get them too."""

    repository: ImageRepository
    copies: Sequence[ImageRepository]

    @property
    def arns(self) -> list[Value]:
        """The ARNs of all repositories."""
        return [self.repository.arn, *(copy.arn for copy in self.copies)]

    @property
    def variables(self) -> list[codebuild.EnvironmentVariable]:
        """What builds are told: REPOSITORY_URI, and COPY_URIS with a space between each where there are any."""
        found: dict[str, Value] = {"REPOSITORY_URI": self.repository.uri}
        if self.copies:
            found["COPY_URIS"] = Join(" ", [copy.uri for copy in self.copies])
        return [codebuild.EnvironmentVariable(Name=name, Value=value) for name, value in found.items()]


@dataclasses.dataclass(frozen=True)
class Reach:
    """The stages that builds look at: those of this account by their stacks, others by roles in their accounts."""

    prefixes: Sequence[str]
    execution_role_arns: Sequence[Value]
    role_arns: Sequence[Value] = ()

    @property
    def planning(self) -> list[Statement]:
        """What working out changes takes."""
        if not self.prefixes:
            return self.elsewhere
        reviewing = pipeline_policies.allow_reviewing_stacks(self.prefixes)
        return [reviewing, pipeline_policies.allow_passing(self.execution_role_arns, "cloudformation"), *self.elsewhere]

    @property
    def asking(self) -> list[Statement]:
        """What asking a stage whether it works takes."""
        if not self.prefixes:
            return self.elsewhere
        return [pipeline_policies.allow_reading_stacks(self.prefixes), *self.elsewhere]

    @property
    def elsewhere(self) -> list[Statement]:
        """What looking at stages of other accounts takes."""
        return [pipeline_policies.allow_assuming(self.role_arns)] if self.role_arns else []


@component("builds")
def add_builds(
    template: Template,
    settings: DeliverySettings,
    encryption: Encryption,
    artifacts: Artifacts,
    images: Images,
    reach: Reach,
    architecture: str,
) -> Builds:
    """Add a project for each of the pipeline's builds, with a role that may do what that build does."""
    log_group = add_log_group(
        template, "BuildLogGroup", settings.log_retention_days, encryption, "Keeps what the builds log."
    )
    needs: dict[str, list[Statement]] = {
        TEST: [pipeline_policies.allow_writing_reports()],
        IMAGE: pipeline_policies.allow_pushing_images(images.arns),
        PLAN: reach.planning,
        SMOKE: [*reach.asking, pipeline_policies.allow_marking_images(images.arns)],
    }
    projects = {
        name: add_project(template, name, architecture, log_group, artifacts, images, statements)
        for name, statements in needs.items()
    }
    return Builds(image_project=projects[IMAGE].ref(), projects=projects)


PURPOSES = {
    TEST: "Runs the tests, checks that the templates are current and hands them on.",
    IMAGE: "Builds the container image once, pushes it and reads what its scan found.",
    PLAN: "Works out what a stage's change would be, for people to read.",
    SMOKE: "Asks the stage whether it works, and marks the image it runs.",
}


def add_project(
    template: Template,
    name: str,
    architecture: str,
    log_group: logs.LogGroup,
    artifacts: Artifacts,
    images: Images,
    statements: Sequence[Statement],
) -> codebuild.Project:
    """Add a build project on the processor the containers run on. Only building an image needs Docker's privileges.

    It is named after the stack: people's permissions must know its name.
    """
    kind, image = BUILD_IMAGES[architecture]
    role = add_build_role(template, name, log_group, artifacts, statements)
    return template.add(
        codebuild.Project(
            f"{name}Project",
            Name=names.of_stack(f"-{name.lower()}"),
            ServiceRole=role.get_att("Arn"),
            Source=codebuild.Source(Type="CODEPIPELINE", BuildSpec=BUILDSPEC.format(name.lower())),
            Artifacts=codebuild.Artifacts(Type="CODEPIPELINE"),
            Environment=codebuild.Environment(
                Type=kind,
                Image=image,
                ComputeType="BUILD_GENERAL1_MEDIUM" if name == TEST else "BUILD_GENERAL1_SMALL",
                PrivilegedMode=name == IMAGE,
                EnvironmentVariables=images.variables,
            ),
            EncryptionKey=artifacts.key_arn,
            TimeoutInMinutes=TIMEOUT_MINUTES,
            Cache=cache(name),
            LogsConfig=codebuild.LogsConfig(
                CloudWatchLogs=codebuild.CloudWatchLogs(
                    Status="ENABLED", GroupName=log_group.ref(), StreamName=name.lower()
                )
            ),
        ),
        why=PURPOSES[name],
        suppress=[BUILDS_IMAGES] if name == IMAGE else [],
    )


def cache(name: str) -> codebuild.ProjectCache:
    """Keep what the last build on the same machine downloaded: image layers, or Python packages."""
    mode = "LOCAL_DOCKER_LAYER_CACHE" if name == IMAGE else "LOCAL_CUSTOM_CACHE"
    return codebuild.ProjectCache(Type="LOCAL", Modes=[mode])


def add_build_role(
    template: Template, name: str, log_group: logs.LogGroup, artifacts: Artifacts, statements: Sequence[Statement]
) -> iam.Role:
    """Add the role of one build: its log, its artifacts, and what it is for."""
    logging = policies.allow_writing_log_group(log_group.get_att("Arn"))
    return template.add(
        iam.Role(
            f"{name}Role",
            AssumeRolePolicyDocument=policies.assumed_by_service("codebuild"),
            ManagedPolicyArns=[artifacts.policy_arn],
            Policies=[iam.Policy(PolicyName="needs", PolicyDocument=policies.policy(logging, *statements))],
        ),
        why=f"Lets the {name.lower()} build do what it is for, and no more.",
    )
