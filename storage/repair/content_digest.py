"""All content of a catalog, read once: each row is checked against its checksum, and all go into one digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from wherein.errors import Damaged
from wherein.storage.catalog.documents import check_document, document_spans, document_text, model_input
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sqlite_errors import translating_catalog_errors
from wherein.storage.catalog.term_counts import check_orders, read_terms
from wherein.storage.catalog.titled_texts import checked_input
from wherein.storage.catalog.vectors import checked_vector

__all__ = ["Content", "check_content", "check_integrity"]


@dataclass(frozen=True)
class Content:
    """Counts of rows, and a SHA-256 (hex) over documents, text hashes, chunk spans and vector checksums in id order."""

    documents: int
    chunks: int
    vectors: int
    digest: str


def check_integrity(db: Catalog) -> None:
    """Raise Damaged when SQLite finds damaged pages, indexes or references."""
    with translating_catalog_errors():  # SQLite raises where it cannot even read what is damaged
        problems = [str(problem) for (problem,) in db.execute("PRAGMA integrity_check(3)").fetchall()]
        orphans = db.execute("PRAGMA foreign_key_check").fetchall()
    if problems != ["ok"]:
        raise Damaged(f"The catalog is damaged ({_first_line(problems)}); run: wherein verify")
    for table, row_id, _, _ in orphans:
        raise Damaged(f"The catalog is damaged (row {row_id} of {table}); run: wherein verify")


def _first_line(problems: list[str]) -> str:
    """Return the first problem, without the line that SQLite puts above the problems of a database."""
    lines = [line.strip() for problem in problems for line in problem.splitlines()]
    return next((line for line in lines if line and not line.startswith("***")), "of unknown kind")


def check_content(db: Catalog) -> Content:
    """Read every document, chunk and vector. Raises Damaged at the first that is not what was stored.

    Call inside `snapshot`, so that the digest is that of one committed state.
    """
    digest = hashlib.sha256()
    try:
        documents, chunks = _check_documents(db, digest)
        vectors = _check_vectors(db, digest)
        for rows in read_terms(db):
            digest.update(rows.ids.tobytes() + rows.entries.tobytes())
        check_orders(db)  # they follow from the texts, as the counts do
    except (TypeError, ValueError, OverflowError) as error:  # a flipped bit can change a value's type
        raise Damaged(f"The catalog is damaged ({error}); run: wherein verify") from error
    return Content(documents, chunks, vectors, digest.hexdigest())


def _check_documents(db: Catalog, digest: hashlib._Hash) -> tuple[int, int]:
    documents = chunks = 0
    rows = db.execute(
        "SELECT id, uri, title, media_type, text_hash, metadata, notes, checksum FROM documents ORDER BY id"
    )
    for document_id, uri, title, media_type, text_hash, metadata, notes, checksum in rows:
        check_document(uri, title, media_type, text_hash, metadata, notes, checksum)
        text = document_text(db, document_id)
        digest.update(repr((document_id, uri, text_hash, checksum)).encode())
        for span in document_spans(db, document_id):
            checked_input(uri, title, model_input(text, span.start, span.end), span.input_hash)
            digest.update(repr(span).encode())
            chunks += 1
        documents += 1
    return documents, chunks


def _check_vectors(db: Catalog, digest: hashlib._Hash) -> int:
    vectors = 0
    rows = db.execute(
        "SELECT m.dimension, v.model_id, v.id, v.input_hash, v.vector, v.checksum"
        " FROM vectors v JOIN models m ON m.id = v.model_id ORDER BY v.id"
    )
    for dimension, model_id, vector_id, input_hash, vector, checksum in rows:
        checked_vector(dimension, vector_id, input_hash, vector, checksum)
        digest.update(repr((vector_id, model_id, input_hash, checksum)).encode())
        vectors += 1
    return vectors
