"""Which rows of the catalogue are not what was stored: every document with its chunks, every vector, and the rest.

SQLite's own check looks at the order of things and not at their content. Read through a connection of `open_lenient`,
so that text that is no UTF-8 is told from text that cannot be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import is_named, row_checksum
from wherein.storage.catalog.documents import chunk_text, model_input
from wherein.storage.catalog.files import REREAD, unreadable_files
from wherein.storage.catalog.models import MODEL_COPY, bound_model, remembered_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sources import unreadable_sources
from wherein.storage.catalog.term_counts import is_stored_terms
from wherein.storage.catalog.vectors import is_stored_vector, known_inputs
from wherein.storage.index.generations import unreadable_generations

__all__ = ["BadRow", "Gap", "check_rows", "counters", "passages_without_vector", "torn_documents"]

_CHUNKS = (
    'SELECT id, document_id, ordinal, start, "end", page, heading, input_hash, checksum FROM chunks'
    " WHERE document_id = ? ORDER BY ordinal"
)
_TERMS = (
    "SELECT c.id, t.counts, t.checksum FROM chunks c LEFT JOIN terms t ON t.id = c.id"
    " WHERE c.document_id = ? ORDER BY c.ordinal"
)
_DOCUMENTS = (
    "SELECT d.id, d.file_id, f.version = ? AND f.state <> 'read', d.text, d.uri, d.title, d.media_type, d.text_hash,"
    " d.metadata, d.notes, d.checksum FROM documents d LEFT JOIN files f ON f.id = d.file_id ORDER BY d.id"
)
_DOCUMENTS_ALONE = _DOCUMENTS.replace("ORDER BY", "WHERE d.file_id IS NULL ORDER BY")
_WITHOUT_VECTOR = (
    'SELECT c.id, c.input_hash, d.uri, substr(d.text, c.start + 1, c."end" - c.start) FROM chunks c'
    " JOIN documents d ON d.id = c.document_id WHERE NOT EXISTS"
    " (SELECT 1 FROM vectors v WHERE v.model_id = ? AND v.input_hash = c.input_hash) AND c.id > ? ORDER BY c.id LIMIT ?"
)
_VECTORS = (
    "SELECT v.id, m.dimension, v.input_hash, v.vector, v.checksum FROM vectors v"
    " LEFT JOIN models m ON m.id = v.model_id ORDER BY v.id"
)
_FILES = "SELECT f.id, f.uri, d.uri FROM files f JOIN documents d ON d.file_id = f.id ORDER BY f.id"


@dataclass(frozen=True)
class BadRow:
    """A row that is not what was stored; `uri` is the document it belongs to, "" where it is not known.

    Of a `link` the row may be sound, but another that it belongs to is missing.
    """

    table: str
    id: int
    document_id: int | None
    uri: str
    what: str
    link: bool = False


@dataclass(frozen=True)
class Gap:
    """A document that is sound itself, but some of its passages are missing, or have no vector.

    `due` when the next reindex is already to make up for it: its file is marked (`reread_file`), or it has none.
    """

    document_id: int
    file_id: int | None
    uri: str
    what: str
    due: bool


def check_rows(db: Catalog, tally: Counter[str]) -> Iterator[BadRow | Gap]:
    """Yield what is wrong with the rows, and count them in `tally`. Memory does not grow with their number.

    Raises what SQLite reports when a page cannot be read. Call inside `reading` or `writing`.
    """
    yield from _check_links(db)
    yield from _check_models(db)
    yield from _check_lists(db)
    yield from _check_files(db)
    yield from _check_vectors(db, tally)
    yield from _check_documents(db, tally)


def _check_documents(db: Catalog, tally: Counter[str]) -> Iterator[BadRow | Gap]:
    try:
        bound = bound_model(db)
    except Damaged:  # told by _check_models
        bound = None
    for document_id, file_id, marked, text, *described, checksum in db.execute(_DOCUMENTS, [REREAD]):
        tally["documents"] += 1
        uri, text_hash = described[0], described[3]
        name = uri if isinstance(uri, str) else f"document {document_id}"
        chunks = db.execute(_CHUNKS, [document_id]).fetchall()
        tally["chunks"] += len(chunks)
        sound = True
        if row_checksum(*described) != checksum:
            sound = False
            yield BadRow("documents", document_id, document_id, name, "its record does not fit its checksum")
        elif not is_named(text, text_hash):
            sound = False
            yield BadRow("documents", document_id, document_id, name, "its text is not the one that was stored")
        good = []
        for chunk in chunks:
            what = _wrong_with_chunk(chunk, text if sound else None)
            if what:
                yield BadRow("chunks", chunk[0], document_id, name, what)
            else:
                good.append(chunk)
        yield from _check_terms(db, document_id, name)
        if sound:
            what = _missing(db, text, chunks, good, bound.id if bound else None)
            if what:
                yield Gap(document_id, file_id, name, what, bool(marked) or file_id is None)


def _check_terms(db: Catalog, document_id: int, name: str) -> Iterator[BadRow]:
    for chunk_id, counts, checksum in db.execute(_TERMS, [document_id]):
        if not is_stored_terms(chunk_id, counts, checksum):
            yield BadRow("terms", chunk_id, document_id, name, "the word counts of a passage are not those stored")


def _wrong_with_chunk(chunk: Sequence[Any], text: str | None) -> str:
    """Return what is wrong with a row of `chunks`, "" if nothing; with None its text is not looked at."""
    _, *values, checksum = chunk
    if row_checksum(*values) != checksum:
        return "the record of a passage does not fit its checksum"
    _, _, start, end, _, _, input_hash = values
    if text is None:
        return ""
    if not 0 <= start < end <= len(text):
        return "a passage lies outside its text"
    return "" if is_named(model_input(text, start, end), input_hash) else "a passage is not the one that was embedded"


def _missing(
    db: Catalog, text: str, chunks: Sequence[Sequence[Any]], good: Sequence[Sequence[Any]], model_id: int | None
) -> str:
    """Return what a document lacks, "" if nothing: its passages cover its text, and each has a vector."""
    if len(good) == len(chunks) and not _covers(good, text):
        return "some of its passages are missing"
    if model_id is None:
        return "its passages have no vectors" if good else ""
    names = {chunk[7] for chunk in good}
    lacking = len(names) - len(known_inputs(db, model_id, list(names)))
    return f"{lacking} of its passages have no vector" if lacking else ""


def _covers(chunks: Sequence[Sequence[Any]], text: str) -> bool:
    covered = 0
    for expected, chunk in enumerate(chunks):
        ordinal, start, end = chunk[2:5]
        if ordinal != expected or start > covered:
            return False
        covered = end
    # A text without a word in it has no passage.
    return covered == len(text) or (not chunks and not any(map(str.isalnum, text)))


def _check_vectors(db: Catalog, tally: Counter[str]) -> Iterator[BadRow]:
    for vector_id, *row in db.execute(_VECTORS):
        tally["vectors"] += 1
        if not is_stored_vector(*row):
            yield BadRow("vectors", vector_id, None, "", "a vector does not fit its checksum")


def _check_links(db: Catalog) -> Iterator[BadRow]:
    for table, row_id, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
        yield BadRow(table, row_id or 0, None, "", f"it belongs to a row of {parent} that is not there", link=True)


def _check_models(db: Catalog) -> Iterator[BadRow]:
    copy = db.execute("SELECT value FROM settings WHERE key = ?", [MODEL_COPY]).fetchone()
    remembered = remembered_model(copy[0]) if copy else None
    try:
        bound = bound_model(db)
    except Damaged:
        yield BadRow("models", 0, None, "", "it is not known which model the library belongs to")
        return
    if bound and copy and remembered != bound:
        yield BadRow("models", bound.id, None, "", "the model and its second copy differ")
    if bound is None and db.execute("SELECT 1 FROM vectors LIMIT 1").fetchone():
        yield BadRow("models", 0, None, "", "there are vectors of a model that is not known")


def _check_lists(db: Catalog) -> Iterator[BadRow]:
    for source_id, uri in unreadable_sources(db):
        yield BadRow("sources", source_id, None, uri, "a source is not readable")
    for generation_id in unreadable_generations(db):
        yield BadRow("generations", generation_id, None, "", "the record of an index is not readable")
    for table, highest in counters(db).items():
        row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
        if highest and not (row and isinstance(row[0], int) and row[0] >= highest):
            yield BadRow("sqlite_sequence", 0, None, table, "ids could be given twice: the counter is too low")


def torn_documents(db: Catalog) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield uri, title, media type, text, metadata and notes of each document that lost passages and has no file.

    Only its stored text can give them back.
    """
    for document_id, _, _, text, *described, checksum in db.execute(_DOCUMENTS_ALONE, [REREAD]).fetchall():
        chunks = db.execute(_CHUNKS, [document_id]).fetchall()
        sound = row_checksum(*described) == checksum and is_named(text, described[3])
        if sound and not _covers(chunks, text):
            uri, title, media_type, _, metadata, notes = described
            yield uri, title, media_type, text, metadata, notes


def passages_without_vector(db: Catalog, model_id: int, batch: int) -> Iterator[list[tuple[bytes, str]]]:
    """Yield the model inputs of stored passages that have no vector, each with its hash, some at a time.

    Raises Damaged when one is not the text that was stored.
    """
    last = 0
    while rows := db.execute(_WITHOUT_VECTOR, [model_id, last, batch]).fetchall():
        yield [(name, chunk_text(uri, text, name).strip()) for _, name, uri, text in rows]
        last = rows[-1][0]


def counters(db: Catalog) -> dict[str, int]:
    """Return the highest id of each table whose ids are never given twice, 0 where there is no row."""
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'").fetchall()
    return {table: int(db.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()[0]) for (table,) in tables}


def _check_files(db: Catalog) -> Iterator[BadRow]:
    for file_id, uri in unreadable_files(db):
        yield BadRow("files", file_id, None, uri, "the record of a file is not readable")
    for file_id, uri, document in db.execute(_FILES):
        if not isinstance(uri, str) or not (document == uri or str(document).startswith(f"{uri}#")):
            yield BadRow("files", file_id, None, str(document), "the record of its file has another name")
