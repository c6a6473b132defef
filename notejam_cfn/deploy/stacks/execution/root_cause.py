"""Finds the first cause of a failure among everything that failed after it, and says what to do about it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from ...aws.models import Event

# CloudFormation's words for resources that failed only because another one did.
FOLLOWS = re.compile(r"^(Resource (creation|update|deletion) cancelled|Resource operation cancelled)")
# What people met, and what helped. The first pattern that fits is taken.
HINTS = (
    (
        r"(?i)circuit breaker|did not stabilize|failed to start|tasks failed",
        "The new containers do not stay up: read why they stopped above, or: python -m notejam_cfn logs STAGE",
    ),
    (
        r"CannotPullContainer|pull.*(image|manifest)|image.*not found",
        "The image cannot be pulled: release one that exists with python -m notejam_cfn release STAGE --image URI",
    ),
    (
        r"already exists",
        "Something of that name exists outside of this stack: rename or remove it, then deploy again",
    ),
    (
        r"-execute.*(ecs:(Create|Update)Service|:CreateLoadBalancer|:SetSubnets|DBSubnetGroup)",
        "The pipeline may use the subnets only that the stage had when its roles were deployed; after a change of the "
        "network an administrator runs: python -m notejam_cfn deploy delivery",
    ),
    (
        r"not authorized|AccessDenied|is not allowed|UnauthorizedOperation",
        "A permission is missing: add it to the role that deploys (--role-arn, or your own), then deploy again",
    ),
    (
        r"(?i)limit ?exceeded|quota|maximum number of",
        "A quota of the account is used up: raise it in the Service Quotas console, or remove what is not needed",
    ),
    (
        r"Properties validation failed|extraneous key|is not a valid enum",
        "The template has a property that CloudFormation refuses: correct it, build again, deploy again",
    ),
    (
        r"(?i)insufficient capacity|no capacity",
        "The zone is out of capacity for now: deploy again later",
    ),
    (
        r"(?i)certificate.*(pending|validation)|not.*validated",
        "The certificate waits for its DNS record: check load_balancer.hosted_zone_id in notejam.toml",
    ),
    (
        r"(?i)bucket.*not empty",
        "The bucket still holds objects: empty it, or keep it: python -m notejam_cfn destroy STAGE --keep ID",
    ),
    (
        r"(?i)(final|cluster) ?snapshot.*(not found|does not exist)|DBClusterSnapshotNotFound",
        "The snapshot is not in this region and account: python -m notejam_cfn backups STAGE lists those there are",
    ),
    (
        r"Output '.*' not found|does not exist.*GetStackOutput",
        "It reads an output of a stack that is not there: deploy the whole stage, without --only",
    ),
)


@dataclasses.dataclass(frozen=True)
class Cause:
    """The first failure, how many followed from it, and a suggestion where one is known."""

    event: Event
    followers: int
    hint: str | None


def first_cause(events: Sequence[Event]) -> Cause | None:
    """Return the first failure that is not the consequence of another, or None when nothing failed."""
    failed = [event for event in events if event.failed]
    own = [event for event in failed if not FOLLOWS.match(event.reason)]
    of_resources = [event for event in own if not event.of_stack]
    first = next(iter(of_resources or own or failed), None)
    if first is None:
        return None
    return Cause(first, len([e for e in failed if e is not first and not e.of_stack]), hint(first.reason))


def hint(reason: str) -> str | None:
    """Return what helped others who met this reason, or None."""
    return next((text for pattern, text in HINTS if re.search(pattern, reason)), None)
