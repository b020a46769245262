"""What a user may filter by, with counts: how many documents have each type, folder, day and value of metadata."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from wherein.storage.catalog.files import modified_at
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.filters.selection import Filter, matching_documents

__all__ = ["FacetCounter", "Facets", "folders_of"]

_CACHE_SIZE = 16
# A field with more values, such as an id, is nothing to choose from.
_MAX_VALUES = 1_000
# Days begin and end on a quarter of an hour in every time zone; a stamp in UTC has 16 characters to the minute.
_QUARTER_NS, _TO_THE_MINUTE = 900 * 10**9, 16
_COLUMNS = "d.uri, d.media_type, f.mtime_ns, d.changed_at, d.metadata"


@dataclass(frozen=True)
class Facets:
    """Counts of the `documents` that pass a filter.

    `types` are media types. `folders` are the URIs of folders, each counted with all below it; of web pages the parts
    of their addresses, of texts without a file `stdin:`. `days` are those on which files were last modified, or texts
    without one ingested, in local time. `fields` are names of metadata with their values, true and false as words.
    """

    documents: int
    types: Mapping[str, int]
    folders: Mapping[str, int]
    days: Mapping[date, int]
    fields: Mapping[str, Mapping[str, int]]


class FacetCounter:
    """Counts facets, once for each filter and committed state that one connection sees."""

    def __init__(self) -> None:
        self._version = -1
        self._known: dict[str, Facets] = {}

    def count(self, db: Catalog, filter_: Filter) -> Facets:
        """Return the facets of the documents that pass. Raises UsageError as `Selector.select` does.

        Call inside `snapshot`.
        """
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version = version
            self._known.clear()
        name = repr(filter_)  # not the filter itself: 1 and True are equal
        if name not in self._known:
            while len(self._known) >= _CACHE_SIZE:
                del self._known[next(iter(self._known))]
            self._known[name] = _count(db, filter_)
        return self._known[name]


def _count(db: Catalog, filter_: Filter) -> Facets:
    types, parents, times = Counter[str](), Counter[str](), Counter[tuple[int | None, str]]()
    described = Counter[str]()
    for uri, media_type, mtime_ns, changed_at, metadata in matching_documents(db, filter_, _COLUMNS):
        types[media_type] += 1
        parents[_parent(uri.partition("#")[0])] += 1
        times[(None, changed_at[:_TO_THE_MINUTE]) if mtime_ns is None else (mtime_ns // _QUARTER_NS, "")] += 1
        described[metadata] += 1
    return Facets(types.total(), types, _folders(parents), _days(times), _fields(described))


def _folders(parents: Mapping[str, int]) -> Counter[str]:
    """Return the counts of folders with all below them, from those of what lies directly in each."""
    folders = Counter[str]()
    for parent, count in parents.items():
        for folder in folders_of(parent):
            folders[folder] += count
    return folders


def _days(times: Mapping[tuple[int | None, str], int]) -> Counter[date]:
    days = Counter[date]()
    for (quarters, stamp), count in times.items():
        days[_day(modified_at(None if quarters is None else quarters * _QUARTER_NS, f"{stamp}+00:00"))] += count
    return days


def _day(moment: datetime) -> date:
    try:
        return moment.astimezone().date()
    except (ValueError, OverflowError, OSError):  # at the edge of what can be converted
        return moment.date()


def _fields(described: Mapping[str, int]) -> dict[str, Counter[str]]:
    """Return the counts of values from those of documents with the same metadata, in JSON."""
    fields: dict[str, Counter[str]] = defaultdict(Counter)
    for metadata, count in described.items():
        for name, value in json.loads(metadata).items():
            values = fields[name]
            for text in set(_texts(value)) if len(values) <= _MAX_VALUES else ():
                values[text] += count
    return {name: values for name, values in sorted(fields.items()) if len(values) <= _MAX_VALUES}


def _texts(value: object) -> Iterator[str]:
    """Yield the values that a condition can ask for."""
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str | int):
        yield str(value)
    elif isinstance(value, list):
        for one in value:
            if not isinstance(one, list):
                yield from _texts(one)


def folders_of(folder: str) -> list[str]:
    """Return the URI of a folder and of those that it lies in, the innermost first."""
    found = []
    while folder:
        found.append(folder)
        folder = _parent(folder)
    return found


def _parent(uri: str) -> str:
    """Return the URI of the folder that a file or folder lies in; "" for the outermost one."""
    scheme, _, rest = uri.partition(":")
    if not rest.startswith("//"):
        return f"{scheme}:" if rest else ""
    parent = rest.rpartition("/")[0]
    return f"{scheme}:{parent}" if parent not in ("", "/", "//") else ""
