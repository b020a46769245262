"""Hits: passages in an answer, checked against what was stored."""

from dataclasses import dataclass

from wherein.errors import Damaged
from wherein.search.fusion import Overlap
from wherein.storage.catalog.documents import check_document, checked_chunk, chunk_text

__all__ = ["PASSAGE", "Hit", "Place", "Sentence", "hit_of"]

PASSAGE = """c.id, d.id, d.uri, c.ordinal, c.start, c."end", c.page, c.heading,
       c.input_hash, c.checksum, d.title, d.media_type, d.text_hash, d.metadata, d.notes, d.checksum,
       substr(d.text, c.start + 1, c."end" - c.start),
       length(substr(d.text, 1, c.start)) - length(replace(substr(d.text, 1, c.start), char(10), '')) + 1"""
"""The columns of a chunk `c` and its document `d` of which `hit_of` makes a hit."""


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
