"""The `coverage` table: how much of each document's text the model could make something of, when it was taken in."""

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
    """A text's tokens, those of them that the model does not know ([UNK]), and its language as a guess ("": none)."""

    tokens: int
    unknown: int
    language: str


@dataclass(frozen=True)
class Covered:
    """The same for a whole library, over the `measured` of its documents; the others were taken in by an older version.

    `characters` are those of the texts, `dropped` those of them that are in no passage. `noted` documents have notes,
    about pages without text for instance. `languages` counts documents; `worst` are the uris with the most unknown
    tokens, and their share (0 to 1).
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


def save_coverage(db: Database, document_id: int, found: Coverage) -> None:
    """Keep it for a document. Call inside `writing`."""
    db.execute(
        "INSERT INTO coverage (id, tokens, unknown, language) VALUES (?1, ?2, ?3, ?4) ON CONFLICT"
        " (id) DO UPDATE SET tokens = ?2, unknown = ?3, language = ?4",
        [document_id, found.tokens, found.unknown, found.language],
    )


def coverage_of(db: Catalog, document_id: int) -> Coverage | None:
    """Return a document's, None when it was not measured."""
    row = db.execute("SELECT tokens, unknown, language FROM coverage WHERE id = ?", [document_id]).fetchone()
    return Coverage(*typed("coverage", row, int, int, str)) if row else None


def covered(db: Catalog) -> Covered:
    """Return the sums over all documents; every text is looked at."""
    documents, characters, noted = db.execute(
        "SELECT count(*), coalesce(sum(length(text)), 0), coalesce(sum(notes <> '[]'), 0) FROM documents"
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
    # Passages follow one another without a gap, so that a text's own are all before the end of its last one.
    dropped = db.execute(
        'SELECT coalesce(sum(length(d.text) - coalesce((SELECT max(c."end") FROM chunks c WHERE c.document_id = d.id),'
        " 0)), 0) FROM documents d"
    ).fetchone()[0]
    return Covered(
        documents, measured, characters, dropped, tokens, unknown, noted, dict(languages),
        tuple((str(uri), round(float(share), 4)) for uri, share in worst),
    )  # fmt: skip
