"""In which passages of a library in Milvus each term occurs, kept for the next questions until the passages change.

To answer anything about terms Milvus looks at every passage. So of a small collection the terms of all passages are
read at once, and of a large one a term is counted only once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from threading import RLock

import numpy as np

from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.index.postings import Family, Mask, Postings, collect
from wherein.storage.store.milvus.catalog import MilvusCatalog
from wherein.storage.store.milvus.client import Connection
from wherein.storage.store.milvus.expression import EVERYTHING, holds_terms, sampled
from wherein.storage.store.milvus.ranges import FEW_NARROW, rows_in_order
from wherein.storage.store.milvus.rows import counted_terms
from wherein.storage.store.store import CountedPassage, TermStatistics

__all__ = ["CollectionTerms", "MilvusTerms", "counted_passages"]

_MAX_HELD = 10_000
"""Passages of a collection whose terms are all kept here, about 1.5 KB for each."""
_MAX_LENGTHS = 20_000
"""Passages whose lengths are read to know their mean."""
_TRUSTED_SECONDS = 1.0
"""For so long a change by another process may go unnoticed."""
_THREADS = 8
_COUNTED = ("key", "terms", "counts", "length")


def counted_passages(connection: Connection, collection: str, only: str) -> Iterator[CountedPassage]:
    """Yield the passages that pass an expression with their counted terms, in the order of their keys."""
    rows = list(rows_in_order(connection, collection, only, _COUNTED, FEW_NARROW))
    for row, counts in zip(rows, counted_terms(rows), strict=True):
        yield CountedPassage(row["key"], counts)


class MilvusTerms:
    """The terms of the collection that was asked for last; for any number of threads."""

    def __init__(self, connection: Connection, catalog: MilvusCatalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._lock = RLock()
        self._known: CollectionTerms | None = None
        self._checked = -inf

    def of(self, collection: str) -> CollectionTerms:
        """Return the terms of a collection as it is, or was a second ago."""
        with self._lock:
            known = self._known if self._known and self._known.collection == collection else None
            if known is None or time.monotonic() - self._checked > _TRUSTED_SECONDS:
                # Both: before a run ends only the number changes, and afterwards it may be what it was.
                state = self._catalog.checkpoint, self._connection.count(collection, EVERYTHING)
                if known is None or (known.checkpoint, known.count) != state:
                    known = CollectionTerms(self._connection, collection, *state)
                self._known, self._checked = known, time.monotonic()
            return known

    def forget(self) -> None:
        """Read everything again: passages have changed."""
        with self._lock:
            self._known = None


@dataclass(frozen=True, eq=False)
class CollectionTerms:
    """The terms of the `count` passages of a collection, as they were found in one state of it."""

    _connection: Connection
    collection: str
    checkpoint: str
    count: int
    _frequencies: dict[Family, int] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def statistics(self, terms: Sequence[int], families: Sequence[Family] = ()) -> TermStatistics:
        """Return what BM25 needs; the length is estimated in a large collection."""
        with self._lock:
            count = len(self._passages) if self._is_held else self.count
            asked = list(dict.fromkeys([*((term,) for term in terms), *families]))
            found = self._counted(asked)
            together = {family: found[family] for family in families}
            return TermStatistics(count, self._length, {term: found[term,] for term in terms}, together)

    def holding(self, terms: Sequence[int]) -> Sequence[CountedPassage] | None:
        """Return the passages with one of some terms, None where these are not kept."""
        with self._lock:
            if not self._is_held:
                return None
            return [self._passages[at] for at in np.flatnonzero(self._held(terms))]

    @property
    def _is_held(self) -> bool:
        return self.count <= _MAX_HELD

    @cached_property
    def _passages(self) -> list[CountedPassage]:
        return list(counted_passages(self._connection, self.collection, EVERYTHING))

    @cached_property
    def _postings(self) -> Postings:
        return collect([unpack_rows(range(len(self._passages)), [one.counts for one in self._passages])])

    @cached_property
    def _length(self) -> int:
        if self._is_held:
            return int(self._postings.lengths.sum())
        some = rows_in_order(self._connection, self.collection, sampled(_MAX_LENGTHS, self.count), ["length"])
        lengths = [int(row["length"]) for row in some]
        return round(sum(lengths) * self.count / len(lengths)) if lengths else 0

    def _held(self, terms: Sequence[int]) -> Mask:
        """Return which of the passages that are kept hold one of some terms."""
        held = np.zeros(len(self._passages), np.bool_)
        for term in terms:
            held |= self._postings.find(term).mask(len(held))
        return held

    def _counted(self, families: Sequence[Family]) -> dict[Family, int]:
        """Return how many passages hold a term of each family; a server counts some of them at once."""
        if self._is_held:
            return {family: int(np.count_nonzero(self._held(family))) for family in families}
        if unknown := [family for family in families if family not in self._frequencies]:
            with ThreadPoolExecutor(min(len(unknown), _THREADS), "wherein-count") as pool:
                self._frequencies.update(zip(unknown, pool.map(self._count, unknown), strict=True))
        return {family: self._frequencies[family] for family in families}

    def _count(self, family: Family) -> int:
        return self._connection.count(self.collection, holds_terms(family))
