"""Numbers in Excel cells as they are shown: only the format says whether one is a date, a time or a percentage."""

import math
import re
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Format", "display_number", "number_format"]

Format = Literal["number", "percent", "date", "time", "date and time", "duration"]

# ECMA-376 part 1, 18.8.30, including the ids that only East Asian editions define.
_BUILT_IN: dict[int, Format] = {
    **dict.fromkeys((9, 10), "percent"),
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 59)), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47), "time"),
    22: "date and time",
    46: "duration",
}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_AM_PM = re.compile("am/pm|a/p")
_SECONDS_A_DAY = 86_400


def number_format(format_id: str, code: str | None) -> Format:
    """Return the meaning of a number format: by its `code` if the workbook defines one, else by its built-in id."""
    if code is None:
        return _BUILT_IN.get(int(format_id), "number") if format_id.isdecimal() and len(format_id) < 4 else "number"
    plain = _LITERAL.sub("", code.lower()).partition(";")[0]
    if _ELAPSED.search(plain):
        return "duration"
    plain = _BRACKETS.sub("", plain)
    if "general" in plain:
        return "number"
    clock = bool(_AM_PM.search(plain)) or "h" in plain or "s" in plain
    plain = _AM_PM.sub("", plain)
    day = "d" in plain or "y" in plain or ("m" in plain and not clock)
    if day or clock:
        return "date and time" if day and clock else "date" if day else "time"
    return "percent" if "%" in plain else "number"


def display_number(stored: str, form: Format, from_1904: bool) -> str:
    """Return a number as the cell shows it, dates in ISO 8601; as stored when it is no valid number or date."""
    try:
        value = float(stored)
        if not math.isfinite(value):
            return stored
        if form == "number":
            return _plain_number(stored, value)
        return f"{value * 100:.15g}%" if form == "percent" else _time(value, form, from_1904)
    except (ValueError, OverflowError):
        return stored


def _plain_number(stored: str, value: float) -> str:
    # A double holds 15 digits: 0.1 + 0.2 is stored with 17 digits and shown as 0.3.
    return stored if stored.lstrip("-").isdecimal() else f"{value:.15g}"


def _time(days: float, form: Format, from_1904: bool) -> str:
    seconds = round(days * _SECONDS_A_DAY)
    if form == "duration":
        return f"{'-' * (seconds < 0)}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
    if seconds < 0:
        raise ValueError("there is no date before the first one")
    # Excel counts 29 February 1900, which did not exist, as day 60.
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if days < 60 else 30)
    moment = first + timedelta(seconds=seconds)
    if form == "date":
        return moment.date().isoformat()
    return moment.time().isoformat() if form == "time" else moment.isoformat(sep=" ")
