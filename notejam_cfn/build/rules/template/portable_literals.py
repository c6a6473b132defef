"""E9505: a template names no partition, domain, zone or account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import walk

Path = list[Any]

# The words are put together here so that a search of the source for them finds only mistakes.
TIED = {
    re.compile(r"\barn:" + "aws:"): "names a partition: use ${AWS::Partition}",
    re.compile(r"\bamazon" + r"aws\.com\b"): "names a partition's domain: use ${AWS::URLSuffix}",
    re.compile(r"\b[a-z]{2}(-[a-z]+)+-\d[a-z]\b"): "names an Availability Zone: use Fn::GetAZs",
    re.compile(r"(?<![\w.-])\d{12}(?![\w.-])"): "looks like an account id: use ${AWS::AccountId}",
}
# A service's principal is a name and not an address: IAM in China refuses ecs-tasks.amazonaws.com.cn, for one.
# https://docs.amazonaws.cn/en_us/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.amazon" + r"aws\.com")
# What exists, and a person configured: a whole ARN of an account's, a bucket's, an image in ECR, and the host of one
# resource, such as a database, which has more labels than a service's. No pseudo parameter could stand for it.
EXISTING = re.compile(
    r"arn:([a-z-]+|\$\{AWS::Partition\}):([a-z0-9-]+:[a-z0-9-]*:\d{12}:|s3:::)[^$]+"
    r"|\d{12}\.dkr[.-]ecr\.[a-z0-9-]+\.[a-z.]+/[^$]+"
    r"|[a-z0-9-]+(\.[a-z0-9-]+){2,}\.amazon" + r"aws\.com(\.cn)?"
)
# Outside Resources too: a default or a mapping reaches AWS as well.
SECTIONS = ("Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs")


class PortableLiterals(CloudFormationLintRule):
    """Every text of the template holds in any partition, region, zone and account, or names one thing that exists."""

    id = "E9505"
    shortdesc = "Nothing ties a template to a partition, zone or account"
    description = "No ARN with a literal partition, no partition's domain, no Availability Zone's name, no account id"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each text that is tied to one place."""
        return [
            RuleMatch(path, f"{found.group()!r} {problem}")
            for section in SECTIONS
            for path, text in _texts(section, cfn.template.get(section, {}))
            if not _is_service_principal(path, text) and not EXISTING.fullmatch(text)
            for pattern, problem in TIED.items()
            for found in [pattern.search(text)]
            if found
        ]


def _is_service_principal(path: Path, text: str) -> bool:
    within = [part for part in path if isinstance(part, str)]
    in_policy = within[-2:] == ["Principal", "Service"] or within[-1:] == ["iam:PassedToService"]
    named = in_policy or within[-2:] == ["Properties", "Principal"]  # of a function's permission
    return named and SERVICE_PRINCIPAL.fullmatch(text) is not None


def _texts(section: str, value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every text of a section, keys of mappings included, with its path."""
    for path, item in walk(value, (section,)):
        if isinstance(item, str):
            yield [*path], item
        elif isinstance(item, dict):
            yield from (([*path], str(key)) for key in item)
