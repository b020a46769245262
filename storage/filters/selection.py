"""Which passages a question may be answered from: a filter, and what it comes to in one committed state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged, UsageError
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids
from wherein.storage.filters.condition import Condition, fields_of, path_of, sql

__all__ = ["Filter", "Selection", "Selector"]

_REMEMBERED = 16
_SHOWN_FIELDS = 40
# For so few documents their passages are looked up; for more of them those of all documents are read once.
_FEW = 1_000

# Two runs through indexes in their order, which is quicker than a visit to the row of every chunk.
_VECTORS = "SELECT c.id, v.id FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash WHERE v.model_id = ?"
_OWNERS = "SELECT id, document_id FROM chunks"
_PASSAGES_OF = (
    "SELECT c.id, c.document_id, ifnull(v.id, 0) FROM chunks c LEFT JOIN vectors v ON v.model_id = ? AND"
    " v.input_hash = c.input_hash WHERE c.document_id IN ({})"
)


@dataclass(frozen=True)
class Filter:
    """What a document must be; an empty part asks for nothing, so that `Filter()` lets everything pass.

    `places` are regular expressions, one of which its URI must fit as a whole. `media_types`: one of these it must
    have. `since_ns`: its file was last modified then (nanoseconds since the epoch) or later; of a text without a file
    this counts from when it came. `where` is asked of its metadata.
    """

    places: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    since_ns: int | None = None
    where: Condition | None = None


@dataclass(frozen=True)
class Selection:
    """The passages of one committed state that pass a filter: ascending ids `[n]` of each kind.

    A passage may have no vector, which happens after a repair. A vector that passes may also belong to passages that do
    not. `bitmap` has one bit for each vector id, the lowest one first.
    """

    documents: frozenset[int]
    chunks: Ids
    vectors: Ids
    bitmap: npt.NDArray[np.uint8]

    def has_chunk(self, chunk: int) -> bool:
        """Whether a passage passes."""
        place = int(np.searchsorted(self.chunks, chunk))
        return place < len(self.chunks) and int(self.chunks[place]) == chunk

    def has_vectors(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Return for each vector id `[n]` whether a passage of it passes."""
        marks = np.zeros(len(ids), dtype=np.bool_)
        inside = np.flatnonzero((ids >= 0) & (ids < 8 * len(self.bitmap)))  # a damaged index may name any
        known = ids[inside]
        marks[inside] = self.bitmap[known >> 3] >> (known & 7) & 1
        return marks


class Selector:
    """Remembers, of the last committed state that was asked about, its passages and what filters came to."""

    def __init__(self, model_id: int) -> None:
        self._model_id = model_id
        self._version = -1
        self._passages: npt.NDArray[np.int64] | None = None
        self._known: dict[str, Selection] = {}

    def select(self, db: Catalog, version: int, wanted: Filter) -> Selection:
        """Return what passes in the state that `db` sees, whose `data_version` is `version`. Call inside `reading`.

        Raises UsageError when the condition names a field that no document has.
        """
        if version != self._version:
            self._version, self._passages = version, None
            self._known.clear()
        name = repr(wanted)  # not the filter itself: 1 and True are equal
        if name not in self._known:
            while len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[name] = self._select(db, wanted)
        return self._known[name]

    def _select(self, db: Catalog, wanted: Filter) -> Selection:
        documents = _documents(db, wanted)
        if self._passages is None and len(documents) > _FEW:
            self._passages = _all_passages(db, self._model_id)
        if self._passages is None:
            return _selection(documents, _passages_of(db, self._model_id, documents))
        return _selection(documents, self._passages[np.isin(self._passages[:, 1], np.array(documents, np.int64))])


def _selection(documents: Sequence[int], passages: npt.NDArray[np.int64]) -> Selection:
    vectors = np.unique(passages[passages[:, 2] > 0, 2])
    marks = np.zeros(int(vectors[-1]) + 1 if len(vectors) else 0, dtype=np.bool_)
    marks[vectors] = True
    bitmap = np.packbits(marks, bitorder="little")
    return Selection(frozenset(documents), np.unique(passages[:, 0]), vectors, bitmap)


