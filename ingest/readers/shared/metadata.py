"""What a file says about itself, under the same names whatever its format.

`author` (a list when there are several), `subject`, `description`, `keywords` (a list), `language` (a tag such as
`en-GB`), `created` and `modified` (ISO 8601; in UTC where the file tells the zone).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean

__all__ = ["described", "stamp"]

_LONGEST = 1_000
_MOST = 100
_PARTIAL = re.compile(r"\d{4}(?:-\d{2})?")
_PDF = re.compile(r"D?:?(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?.*")


def described(
    author: str | Iterable[str] = (),
    subject: str | Iterable[str] = (),
    description: str = "",
    keywords: str | Iterable[str] = (),
    language: str = "",
    created: str = "",
    modified: str = "",
) -> dict[str, JSONValue]:
    """Return the metadata without what is empty or is no date; keywords are parted at commas and semicolons."""
    joined = keywords if isinstance(keywords, str) else ";".join(keywords)
    found: dict[str, JSONValue] = {
        "author": _one_or_many(author),
        "subject": _one_or_many(subject),
        "description": _line(description),
        "keywords": [*_lines(re.split("[,;]", joined))],
        "language": _line(language).replace("_", "-"),
        "created": stamp(created),
        "modified": stamp(modified),
    }
    return {name: value for name, value in found.items() if value}


def stamp(text: str) -> str:
    """Return a time in ISO 8601 or as PDF writes it as `2025-01-31` or `2025-01-31T18:00:00Z`; "" when it is none."""
    text = text.strip()
    if _PARTIAL.fullmatch(text):
        return text
    written = _PDF.fullmatch(text)
    try:
        time = datetime.fromisoformat(_iso(written) if written else text)
        if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
            return time.date().isoformat()
        utc = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        return utc.isoformat(timespec="seconds") + ("Z" if time.tzinfo else "")
    except (ValueError, OverflowError):
        return ""


def _iso(written: re.Match[str]) -> str:
    year, month, day, hour, minute, second, utc, hours, minutes = written.groups()
    zone = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
    return f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{zone}"


def _one_or_many(value: str | Iterable[str]) -> JSONValue:
    found = _lines([value] if isinstance(value, str) else value)
    return [*found] if len(found) != 1 else found[0]


def _lines(values: Iterable[str]) -> list[str]:
    lines = dict.fromkeys(map(_line, values))
    return [line for line in lines if line][:_MOST]


def _line(value: str) -> str:
    line = " ".join(clean(value).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
