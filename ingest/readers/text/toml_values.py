"""TOML as values that JSON can hold: dates and times become ISO 8601."""

import math
import tomllib
from datetime import date, time

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean
from wherein.ingest.readers.text.yaml_values import Parsed

__all__ = ["parse_toml"]

_MAX_INTEGER = 2**63


def parse_toml(source: str) -> Parsed | None:
    """Parse a table; None when it is empty. Raises ValueError with the reason."""
    try:
        table = tomllib.loads(source.replace("\r\n", "\n").replace("\r", "\n"))
        entries = {clean(key): _value(value) for key, value in table.items()}
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return Parsed(entries) if entries else None


def _value(value: object) -> JSONValue:
    if isinstance(value, dict):
        return {clean(key): _value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, bool) or (isinstance(value, int) and -_MAX_INTEGER <= value < _MAX_INTEGER):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return clean(str(value))
