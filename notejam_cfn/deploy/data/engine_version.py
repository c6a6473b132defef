"""Which PostgreSQL a restored cluster is given: AWS upgrades minor versions by itself, and goes back to none.

A cluster of an earlier version than its snapshot is refused, and without a version AWS takes the region's default.
Source: Amazon RDS API Reference, "RestoreDBClusterFromSnapshot".
"""

from __future__ import annotations

import re

from ..aws.client import Aws
from ..exit_codes import BadInput

ENGINE, PARAMETER = "aurora-postgresql", "EngineVersion"


def to_restore(aws: Aws, region: str, held: str, built: str) -> str:
    """Return the version for a cluster that starts from data of version `held`: that one, or the next that is offered.

    `built` is the version of the template, whose parameters fit one major version only. Raises BadInput for data of
    another major version.
    """
    if _major(held) != _major(built):
        raise BadInput(
            f"what is to be restored is of PostgreSQL {held}, and the template is built for {_major(built)}",
            f'Set database.engine_version = "{_major(held)}" in notejam.toml, build, restore, and upgrade then',
        )
    later = (each for each in offered(aws, region, _major(held)) if version_numbers(each) >= version_numbers(held))
    return min(later, key=version_numbers, default=held)


def offered(aws: Aws, region: str, major: str) -> list[str]:
    """Return the versions that a region offers of a major version."""
    found = aws.items("rds", region, "describe_db_engine_versions", "DBEngineVersions", Engine=ENGINE)
    every = [each["EngineVersion"] for each in found]
    return [each for each in every if re.fullmatch(r"\d+\.\d+", each) and _major(each) == major]


def _major(version: str) -> str:
    return version.partition(".")[0]


def version_numbers(version: str) -> list[int]:
    """Return the numbers of a version, in which versions compare."""
    return [int(part) for part in re.findall(r"\d+", version)]
