"""What a number in an Excel cell stands for, which only the cell's format tells: a date, a time, a share, a number."""

import math
import re
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Format", "format_of", "shown"]

Format = Literal["number", "percent", "date", "time", "date and time", "duration"]

# ECMA-376 part 1, 18.8.30, with the formats that East Asian editions have in these places.
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
_DAY = 86_400


def format_of(number: str, code: str | None) -> Format:
    """Return what a number format means: its own `code` if the workbook has one, else what its number stands for."""
    if code is None:
        return _BUILT_IN.get(int(number), "number") if number.isdecimal() and len(number) < 4 else "number"
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


def shown(stored: str, form: Format, from_1904: bool) -> str:
    """Write the number `stored` in a cell; what is no number, or no date that exists, is written as it is stored."""
    try:
        value = float(stored)
        if not math.isfinite(value):
            return stored
        if form == "number":
            return _digits(stored, value)
        return f"{value * 100:.15g}%" if form == "percent" else _time(value, form, from_1904)
    except (ValueError, OverflowError):
        return stored


def _digits(stored: str, value: float) -> str:
    # A double holds 15 digits: 0.1 + 0.2 is stored with 17, and shown as 0.3.
    return stored if stored.lstrip("-").isdecimal() else f"{value:.15g}"


def _time(days: float, form: Format, from_1904: bool) -> str:
    seconds = round(days * _DAY)
    if form == "duration":
        return f"{'-' * (seconds < 0)}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
    if seconds < 0:
        raise ValueError("there is no date before the first one")
    # Excel counts a 29 February 1900, which there was not, as day 60.
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if days < 60 else 30)
    moment = first + timedelta(seconds=seconds)
    if form == "date":
        return moment.date().isoformat()
    return moment.time().isoformat() if form == "time" else moment.isoformat(sep=" ")
