"""Canonical bytes: RFC 8785 (JSON Canonicalization Scheme) for values without floats."""

from __future__ import annotations

import json
from typing import Any

LARGEST = 2**53 - 1


def _check(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise ValueError("an integer beyond 2**53 - 1 has no canonical form")
        return value
    if isinstance(value, list | tuple):
        return [_check(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys of an object are strings")
        return {key: _check(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    raise TypeError(f"{type(value).__name__} has no canonical form here")


def canonical(value: Any) -> bytes:
    """The one byte string that stands for `value`. Raises TypeError for floats, ValueError for large integers."""
    return json.dumps(_check(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
