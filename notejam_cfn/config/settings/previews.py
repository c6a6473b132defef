"""Previews: short-lived copies of the application that developers make beside a stage's own."""

from __future__ import annotations

import dataclasses

from ..fields import Settings, flag, whole

# An Application Load Balancer takes 100 target groups, which AWS does not raise; the stage's service has one.
# Source: Elastic Load Balancing, "Quotas for your Application Load Balancers".
MOST_PREVIEWS = 99
# A week: the images of previews are kept for two.
LONGEST_HOURS = 168
# Listener rules of previews come before those of services, and after them the page of a preview that has ended.
FIRST_PRIORITY, ENDED_PRIORITY = 101, 200


@dataclasses.dataclass(frozen=True)
class PreviewSettings(Settings):
    """Whether developers may make previews in a stage, how many at once, and for how long."""

    enabled: bool = flag(False, "developers may make previews beside the stage's own service; needs CloudFront")
    most: int = whole(10, 1, MOST_PREVIEWS, "previews at once; each address for one is made with the stage")
    hours: int = whole(8, 1, LONGEST_HOURS, "hours until a preview ends, unless it is asked for another time")
    sleep_after_minutes: int = whole(30, 5, 1440, "minutes without a request before a preview's task stops")
