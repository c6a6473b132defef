"""Notejam's own cfn-lint rules: what no linter catches.

Each file is one rule and needs cfn-lint and this package, no configuration, so that any project can use them:

    cfn-lint --append-rules notejam_cfn.build.rules --include-checks I -- template.yaml

cfn-lint takes every rule that this module holds or, given the folder instead, every file in it and below it whose name
does not begin with an underscore. IDs begin with E95 and W95.
"""

import importlib
import inspect
import pkgutil

from cfnlint.rules import CloudFormationLintRule


def _is_rule(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, CloudFormationLintRule)


for _file in pkgutil.walk_packages(__path__, f"{__name__}."):
    globals().update(inspect.getmembers(importlib.import_module(_file.name), _is_rule))
