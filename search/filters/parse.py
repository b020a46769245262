"""Parse a filter for documents: `--in`, `--type`, `--since` and `--where`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from wherein.errors import UsageError
from wherein.search.filters.uri_globs import uri_pattern
from wherein.search.filters.where import parse_where
from wherein.storage.catalog.integers import clamp
from wherein.storage.filters.selection import Filter

__all__ = ["MEDIA_TYPES", "Filter", "parse_filter"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
MEDIA_TYPES = {
    "adoc": "text/x-asciidoc",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "eml": "message/rfc822",
    "epub": "application/epub+zip",
    "fb2": "application/x-fictionbook+xml",
    "html": "text/html",
    "image": "image/*",
    "ipynb": "application/x-ipynb+json",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "odp": f"{_OPEN_DOCUMENT}presentation",
    "ods": f"{_OPEN_DOCUMENT}spreadsheet",
    "odt": f"{_OPEN_DOCUMENT}text",
    "org": "text/x-org",
    "pdf": "application/pdf",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "properties": "text/x-java-properties",
    "rst": "text/x-rst",
    "rtf": "application/rtf",
    "srt": "application/x-subrip",
    "tex": "text/x-tex",
    "txt": "text/plain",
    "typ": "text/x-typst",
    "wiki": "text/x-wiki",
    "xls": "application/vnd.ms-excel",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "xml": "application/xml",
}
"""Media types by their short names."""

_ALIASES = {
    "asciidoc": "adoc",
    "htm": "html",
    "markdown": "md",
    "text": "txt",
    "ndjson": "jsonl",
    "mail": "eml",
    "mbox": "eml",
    "msg": "eml",
    "tsv": "csv",
    "notebook": "ipynb",
    "vtt": "srt",
    "latex": "tex",
    "typst": "typ",
}


def parse_filter(
    places: Sequence[str] = (), types: Sequence[str] = (), since: str | None = None, where: str | None = None
) -> Filter:
    """Return the filter for documents that match one of `places`, have one of `types`, and meet all other parts given.

    Raises UsageError for a pattern, type, date or condition that is not valid.
    """
    return Filter(
        tuple(uri_pattern(place) for place in places),
        tuple(media_type(name) for name in types),
        since_ns(since) if since is not None else None,
        parse_where(where) if where is not None else None,
        tuple(places),
    )


def media_type(name: str) -> str:
    """Return the media type of a short name (`pdf`); a name with a slash is one already. Raises UsageError."""
    known = name.lower().removeprefix(".")
    if "/" in known and known.isprintable():
        return known
    found = MEDIA_TYPES.get(_ALIASES.get(known, known))
    if found is None:
        raise UsageError(f"There is no document type {name[:80]!a}; the types are {', '.join(MEDIA_TYPES)}")
    return found


def since_ns(date: str) -> int:
    """Return an ISO 8601 date, or date and time, as nanoseconds since the epoch; local time unless it has an offset.

    Raises UsageError for anything else.
    """
    try:
        wanted = datetime.fromisoformat(date.strip())
    except ValueError:
        raise UsageError(f"{date[:80]!a} is not a date; write it as 2025-01-31 or 2025-01-31T18:00") from None
    try:
        wanted = wanted.astimezone()
    except (ValueError, OverflowError, OSError):  # a year that the C library cannot convert is out of range anyway
        wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    # As an integer: a float has too few digits for nanoseconds.
    return clamp((wanted - _EPOCH) // timedelta(seconds=1) * 1_000_000_000)
