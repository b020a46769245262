"""What the catalog holds of passages and vectors, by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from wherein.search.hits import PASSAGE_COLUMNS, StoredPassage
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import terms_of
from wherein.storage.catalog.vectors import Matrix, checked_vector

__all__ = ["CountedPassage", "PassageLookup"]

_BATCH_SIZE = 500  # SQLite before 3.32 takes 999 parameters in a statement
_CHUNKS = """
SELECT v.id, c.id FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash WHERE v.id IN ({}) ORDER BY c.id
"""
# CROSS JOIN: else SQLite may begin with all vectors of the model (https://sqlite.org/optoverview.html#crossjoin).
_VECTORS = (
    "SELECT c.id, v.id, v.input_hash, v.vector, v.checksum FROM chunks c"
    " CROSS JOIN vectors v ON v.model_id = ? AND v.input_hash = c.input_hash WHERE c.id IN ({})"
)
# LEFT JOIN: a passage that has lost its counts must be noticed, and not be missing.
_PASSAGES = f"""
SELECT t.counts, t.checksum, {PASSAGE_COLUMNS}
FROM chunks c JOIN documents d ON d.id = c.document_id LEFT JOIN terms t ON t.id = c.id
WHERE c.id IN ({{}})
"""
_TEXTS = (
    'SELECT c.id, d.title, c.heading, substr(d.text, c.start + 1, c."end" - c.start) FROM chunks c'
    " JOIN documents d ON d.id = c.document_id WHERE c.id IN ({})"
)


class CountedPassage(NamedTuple):
    """A stored passage with its row of `terms`, unchecked; `term_counts` is None where that row is lost."""

    passage: StoredPassage
    term_counts: object
    term_checksum: object


class PassageLookup:
    """Reads passages from the catalog by their ids; call its methods inside a snapshot."""

    def __init__(self, db: Catalog, model: StoredModel | None) -> None:
        self._db = db
        self._model = model

    def of_vectors(self, vector_ids: Sequence[int]) -> dict[int, list[int]]:
        """Return the passages of each vector, ascending; a vector without a passage is missing."""
        chunks: dict[int, list[int]] = {}
        for vector_id, chunk in self._rows(_CHUNKS, vector_ids):
            chunks.setdefault(vector_id, []).append(chunk)
        return chunks

    def terms(self, chunks: Sequence[int]) -> Iterator[list[int]]:
        """Return the terms of each passage in their order, those of its title and headings first."""
        terms = {
            chunk: list(chain.from_iterable(map(terms_of, map(str, texts))))
            for chunk, *texts in self._rows(_TEXTS, chunks)
        }
        return (terms[chunk] for chunk in chunks)

    def vectors(self, chunks: Sequence[int]) -> Iterator[tuple[int, Matrix]]:
        """Yield passage and vector `[width]`, in no order, of those passages that have one.

        Raises Damaged when a vector is not what was stored.
        """
        assert self._model is not None
        for chunk, *vector in self._rows(_VECTORS, chunks, self._model.id):
            yield chunk, checked_vector(self._model.dimension, *vector)

    def stored(self, chunks: Sequence[int]) -> dict[int, CountedPassage]:
        """Return the rows of passages by their ids, unchecked; one that is not stored is missing."""
        rows = self._rows(_PASSAGES, chunks)
        counted = (CountedPassage(StoredPassage(*passage), counts, checksum) for counts, checksum, *passage in rows)
        return {one.passage.chunk: one for one in counted}

    def _rows(self, statement: str, ids: Sequence[int], *before: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement for some ids, in no order; its parameters `before` come first."""
        for first in range(0, len(ids), _BATCH_SIZE):
            part = ids[first : first + _BATCH_SIZE]
            yield from self._db.execute(statement.format(", ".join("?" * len(part))), [*before, *part]).fetchall()
