"""Components' objects as what a template is written of: dictionaries, lists, texts and numbers."""

from __future__ import annotations

from typing import Any

from troposphere import AWSHelperFn, BaseAWSObject, Tags, encode_to_dict

PLAIN = frozenset({str, int, float, bool, type(None)})


def encoded(value: Any) -> Any:
    """Return what troposphere's `encode_to_dict` returns, each object checked by itself as it does there.

    That function goes once more through what an object holds for each object around it; properties are nested deeply.
    This one goes through everything once. Asking for plain values before the call is what makes it fast.
    """
    kind = type(value)
    if kind is dict:
        return {name: item if type(item) in PLAIN else encoded(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [item if type(item) in PLAIN else encoded(item) for item in value]
    if kind in PLAIN:
        return value
    if isinstance(value, BaseAWSObject) and kind.to_dict is BaseAWSObject.to_dict and value.properties:
        if value.do_validation:
            value._validate_props()
            value.validate()
        return encoded(value.resource)
    if isinstance(value, AWSHelperFn) and kind.to_dict is AWSHelperFn.to_dict:
        return encoded(value.data)
    if isinstance(value, Tags):
        return encoded(value.tags)
    return encoded(value.JSONrepr()) if hasattr(value, "JSONrepr") else encode_to_dict(value)
