"""How a store in a folder finds passages: with the indexes that the library's own questions are answered from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.coverage import main_language
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.catalog.words import read_words
from wherein.storage.filters.selection import Selection, selection_of
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords
from wherein.storage.index.postings import Family
from wherein.storage.index.vector_index import VectorIndex, load_index
from wherein.storage.store.checks import check_search
from wherein.storage.store.document import Scored
from wherein.storage.store.filters import Filter
from wherein.storage.store.local.connection import Connections, required_model
from wherein.storage.store.local.limits import LIMITS
from wherein.storage.store.local.reading import chunks_by_key, passing_chunks
from wherein.storage.store.local.rows import chunks_of_documents, passage_rows
from wherein.storage.store.store import CountedPassage, TermStatistics

__all__ = ["LocalSearching"]

_CHUNKS = "SELECT v.id, c.id FROM vectors v JOIN chunks c ON c.input_hash = v.input_hash WHERE v.id IN ({})"
_COUNTS = "SELECT id, counts FROM terms WHERE id IN ({})"
_OWNERS = "SELECT id, document_id FROM chunks WHERE id IN ({})"


class LocalSearching:
    """The part of `LocalStore` that searches."""

    _connections: Connections
    _vectors: VectorIndex | None = None
    _keywords: KeywordIndex | None = None

    def search(self, vector: Matrix, k: int, only: Filter | None = None, *, vectors: bool = False) -> list[Scored]:
        """Return the nearest passages; see `SearchableStore`."""
        with self._connections.reading() as db:
            model = required_model(db, self._connections.folder)
            check_search(vector, k, model.dimension, LIMITS)
            self._vectors = load_index(db, self._connections.folder, model, self._vectors)
            near = self._nearest(db, vector, k, _selection(db, model, only) if only is not None else None)
            passages = passage_rows(db, model if vectors else None, list(near))
            found = [Scored(one, score) for one, score in zip(passages, near.values(), strict=True)]
        return sorted(found, key=lambda one: (-one.score, one.passage.key))

    def _nearest(self, db: Catalog, vector: Matrix, k: int, selection: Selection | None) -> dict[int, float]:
        """Return the ids of the nearest chunks with their scores, best first."""
        assert self._vectors is not None
        wanted, most = k, self._vectors.count
        while True:
            ids, scores = self._vectors.nearest(vector, wanted, selection)
            chunks_of: dict[int, list[int]] = {}
            for number, chunk in select_in(db, _CHUNKS, ids.tolist()):
                if selection is None or selection.has_chunk(chunk):
                    chunks_of.setdefault(number, []).append(chunk)
            near = {
                chunk: score
                for number, score in zip(ids.tolist(), scores.tolist(), strict=True)
                for chunk in sorted(chunks_of.get(number, ()))
            }
            # Some of the nearest vectors no longer belong to a passage.
            if len(near) >= k or wanted >= most:
                return dict(list(near.items())[:k])
            wanted = min(4 * wanted, most)

    def term_statistics(self, terms: Sequence[int], families: Sequence[Family] = ()) -> TermStatistics:
        """Return the numbers that BM25 needs; see `SearchableStore`."""
        with self._connections.reading() as db:
            index = self._loaded_keywords(db)
            together = {one: sum(part.find_any(one).count(part.live) for part in index.parts) for one in families}
            return TermStatistics(index.count, index.length, index.frequencies(terms), together)

    def words(self) -> set[str]:
        """Return the words of the passages; see `SearchableStore`."""
        with self._connections.reading() as db:
            return read_words(db)

    def main_language(self) -> str:
        """Return the language of most documents; see `SearchableStore`."""
        with self._connections.reading() as db:
            return main_language(db)

    def with_terms(self, terms: Sequence[int], only: Filter | None = None) -> Iterator[CountedPassage]:
        """Yield the passages that hold a term; see `SearchableStore`."""
        with self._connections.reading() as db:
            index, chunks = self._loaded_keywords(db), set[int]()
            for part in index.parts:
                for term in terms:
                    held = part.find(term).mask(len(part.postings.ids))
                    chunks.update(part.postings.ids[held if part.live is None else held & part.live].tolist())
            if only is not None:
                chunks &= {chunk for _, own in passing_chunks(db, only).values() for chunk in own}
            found = _counted(db, sorted(chunks))
        yield from found

    def sample(self, n: int) -> Matrix:
        """Return vectors that are spread over all; see `SearchableStore`."""
        with self._connections.reading() as db:
            model = required_model(db, self._connections.folder)
            self._vectors = load_index(db, self._connections.folder, model, self._vectors)
            return self._vectors.sample(n)

    def counted(self, keys: Sequence[str]) -> list[CountedPassage]:
        """Return the counted terms of passages; see `SearchableStore`."""
        with self._connections.reading() as db:
            found = {one.key: one for one in _counted(db, [one.chunk for one in chunks_by_key(db, keys)])}
            return [found[key] for key in keys if key in found]

    def _loaded_keywords(self, db: Catalog) -> KeywordIndex:
        self._keywords = load_keywords(db, self._connections.folder, self._keywords)
        return self._keywords


def _selection(db: Catalog, model: StoredModel, only: Filter) -> Selection:
    """Return the passages that pass, with their vectors."""
    passing = passing_chunks(db, only)
    chunks = [chunk for _, own in passing.values() for chunk in own]
    statement = (
        "SELECT c.id, c.document_id, ifnull(v.id, 0) FROM chunks c LEFT JOIN vectors v ON v.model_id = ?"
        " AND v.input_hash = c.input_hash WHERE c.id IN ({})"
    )
    rows = list(select_in(db, statement, chunks, model.id))
    return selection_of(list(passing), np.array(rows, np.int64).reshape(len(rows), 3))


def _counted(db: Catalog, chunks: Sequence[int]) -> list[CountedPassage]:
    counts = dict(select_in(db, _COUNTS, chunks))
    documents = {document for _, document in select_in(db, _OWNERS, chunks)}
    keys = {one.chunk: one.key for one in chunks_of_documents(db, sorted(documents))}
    return [CountedPassage(keys[chunk], counts[chunk]) for chunk in chunks if chunk in counts and chunk in keys]
