"""The pipeline: its source, its account and region, and what starts it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from ...core.inputs import shown
from ..fields import Settings, checked, choice, text, whole
from .common import ADDRESS_PATTERN, REGION_PATTERN, log_retention

SOURCES = ("codeconnections", "codecommit", "s3")


GIT_HOSTS = ("GitHub", "GitLab", "Bitbucket", "GitHubEnterpriseServer", "GitLabSelfManaged", "AzureDevOps")


CONNECTION_PATTERN = r"arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[a-f0-9-]+"


# Source: AWS CodePipeline API Reference, "GitFilePathFilterCriteria".
MOST_IGNORED_PATHS = 8


REPOSITORY_PATTERN = r"[\w.-]+(/[\w.-]+)+"


def _paths_problem(value: Any) -> str | None:
    if not isinstance(value, str) or re.search(r"\s|,,|^,|,$", value) or value.count(",") >= MOST_IGNORED_PATHS:
        return f"must be up to {MOST_IGNORED_PATHS} patterns with commas and no spaces between, got {shown(value)}"
    return None


@dataclasses.dataclass(frozen=True)
class DeliverySettings(Settings):
    """The way from a push to running containers, and what developers may do on it. There is one for all stages."""

    region: str = text(
        "", REGION_PATTERN, "an AWS region such as eu-central-1", "of the pipeline; empty: that of the stages"
    )
    account: str = text("", r"\d{12}", "12 digits", "AWS account of the pipeline, for stages that have another")
    source: str = choice("codeconnections", SOURCES, "where the pipeline takes the code from")
    git_host: str = choice("GitHub", GIT_HOSTS, "the host of the repository, with codeconnections")
    repository: str = text("", REPOSITORY_PATTERN, "OWNER/NAME", "with codeconnections; empty: asked when deploying")
    connection_arn: str = text("", CONNECTION_PATTERN, "a connection's ARN", "a connection you have; empty: a new one")
    branch: str = text("main", r"[\w./-]{1,255}", "a branch's name", "the branch that is rolled out")
    ignored_paths: str = checked(
        "docs/**,*.md,**/*.md",
        _paths_problem,
        "paths whose changes start nothing, with codeconnections",
        "up to 8 patterns, with commas; empty: none",
    )
    kept_images: int = whole(100, 10, 1000, "images kept besides those that stages run")
    kept_artifact_days: int = whole(90, 7, 3653, "days artifacts are kept, by which a stage can be taken back")
    notify: str = text("", ADDRESS_PATTERN, "an e-mail address", "who is told of failures and approvals")
    log_retention_days: int = log_retention(365)

    @property
    def ignored(self) -> list[str]:
        """The patterns of paths whose changes start nothing, as CodePipeline's triggers read them."""
        return self.ignored_paths.split(",") if self.ignored_paths else []
