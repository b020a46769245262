"""The `coverage` table: how much of each document's text the model's vocabulary covered when it was ingested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Coverage", "Covered", "coverage_of", "covered", "save_coverage"]

_WORST = 10


@dataclass(frozen=True)
class Coverage:
    """The numbers of tokens and of unknown tokens ([UNK]) in a text, and its guessed language ("" for no guess)."""

    tokens: int
    unknown: int
    language: str


@dataclass(frozen=True)
class Covered:
    """The coverage of a whole library; `measured` of its documents count, older versions ingested the others.

    `characters` is the length of all texts, `dropped` of what is in no passage. `noted` documents have notes, for
    instance about pages without text. `languages` counts documents; `worst` are the URIs with the most unknown tokens,
    each with its share of them (0 to 1).
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


def save_coverage(db: Database, document_id: int, coverage: Coverage) -> None:
    """Store a document's coverage. Call inside `writing`."""
    db.execute(
        "INSERT INTO coverage (id, tokens, unknown, language) VALUES (?1, ?2, ?3, ?4) ON CONFLICT"
        " (id) DO UPDATE SET tokens = ?2, unknown = ?3, language = ?4",
        [document_id, coverage.tokens, coverage.unknown, coverage.language],
    )


def coverage_of(db: Catalog, document_id: int) -> Coverage | None:
    """Return a document's coverage, None when it was not measured."""
    row = db.execute("SELECT tokens, unknown, language FROM coverage WHERE id = ?", [document_id]).fetchone()
    return Coverage(*typed("coverage", row, int, int, str)) if row else None


def covered(db: Catalog) -> Covered:
    """Return the coverage of all documents."""
    documents, characters, noted = db.execute(
        "SELECT count(*), coalesce(sum(characters), 0), coalesce(sum(notes <> '[]'), 0) FROM documents"
    ).fetchone()
    measured, tokens, unknown = db.execute(
        "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(unknown), 0) FROM coverage"
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
    )  # fmt: skip
