"""The `coverage` table: how much of each document's text the model's vocabulary covers, and what is from pictures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "Coverage", "Covered", "Spans", "coverage_of", "covered", "main_language", "prevailing", "recognized_spans",
    "save_coverage",
]  # fmt: skip

Spans = tuple[tuple[int, int], ...]

_WORST = 10
_OLDEST, _NEWEST = (
    f"SELECT * FROM (SELECT id, language FROM coverage ORDER BY id {order} LIMIT 500)" for order in ("ASC", "DESC")
)
_LANGUAGES = f"SELECT language FROM ({_OLDEST} UNION {_NEWEST})"
_RECOGNIZED = "SELECT id, recognized FROM coverage WHERE id IN ({}) AND recognized <> '[]'"


@dataclass(frozen=True)
class Coverage:
    """The numbers of tokens and of unknown tokens ([UNK]) in a text, and its guessed language ("" for no guess).

    `recognized` are the spans of the text, first and last character, exclusive, that were recognized in pictures (OCR).
    """

    tokens: int
    unknown: int
    language: str
    recognized: Spans = ()


@dataclass(frozen=True)
class Covered:
    """The coverage of a whole library; `measured` of its documents count, older versions ingested the others.

    `characters` is the length of all texts, `dropped` of what is in no passage, `recognized` of what was recognized in
    pictures (OCR). `noted` documents have notes, for instance about pages without text. `languages` counts documents;
    `worst` are the URIs with the most unknown tokens, each with its share of them (0 to 1).
    """

    documents: int
    measured: int
    characters: int
    dropped: int
    tokens: int
    unknown: int
    noted: int
    languages: Mapping[str, int]
    worst: tuple[tuple[str, float], ...]
    recognized: int = 0


def save_coverage(db: Database, document_id: int, coverage: Coverage) -> None:
    """Store a document's coverage. Call inside `writing`."""
    recognized = json.dumps(coverage.recognized) if coverage.recognized else "[]"
    db.execute(
        "INSERT INTO coverage (id, tokens, unknown, language, recognized) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT"
        " (id) DO UPDATE SET tokens = ?2, unknown = ?3, language = ?4, recognized = ?5",
        [document_id, coverage.tokens, coverage.unknown, coverage.language, recognized],
    )


def coverage_of(db: Catalog, document_id: int) -> Coverage | None:
    """Return a document's coverage, None when it was not measured."""
    row = db.execute(
        "SELECT tokens, unknown, language, recognized FROM coverage WHERE id = ?", [document_id]
    ).fetchone()
    if row is None:
        return None
    typed("coverage", row, int, int, str, str)
    tokens, unknown, language, recognized = row
    return Coverage(tokens, unknown, language, _spans(recognized))


def recognized_spans(db: Catalog, document_ids: Sequence[int]) -> dict[int, Spans]:
    """Return by their ids the documents with text recognized in pictures, and its spans."""
    rows = select_in(db, _RECOGNIZED, document_ids)
    return {int(document_id): _spans(stored) for document_id, stored in rows}


def _spans(stored: object) -> Spans:
    """Return spans as they are stored. Raises Damaged when they are none."""
    try:
        spans = tuple((start, end) for start, end in json.loads(str(stored)))
        typed("coverage", [number for span in spans for number in span], *[int] * (2 * len(spans)))
    except (ValueError, TypeError) as error:
        raise Damaged("The table coverage is damaged; run: wherein verify") from error
    return spans


def main_language(db: Catalog) -> str:
    """Return the language that more than half of the documents are in whose language is known; "" if there is none.

    Only the oldest and the newest documents are looked at, 500 each.
    """
    return prevailing(str(language) for (language,) in db.execute(_LANGUAGES).fetchall())


def prevailing(languages: Iterable[str]) -> str:
    """Return the language that makes up more than half of those given, "" if none does; "" among them is no guess."""
    counts = Counter(language for language in languages if language)
    (language, count), *_ = counts.most_common(1) or [("", 0)]
    return language if 2 * count > counts.total() else ""


def covered(db: Catalog) -> Covered:
    """Return the coverage of all documents."""
    documents, characters, noted = db.execute(
        "SELECT count(*), coalesce(sum(characters), 0), coalesce(sum(notes <> '[]'), 0) FROM documents"
    ).fetchone()
    measured, tokens, unknown = db.execute(
        "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(unknown), 0) FROM coverage"
    ).fetchone()
    (recognized,) = db.execute(
        "SELECT coalesce(sum(json_extract(s.value, '$[1]') - json_extract(s.value, '$[0]')), 0)"
        " FROM coverage c, json_each(c.recognized) s WHERE c.recognized <> '[]'"
    ).fetchone()
    languages = db.execute("SELECT language, count(*) FROM coverage GROUP BY language ORDER BY 2 DESC, 1").fetchall()
    worst = db.execute(
        "SELECT d.uri, 1.0 * c.unknown / c.tokens FROM coverage c JOIN documents d ON d.id = c.id"
        " WHERE c.unknown > 0 ORDER BY 2 DESC, 1 LIMIT ?",
        [_WORST],
    ).fetchall()
    # Passages follow one another without a gap, so only what comes after the last one is in none.
    (dropped,) = db.execute(
        'SELECT coalesce(sum(d.characters - coalesce((SELECT max(c."end") FROM chunks c WHERE c.document_id = d.id),'
        " 0)), 0) FROM documents d"
    ).fetchone()
    return Covered(
        documents, measured, characters, dropped, tokens, unknown, noted, dict(languages),
        tuple((str(uri), round(float(share), 4)) for uri, share in worst),
        recognized,
    )  # fmt: skip
