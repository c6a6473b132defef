"""Where the pipeline takes the code from, and what starts it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from awacs.aws import Statement
from troposphere import codecommit, codeconnections, codepipeline, s3

from ...config.settings import REPOSITORY_PATTERN, DeliverySettings
from ...core import names
from ...core.suppressions import READ_BY_ROLES_ONLY
from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies
from ..data.bucket import add_private_bucket, lifecycle_rule
from ..data.encryption import Encryption
from .artifacts import MADE_AGAIN

ACTION = "source"
ZIP_KEY = "source.zip"
ZIP_DAYS = 365


@dataclasses.dataclass(frozen=True)
class Source:
    """The source action of a pipeline: its provider and configuration, and what its role must be allowed.

    `triggers` start the pipeline from within CodePipeline; `event_pattern` is the event that starts it otherwise.
    `revision` is the variable in which the action says what it took.
    Source: AWS CodePipeline User Guide, "Variables available for pipeline actions".
    """

    provider: str
    configuration: dict[str, Any]
    statements: Sequence[Statement]
    triggers: Sequence[codepipeline.PipelineTriggerDeclaration] = ()
    event_pattern: dict[str, Any] | None = None
    revision: str = "CommitId"


@component("source")
def add_source(template: Template, settings: DeliverySettings, encryption: Encryption) -> Source:
    """Add what the configured source needs: a repository, a connection, or a bucket for a zip."""
    if settings.source == "codecommit":
        return add_codecommit(template, settings)
    if settings.source == "codeconnections":
        return add_connection(template, settings)
    return add_zip(template, encryption)


def add_codecommit(template: Template, settings: DeliverySettings) -> Source:
    """Add a Git repository; every merge to the branch starts the pipeline.

    It is encrypted with CodeCommit's own key, since whoever pushes would have to be allowed to use another. Its events
    name no paths, and CodePipeline's triggers read connections only, so that `ignored_paths` does not hold here.
    Source: AWS CloudFormation Template Reference, "PipelineTriggerDeclaration".
    """
    repository = template.add(
        codecommit.Repository(
            "Repository",
            RepositoryName=names.repository(template.stack_tags["project"]),
            RepositoryDescription="The code of the application and of everything it runs on",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
        ),
        why="Keeps the code; a push to it starts the pipeline.",
    )
    name, arn = repository.get_att("Name"), repository.get_att("Arn")
    return Source(
        provider="CodeCommit",
        configuration={
            "RepositoryName": name,
            "BranchName": settings.branch,
            "PollForSourceChanges": "false",
        },
        statements=[pipeline_policies.allow_reading_codecommit(arn)],
        event_pattern={
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [arn],
            "detail": {
                "event": ["referenceCreated", "referenceUpdated"],
                "referenceType": ["branch"],
                "referenceName": [settings.branch],
            },
        },
    )


def add_connection(template: Template, settings: DeliverySettings) -> Source:
    """Add a connection to a Git host, unless one is given. A person must authorise a new one once, in the console."""
    arn: Value = settings.connection_arn
    if not arn:
        name = names.connection(template.stack_tags["project"])
        connection = codeconnections.Connection("Connection", ConnectionName=name, ProviderType=settings.git_host)
        arn = template.add(connection, why="Lets the pipeline read the repository at its host.").ref()
    return Source(
        provider="CodeStarSourceConnection",
        configuration={
            "ConnectionArn": arn,
            "FullRepositoryId": settings.repository or add_repository_parameter(template),
            "BranchName": settings.branch,
            "DetectChanges": "false",
        },
        statements=[pipeline_policies.allow_using_connection(arn)],
        triggers=[push_trigger(settings)],
    )


def add_repository_parameter(template: Template) -> Value:
    """Ask for the repository when the stack is deployed, where the configuration does not name it."""
    parameter = template.add_parameter_in(
        "Source",
        "Repository",
        "Repository",
        Type="String",
        AllowedPattern=REPOSITORY_PATTERN,
        ConstraintDescription="a repository such as OWNER/NAME",
        Description="The repository that the pipeline takes the code from, such as OWNER/NAME.",
    )
    return parameter.ref()


def push_trigger(settings: DeliverySettings) -> codepipeline.PipelineTriggerDeclaration:
    """Start the pipeline when the branch is pushed or merged to, unless only ignored paths changed."""
    push = codepipeline.GitPushFilter(Branches=codepipeline.GitBranchFilterCriteria(Includes=[settings.branch]))
    if settings.ignored:
        push.FilePaths = codepipeline.GitFilePathFilterCriteria(Excludes=settings.ignored)
    return codepipeline.PipelineTriggerDeclaration(
        ProviderType="CodeStarSourceConnection",
        GitConfiguration=codepipeline.GitConfiguration(SourceActionName=ACTION, Push=[push]),
    )


def add_zip(template: Template, encryption: Encryption) -> Source:
    """Add a bucket; uploading `source.zip` to it starts the pipeline."""
    bucket = add_private_bucket(
        template,
        "SourceBucket",
        encryption.key_arn,
        s3.LifecycleConfiguration(Rules=[lifecycle_rule("expire", 1, ExpirationInDays=ZIP_DAYS)]),
        "Takes the code as a zip, to start without Git.",
        [READ_BY_ROLES_ONLY, MADE_AGAIN],
    )
    arn = bucket.get_att("Arn")
    return Source(
        provider="S3",
        configuration={"S3Bucket": bucket.ref(), "S3ObjectKey": ZIP_KEY, "PollForSourceChanges": "false"},
        statements=pipeline_policies.allow_reading_source_bucket(arn),
        event_pattern={
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket.ref()]}, "object": {"key": [ZIP_KEY]}},
        },
        revision="VersionId",
    )
