"""Composes CloudFormation templates for web services on ECS Fargate and Aurora Serverless.

    from notejam_cfn import NetworkSettings, Template, add_encryption, add_network

A component is a function `(template, settings, inputs) -> outputs`. Importing this package needs troposphere, awacs and
PyYAML only: no AWS account, no boto3, no linter.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the library when something of it is asked for: the command line starts without it."""
    try:
        return getattr(importlib.import_module(".api", __name__), name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return [*globals(), *__getattr__("__all__")]
