"""JSON that includes the SHA-256 of its own content, so that damage is noticed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["MALFORMED", "digest", "seal", "unseal"]

MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What `unseal` raises, and whatever takes its fields apart, when the content is not what was sealed."""

_KEY = "sha256"


def seal(fields: Mapping[str, Any]) -> bytes:
    """Return the fields as JSON with their digest."""
    return json.dumps({**fields, _KEY: digest(fields)}, indent=1).encode() + b"\n"


def unseal(raw: bytes) -> dict[str, Any]:
    """Return the fields that were sealed. Raises one of `MALFORMED` when they are damaged."""
    fields: dict[str, Any] = json.loads(raw)
    if fields.pop(_KEY) != digest(fields):
        raise ValueError("another SHA-256")
    return fields


def digest(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of fields, whatever their order."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
