"""Links into the CloudFormation console: to upload a stage's template, or to review a stack made from one in a bucket.

Source: AWS CloudFormation User Guide, "Create quick-create links for stacks".
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

# Each partition has a console of its own. Source: botocore's partition data and the partitions' user guides.
CONSOLES = {
    "cn-": "console.amazonaws.cn",
    "us-gov-": "console.amazonaws-us-gov.com",
    "us-iso-": "console.c2shome.ic.gov",
    "us-isob-": "console.sc2shome.sgov.gov",
    "eusc-": "console.amazonaws-eusc.eu",
}
USUAL_CONSOLE = "console.aws.amazon.com"


# The hosts of S3 in every partition, with the bucket's name before them or after. Source: Amazon S3 User Guide,
# "Virtual hosting of general purpose buckets".
S3_ADDRESS = re.compile(r"https://([a-z0-9.-]+\.)?s3[.-][a-z0-9.-]+(/.*)?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Links:
    """What opens the console for one stage. `create` needs a template in a bucket and is None without one."""

    stage: str
    region: str
    template: str
    upload: str
    create: str | None


def console(region: str) -> str:
    """Return the address of CloudFormation's console in a region, of whichever partition."""
    host = next((host for prefix, host in CONSOLES.items() if region.startswith(prefix)), USUAL_CONSOLE)
    return f"https://{region}.{host}/cloudformation/home?region={region}"


def upload_link(region: str) -> str:
    """Return the page of the console on which a template is uploaded."""
    return f"{console(region)}#/stacks/create/template"


def create_link(region: str, template_url: str, stack_name: str, parameters: Mapping[str, str] | None = None) -> str:
    """Return a link to the console's page with everything filled in: what is left is to review and create.

    `template_url` is an address in S3, the only one that CloudFormation reads; whoever opens the link must be able to
    read it. A parameter that is not named keeps its default. Passwords never belong in a link.
    """
    given = {"templateURL": template_url, "stackName": stack_name}
    given |= {f"param_{name}": value for name, value in sorted((parameters or {}).items())}
    return f"{console(region)}#/stacks/create/review?{urlencode(given, quote_via=quote, safe='')}"
