"""JSON whose values can be stored and written back: without infinities and lone surrogates."""

import json
import math

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean, not_utf8_reason

__all__ = ["parse_json"]


def parse_json(data: bytes) -> JSONValue:
    """Parse UTF-8. Raises ValueError with the reason, RecursionError when it is nested too deeply."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8_reason(data, error.start)) from None
    try:
        value: JSONValue = json.loads(text, parse_constant=_reject_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        line = f" of line {error.lineno}" if error.lineno > 1 else ""
        raise ValueError(f"not JSON ({error.msg} at column {error.colno}{line})") from None
    return _cleaned(value) if "\\u" in text or "\0" in text else value  # else nothing is to be cleaned


def _reject_constant(constant: str) -> JSONValue:
    raise ValueError(f"not JSON (the number {constant})")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):  # would be written back as Infinity, which is not JSON
        raise ValueError(f"number too large ({digits[:20]})")
    return value


def _cleaned(value: JSONValue) -> JSONValue:
    """Apply `clean` to every string, because escapes such as \\ud800 can stand for what cannot be stored."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return value
