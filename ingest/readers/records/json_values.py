"""JSON whose values can be stored and written back: without infinities and lone surrogates."""

import json
import math
import re

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean

__all__ = ["parse_json", "unescape_json"]

_ESCAPES = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\(?:u[0-9a-fA-F]{4}|[/bfnrt]))+)")


def parse_json(text: str) -> JSONValue:
    """Parse a JSON value. Raises ValueError with the reason, RecursionError when it is nested too deeply."""
    try:
        value: JSONValue = json.loads(text, parse_constant=_reject_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        line = f" of line {error.lineno}" if error.lineno > 1 else ""
        raise ValueError(f"not JSON ({error.msg} at column {error.colno}{line})") from None
    return _cleaned(value) if "\\u" in text or "\0" in text else value  # else nothing is to be cleaned


def unescape_json(source: str) -> str:
    """Return JSON with the characters that its escapes stand for, for people; line ends and tabs become blanks."""
    return _ESCAPES.sub(lambda match: match[1] + _unescaped(match[2]), source) if "\\" in source else source


def _unescaped(escapes: str) -> str:
    text: str = json.loads(f'"{escapes}"')
    # What JSON does not allow in a string stays escaped.
    return clean("".join(json.dumps(c)[1:-1] if c in '"\\' else " " if c < " " else c for c in text))


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
