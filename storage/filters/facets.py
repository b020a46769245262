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
    types, parents, days = Counter[str](), Counter[str](), Counter[date]()
    fields: dict[str, Counter[str]] = defaultdict(Counter)
    documents = 0
    for uri, media_type, mtime_ns, changed_at, metadata in matching_documents(db, filter_, _COLUMNS):
        documents += 1
        types[media_type] += 1
        parents[_parent(uri.partition("#")[0])] += 1
        days[_day(modified_at(mtime_ns, changed_at))] += 1
        if metadata != "{}":
            _count_values(fields, json.loads(metadata))
    folders = Counter[str]()
    for parent, count in parents.items():
        for folder in folders_of(parent):
            folders[folder] += count
    kept = {name: values for name, values in sorted(fields.items()) if len(values) <= _MAX_VALUES}
    return Facets(documents, types, folders, days, kept)


def _day(moment: datetime) -> date:
    try:
        return moment.astimezone().date()
    except (ValueError, OverflowError, OSError):  # at the edge of what can be converted
        return moment.date()


def _count_values(fields: dict[str, Counter[str]], metadata: Mapping[str, object]) -> None:
    for name, value in metadata.items():
        values = fields[name]
        if len(values) <= _MAX_VALUES:
            values.update(set(_texts(value)))


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
