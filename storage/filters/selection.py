"""Filters, and the passages that one selects in a committed state: a question is answered from these alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged, UsageError
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.documents import each_uri
from wherein.storage.catalog.integers import clamp
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids
from wherein.storage.filters.condition import Condition, fields_of, paths_of, sql

__all__ = ["Filter", "Selection", "Selector", "matching_documents", "selection_of", "unmatched_patterns"]

_CACHE_SIZE = 16
_MAX_SHOWN_FIELDS = 40
# The passages of up to this many documents are looked up; beyond it the passages of all documents are read once.
_MAX_LOOKED_UP = 1_000

# Two scans of indexes in their order, which are faster than visiting the row of every chunk.
# CROSS JOIN fixes their order, which SQLite would otherwise choose (https://sqlite.org/optoverview.html).
_VECTORS = "SELECT c.id, v.id FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash WHERE v.model_id = ?"
_OWNERS = "SELECT id, document_id FROM chunks"
_PASSAGES_OF = (
    "SELECT c.id, c.document_id, ifnull(v.id, 0) FROM chunks c LEFT JOIN vectors v ON v.model_id = ? AND"
    " v.input_hash = c.input_hash WHERE c.document_id IN ({})"
)


@dataclass(frozen=True)
class Filter:
    """Conditions on a document, all of which must hold; an empty one always does, so `Filter()` passes everything.

    `uri_patterns` are regular expressions, one of which must match the whole URI; `patterns` has what the user wrote
    for each. `media_types`: one of these is its media type. `since_ns`: its file was last modified then (nanoseconds
    since the epoch) or later; a text without a file counts as modified when it was ingested. `where` is a condition on
    its metadata.
    """

    uri_patterns: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    since_ns: int | None = None
    where: Condition | None = None
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The passages of one committed state that pass a filter: ascending ids `[n]` of chunks and of vectors.

    A passage may have no vector, which happens after a repair. A selected vector may also belong to passages that are
    not selected. `bitmap` has one bit for each vector id, as FAISS's IDSelectorBitmap wants it: lowest bit first.
    `unmatched` are the filter's patterns that match no document, whatever its other conditions are.
    """

    documents: frozenset[int]
    chunks: Ids
    vectors: Ids
    bitmap: npt.NDArray[np.uint8]
    unmatched: tuple[str, ...] = ()

    def has_chunk(self, chunk: int) -> bool:
        """Whether a passage is selected."""
        position = int(np.searchsorted(self.chunks, chunk))
        return position < len(self.chunks) and int(self.chunks[position]) == chunk

    def has_vectors(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Return for each vector id `[n]` whether one of its passages is selected."""
        marks = np.zeros(len(ids), dtype=np.bool_)
        inside = np.flatnonzero((ids >= 0) & (ids < 8 * len(self.bitmap)))  # a damaged index may hold any id
        known = ids[inside]
        marks[inside] = self.bitmap[known >> 3] >> (known & 7) & 1
        return marks


class Selector:
    """Evaluates filters; caches the passages and the selections of the last committed state."""

    def __init__(self, model_id: int) -> None:
        self._model_id = model_id
        self._version = -1
        self._passages: npt.NDArray[np.int64] | None = None
        self._known: dict[str, Selection] = {}

    def select(self, db: Catalog, version: int, filter_: Filter) -> Selection:
        """Return the passages that pass in the state that `db` sees, whose `data_version` is `version`.

        Call inside `snapshot`. Raises UsageError when the condition names a field that no document has.
        """
        if version != self._version:
            self._version, self._passages = version, None
            self._known.clear()
        name = repr(filter_)  # not the filter itself: 1 and True are equal
        if name not in self._known:
            while len(self._known) >= _CACHE_SIZE:
                del self._known[next(iter(self._known))]
            self._known[name] = self._select(db, filter_)
        return self._known[name]

    def _select(self, db: Catalog, filter_: Filter) -> Selection:
        uris = _documents(db, filter_)
        documents = sorted(uris)
        selection = self._of_documents(db, documents)
        return replace(selection, unmatched=unmatched_patterns(db, filter_, uris.values()))

    def _of_documents(self, db: Catalog, documents: Sequence[int]) -> Selection:
        if self._passages is None and len(documents) > _MAX_LOOKED_UP:
            self._passages = _all_passages(db, self._model_id)
        if self._passages is None:
            return selection_of(documents, _passages_of(db, self._model_id, documents))
        return selection_of(documents, self._passages[np.isin(self._passages[:, 1], np.array(documents, np.int64))])


def selection_of(documents: Sequence[int], passages: npt.NDArray[np.int64]) -> Selection:
    """Return the selection of documents with these passages: ids `[n, 3]` of chunk, document and vector, 0 for none."""
    vectors = np.unique(passages[passages[:, 2] > 0, 2])
    marks = np.zeros(int(vectors[-1]) + 1 if len(vectors) else 0, dtype=np.bool_)
    marks[vectors] = True
    bitmap = np.packbits(marks, bitorder="little")
    return Selection(frozenset(documents), np.unique(passages[:, 0]), vectors, bitmap)


def _all_passages(db: Catalog, model_id: int) -> npt.NDArray[np.int64]:
    """Return ids `[n, 3]` of chunk, document and vector, 0 for no vector."""
    owners = np.array(db.execute(_OWNERS).fetchall(), dtype=np.int64).reshape(-1, 2)
    chunks, documents = owners[np.argsort(owners[:, 0])].T
    embedded, vector_ids = np.array(db.execute(_VECTORS, [model_id]).fetchall(), dtype=np.int64).reshape(-1, 2).T
    positions = np.searchsorted(chunks, embedded)
    if (positions == len(chunks)).any() or (chunks[positions] != embedded).any():
        raise Damaged("SQLite's indexes of the passages contradict each other; run: wherein verify")
    vectors = np.zeros(len(chunks), np.int64)
    vectors[positions] = vector_ids
    return np.column_stack([chunks, documents, vectors])


def _passages_of(db: Catalog, model_id: int, documents: Sequence[int]) -> npt.NDArray[np.int64]:
    rows = list(select_in(db, _PASSAGES_OF, documents, model_id))
    return np.array(rows, dtype=np.int64).reshape(len(rows), 3)


def _documents(db: Catalog, filter_: Filter) -> dict[int, str]:
    """Return the URIs of the documents that pass, by their ids; without patterns the URIs are empty."""
    uri = "d.uri" if filter_.uri_patterns else "''"  # read only where it counts
    return {int(number): str(uri) for uri, number in matching_documents(db, filter_, f"{uri}, d.id")}


def matching_documents(db: Catalog, filter_: Filter, columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield `columns` of each document `d` that passes, and of its file `f`; the first column is its URI.

    That may be another where the filter has no patterns. Raises UsageError as `Selector.select` does.
    """
    tests, bound = _tests(db, filter_)
    files = " LEFT JOIN files f ON f.id = d.file_id" if filter_.since_ns is not None or "f." in columns else ""
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    rows = db.execute(f"SELECT {columns} FROM documents d{files}{where}", bound).fetchall()
    patterns = filter_.uri_patterns or (".*",)
    matches = re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.DOTALL).fullmatch
    return (row for row in rows if matches(str(row[0])))


