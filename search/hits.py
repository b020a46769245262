"""Hits: the passages of an answer, checked against what was stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, Unpack

from wherein.search.fusion import Overlap
from wherein.storage.catalog.documents import ChunkRow, check_document, checked_chunk
from wherein.storage.catalog.raw_chunks import readable_headings
from wherein.storage.catalog.titled_texts import chunk_text

__all__ = ["FreshnessOf", "Hit", "Place", "Sentence", "StoredPassage", "checked_hit", "checked_place"]


FreshnessOf = Callable[[Iterable[int]], Mapping[int, str]]
"""Returns for documents, by their ids, whether their files are `fresh`, `changed`, `missing` or `unknown`."""


class StoredPassage(NamedTuple):
    """A row of `chunks` with what a hit needs of its document's, unchecked; `line` counts from 1."""

    chunk: int
    document: int
    uri: str
    ordinal: int
    start: int
    end: int
    page: int | None
    heading: str
    input_hash: bytes
    chunk_checksum: int
    title: str
    media_type: str
    text_hash: bytes
    metadata: str
    notes: str
    document_checksum: int
    text: object
    line: int

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings; none where they are damaged."""
        return readable_headings(self.heading)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a passage is: characters `start` to `end` of a document, on `line` and `page`, which count from 1."""

    uri: str
    title: str
    start: int
    end: int
    line: int
    page: int | None


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Characters `start` to `end` of a hit's document; `score` is the share of the question's words in it, 0 to 1.

    Words count more the fewer sentences of the answer hold them.
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage: characters `start` to `end` of its document.

    `score` orders the hits. In the mode `semantic` it is the cosine similarity, -1 to 1, or the inner product where the
    model has another metric (see embed/metric.py); in `keyword` the BM25 score; in `hybrid` the result of
    `fusion.fuse`. `distance` is the Euclidean distance, not squared, where that is the metric, else None. `rank` and
    `line` count from 1; `page` is None where the format has no pages.

    `dense_score` and `keyword_score` are the two scores in the modes that count words. `dense_rank` and `keyword_rank`
    are the ranks, from 1, in the two rankings; None for a passage that is not among a ranking's candidates. `matched`
    are the words of the question that occur, as they were asked, and `phrases` the quoted phrases. In `hybrid`,
    `overlap` is how much of the question's words the passage holds (see fusion.py), and `chance` the probability, 0 to
    1, that the passage answers the question (see calibration.py); None where the metric is not cosine, or with fewer
    than 100 vectors.
    `trust` is the weight that nearness in meaning had beside the words, up to 1 (see trust.py). `rerank_score` is that
    of the model that read the passage again, None for one that was not (see reranking.py): then it decides the order,
    while `score` is still that of the first ranking.

    `freshness` is `fresh`, `changed` or `missing`, as its file is, and `unknown` for a document without a file.
    With `recognized`, at least a part of the text was recognized in a picture (OCR), and may have wrong letters.
    `also_in` lists passages that say nearly the same. `before` and `after` are the text around the passage, and
    `sentence` is the sentence that best answers, where these were asked for.
    """

    rank: int = 0
    score: float = 0.0
    distance: float | None = None
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
    phrases: tuple[str, ...] | None = None
    overlap: Overlap | None = None
    chance: float | None = None
    trust: float | None = None
    rerank_score: float | None = None
    freshness: str = "unknown"
    also_in: tuple[Place, ...] = ()
    before: str = ""
    after: str = ""
    sentence: Sentence | None = None
    recognized: bool = False

    def changed(self, **fields: Unpack[Changes]) -> Hit:
        """Return a copy with other values of some fields."""
        other = object.__new__(Hit)
        other.__dict__.update(self.__dict__, **fields)  # a tenth of the time of `replace`, which sets 29 fields
        return other


class Ranking(TypedDict, total=False):
    """What a ranking gives a passage: fields of `Hit`."""

    rank: int
    score: float
    distance: float | None
    dense_score: float | None
    dense_rank: int | None
    keyword_score: float | None
    keyword_rank: int | None
    matched: tuple[str, ...] | None
    phrases: tuple[str, ...] | None
    overlap: Overlap | None
    chance: float | None
    trust: float | None


class Changes(Ranking, total=False):
    """What else is decided after a passage was ranked: fields of `Hit`."""

    freshness: str
    also_in: tuple[Place, ...]
    rerank_score: float | None


def checked_hit(passage: StoredPassage) -> Hit:
    """Return a stored passage as a hit that is not ranked yet. Raises Damaged when it, or its document, is damaged."""
    chunk = _checked_chunk(passage)
    return Hit(
        document=passage.document,
        chunk=passage.chunk,
        uri=passage.uri,
        title=passage.title,
        media_type=passage.media_type,
        start=chunk.start,
        end=chunk.end,
        line=passage.line,
        page=chunk.page,
        heading=chunk.heading,
        text=chunk_text(passage.uri, passage.title, passage.text, chunk.input_hash),
    )


def checked_place(passage: StoredPassage) -> Place:
    """Return where a passage is. Raises Damaged when the passage or its document is not what was stored."""
    chunk = _checked_chunk(passage)
    chunk_text(passage.uri, passage.title, passage.text, chunk.input_hash)
    return Place(
        uri=passage.uri, title=passage.title, start=chunk.start, end=chunk.end, line=passage.line, page=chunk.page
    )


def _checked_chunk(passage: StoredPassage) -> ChunkRow:
    """Return the chunk of a passage. Raises Damaged when it or its document is not what was stored."""
    check_document(
        passage.uri, passage.title, passage.media_type, passage.text_hash, passage.metadata, passage.notes,
        passage.document_checksum,
    )  # fmt: skip
    return checked_chunk(
        passage.uri, passage.document, passage.ordinal, passage.start, passage.end, passage.page, passage.heading,
        passage.input_hash, passage.chunk_checksum,
    )  # fmt: skip
