"""What the delivery's stack holds: the pipeline that rolls stages out, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from ..components.containers.image_repository import ImageRepository, add_image_repository
from ..components.data.encryption import PUBLISHERS, add_encryption
from ..components.observability.alarm_topic import AlarmTopic
from ..components.pipeline.artifacts import add_artifact_store
from ..components.pipeline.codebuild_projects import IMAGE, Images, Target, add_builds
from ..components.pipeline.events import add_pipeline_events, add_pipeline_topic
from ..components.pipeline.pipeline import add_pipeline
from ..components.pipeline.roles import add_roles
from ..components.pipeline.source import add_source
from ..components.pipeline.stage_access import StageAccess
from ..config.settings import EncryptionSettings, Project
from ..core.template import Template


def compose_delivery(
    template: Template, project: Project, access: Mapping[str, StageAccess], copies: Mapping[str, ImageRepository]
) -> None:
    """Compose the delivery: the pipeline with what it needs.

    `access` are the roles of its stages by stage, and `copies` the repositories of other regions by region.
    """
    settings, here = project.delivery, project.delivery_region
    targets = [
        Target(access[stage.name], "" if stage.region == here else stage.region, stage.approval)
        for stage in project.stages
    ]
    encryption = add_encryption(template, EncryptionSettings(), PUBLISHERS)
    artifacts = add_artifact_store(template, settings, encryption)
    strangers = [access[stage.name] for stage in project.stages if project.is_elsewhere(stage)]
    repository = add_image_repository(template, settings, encryption, strangers)
    images = Images(repository, copies)
    topic = add_pipeline_topic(template, settings, encryption)
    architecture = project.stages[0].service.architecture
    builds = add_builds(template, settings, encryption, artifacts, images, targets, architecture)
    source = add_source(template, settings, encryption)
    roles = add_roles(template, source, artifacts, builds, topic)
    pipeline = add_pipeline(template, targets, source, artifacts, builds, images, roles, topic)
    told = AlarmTopic(topic.ref(), project.stages[0].monitoring.runbook_url)
    add_pipeline_events(template, settings, encryption, source, pipeline, told)
    outputs = {
        "PipelineName": (pipeline.name, "The pipeline: watch it in CodePipeline"),
        "ImageRepositoryUri": (repository.uri, "Container images are pushed here"),
        "ImageProjectName": (builds.projects[IMAGE].ref(), "Build project that makes an image"),
        "ArtifactBucketName": (artifacts.bucket_name, "Bucket of the pipeline's artifacts"),
    }
    for name, (value, description) in outputs.items():
        template.add_output_for_people(name, value, description)