def _tests(db: Catalog, filter_: Filter) -> tuple[list[str], list[object]]:
    """Return the tests of a filter but for its patterns, in SQL, and the values to be bound in them."""
    tests, bound = list[str](), list[object]()
    if filter_.media_types:
        tests.append(f"d.media_type IN ({','.join('?' * len(filter_.media_types))})")
        bound += filter_.media_types
    if filter_.since_ns is not None:
        tests.append("CASE WHEN f.id IS NULL THEN d.changed_at >= ? ELSE f.mtime_ns >= ? END")
        bound += [_stamp(filter_.since_ns), clamp(filter_.since_ns)]
    if filter_.where is not None:
        _check_fields(db, filter_.where)
        test, values = sql(filter_.where)
        tests.append(test)
        bound += values
    return tests, bound


def unmatched_patterns(db: Catalog, filter_: Filter, passing: Collection[str]) -> tuple[str, ...]:
    """Return the patterns that match no document at all; `passing` are the URIs of those that pass the whole filter."""
    tests = {
        pattern: re.compile(uri_pattern, re.DOTALL).fullmatch
        for pattern, uri_pattern in zip(filter_.patterns, filter_.uri_patterns, strict=False)
    }
    left = [pattern for pattern, matches in tests.items() if not any(map(matches, passing))]
    return tuple(pattern for pattern in left if not any(map(tests[pattern], each_uri(db))))


def _stamp(ns: int) -> str:
    """Return a time as the tables store it, or a text that sorts before or after all times if it is out of range."""
    try:
        return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return "" if ns < 0 else "~"


def _check_fields(db: Catalog, where: Condition) -> None:
    for field in sorted(set(fields_of(where))):  # sorted: the error always names the same field
        has = "SELECT 1 FROM documents WHERE json_type(metadata, ?) IS NOT NULL LIMIT 1"
        if not any(db.execute(has, [path]).fetchone() for path in paths_of(field)):
            raise UsageError(f"No document has a field {_printable(field)}; {_known_fields(db)}")


def _known_fields(db: Catalog) -> str:
    keys = "SELECT e.key, count(*) FROM documents d, json_each(d.metadata) e GROUP BY e.key ORDER BY 2 DESC, 1"
    rows = db.execute(f"{keys} LIMIT ?", [_MAX_SHOWN_FIELDS + 1]).fetchall()
    if not rows:
        return "the documents here have no metadata, such as an author or a date"
    names = [_printable(str(name)) for name, _ in rows]
    more = " and more" if len(names) > _MAX_SHOWN_FIELDS else ""
    return f"known are {', '.join(names[:_MAX_SHOWN_FIELDS])}{more}"


def _printable(name: str) -> str:
    return name[:80] if name.isprintable() else ascii(name[:80])
