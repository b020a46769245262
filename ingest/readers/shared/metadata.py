"""Metadata under the same names whatever the format of the file.

`author` (a list when there are several), `subject`, `description`, `keywords` (a list), `language` (a tag such as
`en-GB`), `created` and `modified` (ISO 8601; in UTC where the file states the time zone).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.shared.decode import clean

__all__ = ["iso_time", "standard_metadata"]

_MAX_LENGTH = 1_000
_MAX_VALUES = 100
_YEAR_OR_MONTH = re.compile(r"\d{4}(?:-\d{2})?")
_BASIC_TIME = re.compile(r"\d{8}T")  # of ISO 8601
# ISO 32000-1, 7.9.4: D:YYYYMMDDHHmmSSOHH'mm
_PDF_DATE = re.compile(r"D?:?(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?.*")


def standard_metadata(
    author: str | Iterable[str] = (),
    subject: str | Iterable[str] = (),
    description: str = "",
    keywords: str | Iterable[str] = (),
    language: str = "",
    created: str = "",
    modified: str = "",
) -> dict[str, JSONValue]:
    """Return the metadata without empty values and invalid dates; keywords are split at commas and semicolons."""
    all_keywords = keywords if isinstance(keywords, str) else ";".join(keywords)
    metadata: dict[str, JSONValue] = {
        "author": _one_or_many(author),
        "subject": _one_or_many(subject),
        "description": _line(description),
        "keywords": [*_lines(re.split("[,;]", all_keywords))],
        "language": _line(language).replace("_", "-"),
        "created": iso_time(created),
        "modified": iso_time(modified),
    }
    return {name: value for name, value in metadata.items() if value}


def iso_time(text: str) -> str:
    """Return a date or time as `2025-01-31` or `2025-01-31T18:00:00Z`; "" when `text` is neither ISO 8601 nor PDF's."""
    text = text.strip()
    if _YEAR_OR_MONTH.fullmatch(text):
        return text
    match = None if _BASIC_TIME.match(text) else _PDF_DATE.fullmatch(text)
    try:
        time = datetime.fromisoformat(_pdf_date_as_iso(match) if match else text)
        if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
            return time.date().isoformat()
        utc = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        return utc.isoformat(timespec="seconds") + ("Z" if time.tzinfo else "")
    except (ValueError, OverflowError):
        return ""


def _pdf_date_as_iso(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, utc, hours, minutes = match.groups()
    zone = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
    return f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{zone}"


def _one_or_many(value: str | Iterable[str]) -> JSONValue:
    lines = _lines([value] if isinstance(value, str) else value)
    return [*lines] if len(lines) != 1 else lines[0]


def _lines(values: Iterable[str]) -> list[str]:
    lines = dict.fromkeys(map(_line, values))
    return [line for line in lines if line][:_MAX_VALUES]


def _line(value: str) -> str:
    line = " ".join(clean(value).split())
    return line if len(line) <= _MAX_LENGTH else line[: _MAX_LENGTH - 1] + "…"
