"""Container images' names: by digest, in the registry of one region or another, over IPv4 or both."""

from __future__ import annotations

import re

# A repository of ECR or an image in it, under either of its names: those over IPv4, and the dual-stack ones.
# Source: Amazon ECR User Guide, "Making requests to Amazon ECR registries", on dual-stack endpoints.
ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\."
    r"(?P<domain>amazonaws\.com(\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)/"
    r"(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)
DUAL_STACK_DOMAINS = {"amazonaws.com": "on.aws", "amazonaws.com.cn": "on.amazonwebservices.com.cn"}


def place_of(repository: str) -> tuple[str, str]:
    """Return the region of an ECR repository and its name in there. Raises `ValueError` for another registry's."""
    found = ECR.fullmatch(repository)
    if not found:
        raise ValueError(f"{repository} is not a repository of ECR")
    return found["region"], found["name"]


def dual_stack(image: str) -> str:
    """Return the name under which an image can be pulled over IPv6 too. An image that is not in ECR keeps its name.

    `111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes` becomes `111122223333.dkr-ecr.eu-west-1.on.aws/notes`.
    """
    found = ECR.fullmatch(image)
    domain = DUAL_STACK_DOMAINS.get(found["domain"]) if found else None
    if not found or not domain:
        return image
    return f"{found['account']}.dkr-ecr.{found['region']}.{domain}/{image.partition('/')[2]}"
