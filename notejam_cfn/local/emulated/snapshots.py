"""Keeps everything that is in the emulator, and puts it back: what takes a second to deploy is there again at once."""

from __future__ import annotations

import pickle
import sys
from typing import Any

from ..roles.enforcement import ENFORCEMENT
from . import leftovers, refusals
from .ministack import module
from .services import cloudfront

_kept: dict[str, bytes] = {}
"""By name: what the stores held, by module and name."""


def keep(document: dict[str, Any]) -> None:
    """Keep what is there under a name, and what of it is the same thing in two places as one."""
    _kept[document["name"]] = pickle.dumps({key: store for key, store in _stores().items() if store})


def put_back(document: dict[str, Any]) -> bool:
    """Fill the stores, which a reset has emptied, as they were; return False when nothing was kept under the name."""
    if document["name"] not in _kept:
        return False
    stores = _stores()
    for key, content in pickle.loads(_kept[document["name"]]).items():
        stores[key].update(content)
    return True


def _stores() -> dict[tuple[str, str], dict[Any, Any] | set[Any]]:
    """Return what ministack and its stand-ins keep: ministack in a few types of dictionaries, by account or region."""
    scopes = module("core.responses")
    found: dict[tuple[str, str], dict[Any, Any] | set[Any]] = {
        ("ec2", "initialized"): module("services.ec2")._default_initialized_scopes,
        ("cloudfront", "origins"): cloudfront._vpc_origins,
        ("cloudfront", "groups"): cloudfront._security_groups,
        ("leftovers", "unwritten"): leftovers._unwritten,
        ("refusals", "taken"): refusals._taken,
        ("enforcement", "roles"): ENFORCEMENT.roles,
        ("enforcement", "resources"): ENFORCEMENT.resources,
    }
    for name in [name for name in sys.modules if name.startswith("ministack.services.")]:
        for key, value in vars(sys.modules[name]).items():
            if isinstance(value, (scopes.AccountScopedDict, scopes.AccountRegionScopedDict)):
                found[name, key] = value._data
    return found
