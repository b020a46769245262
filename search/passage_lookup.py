"""What the catalog holds of passages and vectors, by their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Unpack

import numpy as np

from wherein.errors import Damaged
from wherein.search.fusion import Terms
from wherein.search.hits import Hit, Ranking, StoredPassage, checked_hit
from wherein.search.stored_passages import read_passages
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.packed_terms import TermRows
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import StoredTerms, checked_terms
from wherein.storage.catalog.term_order import MAX_TERMS
from wherein.storage.catalog.terms import terms_of
from wherein.storage.catalog.vectors import Matrix, checked_vectors
from wherein.storage.disk.recent import Recent
from wherein.storage.filters.selection import Selection

__all__ = ["PassageLookup", "required"]

# What is kept of all passages together: terms at 8 bytes each, characters of texts, vectors, counted terms at about
# 25 bytes each, with their order.
_MAX_TERMS = 1_000_000
_MAX_CHARACTERS = 4_000_000
_MAX_VECTORS = 5_000
_MAX_COUNTED = 500_000
_MAX_CHUNKS = 50_000

_CHUNKS = """
SELECT v.id, c.id FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash WHERE v.id IN ({}) ORDER BY c.id
"""
# Up to the `most`-th passage of a vector, all of them where there are fewer.
_FIRST_CHUNKS = """
SELECT v.id, c.id FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash AND c.id <= coalesce(
(SELECT x.id FROM chunks x WHERE x.input_hash = v.input_hash ORDER BY x.id LIMIT 1 OFFSET ? - 1), 9223372036854775807)
WHERE v.id IN ({}) ORDER BY c.id
"""
# CROSS JOIN: else SQLite may begin with all vectors of the model (https://sqlite.org/optoverview.html#crossjoin).
_VECTORS = (
    "SELECT c.id, v.id, v.input_hash, v.vector, v.checksum FROM chunks c"
    " CROSS JOIN vectors v ON v.model_id = ? AND v.input_hash = c.input_hash WHERE c.id IN ({})"
)
_COUNTS = "SELECT id, counts, checksum, term_order FROM terms WHERE id IN ({})"


class PassageLookup:
    """Reads passages from the catalog by their ids, and keeps the last few thousand that it has read.

    What is kept holds for one state of the catalog: call `begin` in each snapshot. Terms hold in later states, too,
    because a passage that changes gets another id.
    """

    def __init__(self, db: Catalog, model: StoredModel | None) -> None:
        self._db = db
        self._model = model
        self._version: int | None = None
        self._stored: Recent[int, StoredPassage] = Recent(_MAX_CHARACTERS)
        self._hits: Recent[int, Hit] = Recent(_MAX_CHARACTERS)
        self._chunks: Recent[tuple[int, int | None], list[int]] = Recent(_MAX_CHUNKS)
        self._counted: Recent[int, StoredTerms] = Recent(_MAX_COUNTED)
        self._terms: Recent[int, Terms] = Recent(_MAX_TERMS)
        self._vectors: Recent[int, Matrix] = Recent(_MAX_VECTORS)

    def begin(self, version: int) -> None:
        """Forget what was read in a snapshot of another version, by SQLite's `data_version`."""
        if version != self._version:
            self._version = version
            for kept in (self._stored, self._hits, self._chunks, self._counted, self._vectors):
                kept.clear()

    def of_vectors(self, vector_ids: Sequence[int], most: int | None = None) -> dict[int, list[int]]:
        """Return the passages of each vector, ascending, the first `most`; a vector without a passage is missing."""
        found = {number: self._chunks[number, most] for number in vector_ids if (number, most) in self._chunks}
        unknown = [number for number in vector_ids if number not in found]
        statement, limits = (_CHUNKS, ()) if most is None else (_FIRST_CHUNKS, (most,))
        for number, chunk in select_in(self._db, statement, unknown, *limits):
            found.setdefault(number, []).append(chunk)
        for number in unknown:
            if number in found:
                self._chunks.keep((number, most), found[number], len(found[number]))
        return found

    def terms(self, chunks: Sequence[int]) -> list[Terms]:
        """Return the terms int64 `[t]` of each passage in their order, those of its title and headings first.

        Raises Damaged when a passage is not stored, or its terms are not what was stored.
        """
        found = {chunk: self._terms[chunk] for chunk in chunks if chunk in self._terms}
        unknown = [chunk for chunk in chunks if chunk not in found]
        for chunk, own in zip(unknown, self._stored_terms(unknown), strict=True):
            if (terms := own.in_order()) is not None:
                found[chunk] = terms
                self._terms.keep(chunk, terms, len(terms))
        if without_order := [chunk for chunk in unknown if chunk not in found]:
            found |= self._terms_of_texts(without_order)
        return [found[chunk] for chunk in chunks]

    def _terms_of_texts(self, chunks: Sequence[int]) -> dict[int, Terms]:
        """Return the terms of passages that were stored before their order was."""
        found, stored = dict[int, Terms](), self.stored(chunks)
        for chunk in chunks:
            passage = required(stored, chunk)
            texts = (passage.title, *passage.headings, passage.text)
            terms = chain.from_iterable(terms_of(str(text)) for text in texts)
            found[chunk] = np.fromiter(islice(terms, MAX_TERMS), np.int64)
            if passage.text is not None:  # a lost text may be repaired
                self._terms.keep(chunk, found[chunk], len(found[chunk]))
        return found

    def vectors(self, chunks: Sequence[int]) -> tuple[list[int], Matrix]:
        """Return those of some passages that have a vector, and their vectors `[n, width]`.

        Raises Damaged when a vector is not what was stored.
        """
        assert self._model is not None
        found = {chunk: self._vectors[chunk] for chunk in chunks if chunk in self._vectors}
        if unknown := [chunk for chunk in chunks if chunk not in found]:
            rows = list(select_in(self._db, _VECTORS, unknown, self._model.id))
            _, vectors = checked_vectors(self._model.dimension, [row[1:] for row in rows])
            for (chunk, *_), vector in zip(rows, vectors, strict=True):
                found[chunk] = vector
                self._vectors.keep(chunk, vector, 1)
        matrix = np.array(list(found.values()), np.float32).reshape(len(found), self._model.dimension)
        return list(found), matrix

    def stored(self, chunks: Sequence[int]) -> dict[int, StoredPassage]:
        """Return the rows of passages by their ids, unchecked; one that is not stored is missing."""
        found = {chunk: self._stored[chunk] for chunk in chunks if chunk in self._stored}
        if unknown := [chunk for chunk in chunks if chunk not in found]:
            for passage in read_passages(self._db, unknown):
                found[passage.chunk] = passage
                self._stored.keep(passage.chunk, passage, len(str(passage.text)))
        return found

    def hit(self, chunk: int, selection: Selection | None, **ranking: Unpack[Ranking]) -> Hit:
        """Return a passage as a hit.

        Raises Damaged when the passage or its document is not what was stored, or when that is not in `selection`.
        """
        hit = self._hits.get(chunk)
        if hit is None:
            hit = checked_hit(required(self.stored([chunk]), chunk))
            self._hits.keep(chunk, hit, len(hit.text))
        if selection is not None and hit.document not in selection.documents:
            raise Damaged(f"Passage {chunk} was selected by another document; run: wherein verify")
        return hit.changed(**ranking)

    def counted(self, chunks: Sequence[int]) -> list[TermRows]:
        """Return the counted terms of each passage, by itself. Raises Damaged when one is not what was stored."""
        return [own.counts for own in self._stored_terms(chunks)]

    def _stored_terms(self, chunks: Sequence[int]) -> list[StoredTerms]:
        found = {chunk: self._counted[chunk] for chunk in chunks if chunk in self._counted}
        if unknown := [chunk for chunk in chunks if chunk not in found]:
            rows = {chunk: row for chunk, *row in select_in(self._db, _COUNTS, unknown)}
            stored = checked_terms((chunk, *rows.get(chunk, (None, None, None))) for chunk in unknown)
            for chunk, own in zip(unknown, stored, strict=True):
                found[chunk] = own
                self._counted.keep(chunk, own, len(own.counts.entries))
        return [found[chunk] for chunk in chunks]


def required(stored: Mapping[int, StoredPassage], chunk: int) -> StoredPassage:
    """Return a passage that an index names. Raises Damaged when it is not stored."""
    if chunk not in stored:
        raise Damaged(f"Passage {chunk} is in an index but not stored; run: wherein verify")
    return stored[chunk]
