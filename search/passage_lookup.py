"""What the catalog holds of passages and vectors, by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from wherein.errors import Damaged
from wherein.search.hits import StoredPassage
from wherein.search.stored_passages import MAX_LENGTH, read_passages
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import terms_of
from wherein.storage.catalog.vectors import Matrix, checked_vector
from wherein.storage.disk.recent import Recent

__all__ = ["PassageLookup", "RecentPassages", "RecentTerms", "required"]

# Terms of all passages together, at 8 bytes each.
_MAX_RECENT = 500_000

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
_COUNTS = "SELECT id, counts, checksum FROM terms WHERE id IN ({})"


class RecentTerms(Recent[int, list[int]]):
    """The terms of passages that were compared with questions, by the ids of the passages.

    They hold in later snapshots, too: a passage that changes gets another id.
    """

    def __init__(self) -> None:
        super().__init__(_MAX_RECENT)


class RecentPassages:
    """The passages of vectors, by the ids of these and how many were wanted; only of the state that was read last.

    Another connection has to make the changes: by these the state is known.
    """

    def __init__(self) -> None:
        self._version = -1
        self._known = Recent[tuple[int, int], list[int]](_MAX_RECENT)

    def of_state(self, db: Catalog) -> Recent[tuple[int, int], list[int]]:
        """Return what is known in the present state. Call inside a snapshot."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version, self._known = version, Recent(_MAX_RECENT)
        return self._known


class PassageLookup:
    """Reads passages from the catalog by their ids, and keeps those that it has read; for one snapshot only."""

    def __init__(
        self,
        db: Catalog,
        model: StoredModel | None,
        recent: RecentTerms | None = None,
        passages: RecentPassages | None = None,
    ) -> None:
        self._db = db
        self._model = model
        self._known: dict[int, StoredPassage] = {}
        self._recent = RecentTerms() if recent is None else recent
        self._of_vectors = RecentPassages() if passages is None else passages

    def of_vectors(self, vector_ids: Sequence[int], most: int | None = None) -> dict[int, list[int]]:
        """Return the passages of each vector, ascending, the first `most`; a vector without a passage is missing."""
        if most is None:
            return self._read_of(_CHUNKS, vector_ids)
        known = self._of_vectors.of_state(self._db)
        found = {vector: known[vector, most] for vector in vector_ids if (vector, most) in known}
        unknown = [vector for vector in vector_ids if vector not in found]
        read = self._read_of(_FIRST_CHUNKS, unknown, most)
        for vector in unknown:
            known.keep((vector, most), read.get(vector, []), len(read.get(vector, ())))
        return {vector: chunks for vector, chunks in (found | read).items() if chunks}

    def _read_of(self, statement: str, vector_ids: Sequence[int], *limits: int) -> dict[int, list[int]]:
        chunks: dict[int, list[int]] = {}
        for vector_id, chunk in select_in(self._db, statement, vector_ids, *limits):
            chunks.setdefault(vector_id, []).append(chunk)
        return chunks

    def terms(self, chunks: Sequence[int]) -> Iterator[list[int]]:
        """Yield the terms of each passage in their order, those of its title and headings first.

        Raises Damaged when one is not stored.
        """
        known = {chunk: self._recent[chunk] for chunk in chunks if chunk in self._recent}
        stored = self.stored([chunk for chunk in chunks if chunk not in known])
        for chunk in chunks:
            if (terms := known.get(chunk)) is None:
                passage = required(stored, chunk)
                texts = (passage.title, passage.heading, passage.text)
                terms = list(chain.from_iterable(terms_of(str(text)[:MAX_LENGTH]) for text in texts))
                if passage.text is not None:  # a lost text may be repaired
                    self._recent.keep(chunk, terms, len(terms))
            yield terms

    def vectors(self, chunks: Sequence[int]) -> Iterator[tuple[int, Matrix]]:
        """Yield passage and vector `[width]`, in no order, of those passages that have one.

        Raises Damaged when a vector is not what was stored.
        """
        assert self._model is not None
        for chunk, *vector in select_in(self._db, _VECTORS, chunks, self._model.id):
            yield chunk, checked_vector(self._model.dimension, *vector)

    def stored(self, chunks: Sequence[int]) -> dict[int, StoredPassage]:
        """Return the rows of passages by their ids, unchecked; one that is not stored is missing."""
        unknown = [chunk for chunk in chunks if chunk not in self._known]
        self._known.update((passage.chunk, passage) for passage in read_passages(self._db, unknown))
        return {chunk: self._known[chunk] for chunk in chunks if chunk in self._known}

    def counts(self, chunks: Sequence[int]) -> dict[int, tuple[object, object]]:
        """Return counts and checksum of each passage's row of `terms`, unchecked; one without a row is missing."""
        return {chunk: (counts, checksum) for chunk, counts, checksum in select_in(self._db, _COUNTS, chunks)}


def required(stored: Mapping[int, StoredPassage], chunk: int) -> StoredPassage:
    """Return a passage that an index names. Raises Damaged when it is not stored."""
    if chunk not in stored:
        raise Damaged(f"Passage {chunk} is in an index but not stored; run: wherein verify")
    return stored[chunk]
