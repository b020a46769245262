"""The passages nearest in meaning to a question."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wherein.embed.metric import score_and_distance
from wherein.errors import Damaged
from wherein.search.fusion import Overlap
from wherein.search.provenance import Provenance, basis_of
from wherein.storage.catalog.documents import check_document, checked_chunk, chunk_text
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Matrix, checked_vector
from wherein.storage.filters.selection import Filter, Selection, Selector
from wherein.storage.index.vector_index import VectorIndex, reading_index

__all__ = ["PASSAGE", "Hit", "Place", "Searcher", "Sentence", "exact_nearness", "hit_of"]

PASSAGE = """c.id, d.id, d.uri, c.ordinal, c.start, c."end", c.page, c.heading,
       c.input_hash, c.checksum, d.title, d.media_type, d.text_hash, d.metadata, d.notes, d.checksum,
       substr(d.text, c.start + 1, c."end" - c.start),
       length(substr(d.text, 1, c.start)) - length(replace(substr(d.text, 1, c.start), char(10), '')) + 1"""
"""The columns of a chunk `c` and its document `d` of which `hit_of` makes a hit."""

_HITS = f"""
SELECT v.id, v.input_hash, v.vector, v.checksum, {PASSAGE}
FROM vectors v CROSS JOIN chunks c ON c.input_hash = v.input_hash JOIN documents d ON d.id = c.document_id
WHERE v.id = ? ORDER BY c.id
"""
# The index and NumPy add in another order; beyond this part of the two vectors' lengths, which is by how much the
# rounding of an inner product may grow, the index does not hold the vector that is stored.
_TOLERANCE = 1e-4
# So many more are looked at where the index may not tell very near distances apart: of vectors that are long compared
# with their distances the inner product, in float32, has few digits left.
_SPARE = {"l2": 16}


@dataclass(frozen=True)
class Place:
    """Where a passage is: characters `start` to `end` of a document, on `line` and `page`, which count from 1."""

    uri: str
    title: str
    start: int
    end: int
    line: int
    page: int | None


@dataclass(frozen=True)
class Sentence:
    """Characters `start` to `end` of a hit's document, and the sentence's own similarity to the question."""

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Hit:
    """A passage: characters `start` to `end` of its document.

    `score` is the cosine similarity, -1 to 1, in the mode `semantic`, or the inner product where the model's metric is
    another (see embed/metric.py); the BM25 score in `keyword`, and in `hybrid` what `fusion.fuse` makes of both.
    `distance` is the Euclidean one, not squared, where that is the metric, else None. `rank` and `line` count from 1;
    `page` is None where the format has none.

    In the modes that look at words `dense_score` and `keyword_score` are the two scores, and the ranks, from 1, tell
    where it is in either ranking; None where it is not among the candidates of one. `matched` are the words of the
    question that occur, as they were asked. In `hybrid` `overlap` is what else of the question's words was counted, and
    `chance` how likely the passage is the answer, 0 to 1 (see calibration.py); None where the metric is no cosine, or
    where there are fewer than 100 vectors.

    `freshness` is `fresh`, `changed` or `missing`, as its file is, and `unknown` where there is none. `also_in` are
    places that say nearly the same; `before` and `after` are the text around it, and `sentence` what is nearest to the
    question, if asked for.
    """

    rank: int
    score: float
    distance: float | None
    document: int
    chunk: int
    uri: str
    title: str
    media_type: str
    start: int
    end: int
    line: int
    page: int | None
    heading: tuple[str, ...]
    text: str
    dense_score: float | None = None
    dense_rank: int | None = None
    keyword_score: float | None = None
    keyword_rank: int | None = None
    matched: tuple[str, ...] | None = None
    overlap: Overlap | None = None
    chance: float | None = None
    freshness: str = "unknown"
    also_in: tuple[Place, ...] = ()
    before: str = ""
    after: str = ""
    sentence: Sentence | None = None


class Searcher:
    """A reader of one library: holds the index of the last committed state and no transaction between questions.

    `basis` tells what the last question was answered from.
    """

    def __init__(self, db: Catalog, folder: Path, model: StoredModel, metric: str = "cosine") -> None:
        self._db = db
        self._folder = folder
        self._model = model
        self._metric = metric
        self._index: VectorIndex | None = None
        self._selector = Selector(model.id)
        self.basis: Provenance | None = None

    def refresh(self) -> None:
        """Open what was committed last, so that the next `search` finds it open."""
        with reading_index(self._db, self._folder, self._model, self._index) as self._index:
            pass

    def search(self, question: Matrix, k: int, only: Filter | None = None) -> list[Hit]:
        """Return the `k` passages that are nearest to `question` `[width]` by the model's metric.

        With `only` those of documents that pass it. Fewer only when there are fewer. Scores are calculated from the
        stored vectors, whatever the index says. Raises Damaged rather than show a text or a score that is not the
        stored one's, UsageError when `only` asks for a field that no document has.
        """
        with reading_index(self._db, self._folder, self._model, self._index) as self._index:
            self.basis = basis_of(self._model, self._index, None)
            among = self._selector.select(self._db, self._index.version, only) if only else None
            count = self._index.count if among is None else len(among.vectors)
            wanted = enough = k + _SPARE.get(self._metric, 0)
            while True:
                hits = self._hits(question, wanted, enough, among)
                if len(hits) == enough or wanted >= count:
                    return [replace(hit, rank=rank) for rank, hit in enumerate(hits[:k], 1)]
                # Some of the nearest vectors belong to no passage any more: look further.
                wanted *= 4

    def _hits(self, question: Matrix, wanted: int, enough: int, among: Selection | None) -> list[Hit]:
        assert self._index is not None
        hits: dict[int, Hit] = {}
        for vector_id, score in zip(*self._index.nearest(question, wanted, among), strict=True):
            if len(hits) == enough:
                break
            for row in self._db.execute(_HITS, [int(vector_id)]).fetchall():
                if len(hits) < enough and (among is None or among.has_chunk(row[4])):
                    hit = hit_of(self._nearness(question, float(score), row[:4]), row[1], row[4:])
                    if among is not None and hit.document not in among.documents:
                        raise Damaged(f"Passage {hit.chunk} was selected by another document; run: wherein verify")
                    if hit.chunk in hits:
                        raise Damaged(f"Passage {hit.chunk} is found twice; run: wherein verify")
                    hits[hit.chunk] = hit
        # A stable sort: equal scores keep their order.
        return sorted(hits.values(), key=lambda hit: -hit.score if hit.distance is None else hit.distance)

    def _nearness(
        self, question: Matrix, score: float, row: tuple[int, bytes, bytes, int]
    ) -> tuple[float, float | None]:
        """Return score and distance by the stored vector.

        Raises Damaged when the index, which said `score`, has another.
        """
        stored = checked_vector(self._model.dimension, *row)
        near = exact_nearness(self._metric, question, stored, score)
        if near is None:
            raise Damaged(f"The index holds another vector {row[0]} than is stored; run: wherein repair")
        return near


def exact_nearness(metric: str, question: Matrix, stored: Matrix, score: float) -> tuple[float, float | None] | None:
    """Return score and distance of a question and a stored vector; None when an index that said `score` has another."""
    near = score_and_distance(metric, question, stored)
    allowed = _TOLERANCE * max(1.0, float(np.linalg.norm(question) * np.linalg.norm(stored)))
    return near if abs(near[0] - score) <= allowed else None  # None also when one of them is no number


def hit_of(near: tuple[float, float | None], input_hash: bytes, row: tuple) -> Hit:  # type: ignore[type-arg]
    """Return a hit from the columns `PASSAGE`. Raises Damaged when one is not the stored."""
    chunk_id, document_id, uri, *columns = row
    span = checked_chunk(uri, document_id, *columns[:7])
    if span.input_hash != input_hash:  # a damaged index of SQLite's leads from a vector to the passage of another
        raise Damaged(f"A passage of {uri} was found by the vector of another; run: wherein verify")
    title, media_type, *described, text, line = columns[7:]
    check_document(uri, title, media_type, *described)
    checked = chunk_text(uri, text, span.input_hash)
    return Hit(
        0, *near, document_id, chunk_id, uri, title, media_type, span.start, span.end, line, span.page,
        span.heading, checked,
    )  # fmt: skip