def _all_passages(db: Catalog, model_id: int) -> npt.NDArray[np.int64]:
    """Return ids `[n, 3]` of chunk, document and vector, 0 where there is none."""
    owners = np.array(db.execute(_OWNERS).fetchall(), dtype=np.int64).reshape(-1, 2)
    owners = owners[np.argsort(owners[:, 0])]
    found = np.array(db.execute(_VECTORS, [model_id]).fetchall(), dtype=np.int64).reshape(-1, 2)
    place = np.searchsorted(owners[:, 0], found[:, 0])
    if (place == len(owners)).any() or (owners[place, 0] != found[:, 0]).any():
        raise Damaged("SQLite's indexes of the passages do not fit each other; run: wherein verify")
    vectors = np.zeros(len(owners), np.int64)
    vectors[place] = found[:, 1]
    return np.column_stack([owners, vectors])


def _passages_of(db: Catalog, model_id: int, documents: Sequence[int]) -> npt.NDArray[np.int64]:
    rows = list(select_in(db, _PASSAGES_OF, documents, model_id))
    return np.array(rows, dtype=np.int64).reshape(len(rows), 3)


def _documents(db: Catalog, wanted: Filter) -> list[int]:
    """Return the ids of the documents that pass, ascending."""
    tests, bound = list[str](), list[object]()
    if wanted.media_types:
        tests.append(f"d.media_type IN ({','.join('?' * len(wanted.media_types))})")
        bound += wanted.media_types
    if wanted.since_ns is not None:
        tests.append("CASE WHEN f.id IS NULL THEN d.changed_at >= ? ELSE f.mtime_ns >= ? END")
        bound += [_stamp(wanted.since_ns), wanted.since_ns]
    if wanted.where is not None:
        _refuse_unknown(db, wanted.where)
        test, values = sql(wanted.where)
        tests.append(test)
        bound += values
    files = " LEFT JOIN files f ON f.id = d.file_id" if wanted.since_ns is not None else ""
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    if not wanted.places:
        rows = db.execute(f"SELECT d.id FROM documents d{files}{where}", bound).fetchall()
        return sorted(int(row[0]) for row in rows)
    fits = re.compile("|".join(f"(?:{place})" for place in wanted.places), re.DOTALL).fullmatch
    rows = db.execute(f"SELECT d.id, d.uri FROM documents d{files}{where}", bound).fetchall()
    return sorted(int(number) for number, uri in rows if fits(str(uri)))


def _stamp(ns: int) -> str:
    """Return a time as the tables store it; the first or last possible one when it lies beyond what they can hold."""
    try:
        return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return "" if ns < 0 else "~"


def _refuse_unknown(db: Catalog, where: Condition) -> None:
    for field in sorted(set(fields_of(where))):
        has = "SELECT 1 FROM documents WHERE json_type(metadata, ?) IS NOT NULL LIMIT 1"
        if db.execute(has, [path_of(field)]).fetchone() is None:
            raise UsageError(f"No document has a field {_shown(field)}; {_known_fields(db)}")


def _known_fields(db: Catalog) -> str:
    keys = "SELECT e.key, count(*) FROM documents d, json_each(d.metadata) e GROUP BY e.key ORDER BY 2 DESC, 1"
    rows = db.execute(f"{keys} LIMIT ?", [_SHOWN_FIELDS + 1]).fetchall()
    if not rows:
        return "the documents here have no metadata, such as an author or a date"
    more = " and more" if len(rows) > _SHOWN_FIELDS else ""
    return f"known are {', '.join(_shown(str(row[0])) for row in rows[:_SHOWN_FIELDS])}{more}"


def _shown(name: str) -> str:
    return name[:80] if name.isprintable() else ascii(name[:80])
