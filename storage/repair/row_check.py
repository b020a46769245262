"""Which rows of the catalog are not what was stored: every document with its chunks, every vector, and the rest.

SQLite's own check covers the structure and not the content. Read through a connection of `open_lenient`, so that text
that is not UTF-8 can be told from text that cannot be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import is_named, row_checksum
from wherein.storage.catalog.documents import model_input
from wherein.storage.catalog.exclusions import unreadable_exclusions
from wherein.storage.catalog.files import REREAD, unreadable_files
from wherein.storage.catalog.models import MODEL_COPY, bound_model, remembered_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.raw_chunks import CHUNK_COLUMNS, RawChunk
from wherein.storage.catalog.sketches import is_stored_sketch
from wherein.storage.catalog.sources import unreadable_sources
from wherein.storage.catalog.term_counts import is_stored_terms
from wherein.storage.catalog.texts import Span, read_spans, read_text
from wherein.storage.catalog.titled_texts import TitledText, checked_input, stored_input
from wherein.storage.catalog.vectors import is_stored_vector, known_inputs
from wherein.storage.index.generations import unreadable_generations
from wherein.storage.index.segments import unreadable_segments

__all__ = ["BadRow", "Gap", "check_rows", "counters", "passages_without_vector", "torn_documents"]

_CHUNKS = f"SELECT {CHUNK_COLUMNS} FROM chunks WHERE document_id = ? ORDER BY ordinal"
_TERMS = (
    "SELECT c.id, t.counts, t.checksum, t.term_order FROM chunks c LEFT JOIN terms t ON t.id = c.id"
    " WHERE c.document_id = ? ORDER BY c.ordinal"
)
_SKETCHES = (
    "SELECT c.id, s.sketch, s.checksum FROM chunks c LEFT JOIN sketches s ON s.id = c.id"
    " WHERE c.document_id = ? ORDER BY c.ordinal"
)
_DOCUMENTS = (
    "SELECT d.id, d.file_id, f.version = ? AND f.state <> 'read', d.characters, d.uri, d.title, d.media_type,"
    " d.text_hash, d.metadata, d.notes, d.checksum FROM documents d LEFT JOIN files f ON f.id = d.file_id ORDER BY d.id"
)
_DOCUMENTS_WITHOUT_FILE = _DOCUMENTS.replace("ORDER BY", "WHERE d.file_id IS NULL ORDER BY")
_WITHOUT_VECTOR = (
    'SELECT c.id, c.input_hash, d.uri, d.title, d.id, c.start, c."end" FROM chunks c'
    " JOIN documents d ON d.id = c.document_id WHERE NOT EXISTS"
    " (SELECT 1 FROM vectors v WHERE v.model_id = ? AND v.input_hash = c.input_hash) AND c.id > ? ORDER BY c.id LIMIT ?"
)
_VECTORS = (
    "SELECT v.id, m.dimension, v.input_hash, v.vector, v.checksum FROM vectors v"
    " LEFT JOIN models m ON m.id = v.model_id ORDER BY v.id"
)
_UNSOUND = "the lines or lengths that are stored with its text are not those that were stored"
_FILES = "SELECT f.id, f.uri, d.uri FROM files f JOIN documents d ON d.file_id = f.id ORDER BY f.id"


@dataclass(frozen=True)
class BadRow:
    """A row that is not what was stored; `uri` is the document it belongs to, "" if unknown.

    With `link` the row itself may be sound, but the row that it refers to is missing.
    """

    table: str
    id: int
    document_id: int | None
    uri: str
    what: str
    link: bool = False


@dataclass(frozen=True)
class Gap:
    """A sound document that lacks some of its passages or their vectors.

    `due`: the next reindex fills the gap anyway, because the file is marked (`reread_file`) or there is none.
    """

    document_id: int
    file_id: int | None
    uri: str
    what: str
    due: bool


class _Document(NamedTuple):
    """A row of `_DOCUMENTS`, whose values may have any type if they are damaged."""

    id: int
    file_id: int | None
    marked: int | None
    characters: int
    uri: str
    title: str
    media_type: str
    text_hash: bytes
    metadata: str
    notes: str
    checksum: int

    @property
    def name(self) -> str:
        return self.uri if isinstance(self.uri, str) else f"document {self.id}"

    def problem(self, text: str) -> str:
        """Return what is wrong with it, whose stored text is `text`, "" if nothing."""
        described = self.uri, self.title, self.media_type, self.text_hash, self.metadata, self.notes
        if row_checksum(*described) != self.checksum:
            return "its record does not fit its checksum"
        return "" if is_named(text, self.text_hash) else "its text is not the one that was stored"


class _Chunk(RawChunk):
    """A row of `_CHUNKS`."""

    __slots__ = ()

    def problem(self, title: str, text: str | None) -> str:
        """Return what is wrong with it, "" if nothing; a `text` of None is not compared, nor is the `title` then."""
        described = (self.document_id, self.ordinal, self.start, self.end, self.page, self.heading, self.input_hash)
        if row_checksum(*described) != self.checksum:
            return "the record of a passage does not fit its checksum"
        if text is None:
            return ""
        if not 0 <= self.start < self.end <= len(text):
            return "a passage lies outside its text"
        embedded = stored_input(title, model_input(text, self.start, self.end), self.input_hash)
        return "" if embedded else "a passage is not the one that was embedded"


def check_rows(db: Catalog, tally: Counter[str]) -> Iterator[BadRow | Gap]:
    """Yield what is wrong with the rows, and count them in `tally`. Memory does not grow with their number.

    Raises SQLite's error when a page cannot be read. Call inside `snapshot` or `writing`.
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
    except Damaged:  # reported by _check_models
        bound = None
    for document in map(_Document._make, db.execute(_DOCUMENTS, [REREAD])):
        chunks, stored = _chunks(db, document.id), read_text(db, document.id)
        tally["documents"] += 1
        tally["chunks"] += len(chunks)
        problem = document.problem(stored.text)
        if problem:
            yield BadRow("documents", document.id, document.id, document.name, problem)
        elif not stored.sound or document.characters != len(stored.text):
            yield BadRow("texts", document.id, document.id, document.name, _UNSOUND)
        sound_chunks = []
        for chunk in chunks:
            if what := chunk.problem(document.title, None if problem else stored.text):
                yield BadRow("chunks", chunk.id, document.id, document.name, what)
            else:
                sound_chunks.append(chunk)
        yield from _check_terms(db, document)
        yield from _check_sketches(db, document)
        if not problem and (what := _missing(db, stored.text, chunks, sound_chunks, bound.id if bound else None)):
            due = bool(document.marked) or document.file_id is None
            yield Gap(document.id, document.file_id, document.name, what, due)


def _chunks(db: Catalog, document_id: int) -> list[_Chunk]:
    return list(map(_Chunk._make, db.execute(_CHUNKS, [document_id]).fetchall()))


def _check_terms(db: Catalog, document: _Document) -> Iterator[BadRow]:
    for chunk_id, *columns in db.execute(_TERMS, [document.id]):
        if not is_stored_terms(chunk_id, *columns):
            what = "the words of a passage, counted and in their order, are not those stored"
            yield BadRow("terms", chunk_id, document.id, document.name, what)


def _check_sketches(db: Catalog, document: _Document) -> Iterator[BadRow]:
    for chunk_id, sketch, checksum in db.execute(_SKETCHES, [document.id]):
        if not is_stored_sketch(chunk_id, sketch, checksum):
            what = "the sketch of a passage, by which its near-copies are recognized, is not the one stored"
            yield BadRow("sketches", chunk_id, document.id, document.name, what)


def _missing(db: Catalog, text: str, chunks: Sequence[_Chunk], sound: Sequence[_Chunk], model_id: int | None) -> str:
    """Return what a document lacks, "" if nothing: its passages cover its text, and each has a vector."""
    # A damaged chunk is reported by itself; until it is removed the others cannot cover the text.
    if len(sound) == len(chunks) and not _covers(sound, text):
        return "some of its passages are missing"
    if model_id is None:
        return "its passages have no vectors" if sound else ""
    hashes = {chunk.input_hash for chunk in sound}
    lacking = len(hashes) - len(known_inputs(db, model_id, list(hashes)))
    return f"{lacking} of its passages have no vector" if lacking else ""


def _covers(chunks: Sequence[_Chunk], text: str) -> bool:
    covered = 0
    for expected, chunk in enumerate(chunks):
        if chunk.ordinal != expected or chunk.start > covered:
            return False
        covered = chunk.end
    # A text without a word in it has no passage.
    return covered == len(text) or (not chunks and not any(map(str.isalnum, text)))


def _check_vectors(db: Catalog, tally: Counter[str]) -> Iterator[BadRow]:
    for vector_id, *stored in db.execute(_VECTORS):
        tally["vectors"] += 1
        if not is_stored_vector(*stored):
            yield BadRow("vectors", vector_id, None, "", "a vector does not fit its checksum")


def _check_links(db: Catalog) -> Iterator[BadRow]:
    for table, row_id, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
        yield BadRow(table, row_id or 0, None, "", f"it belongs to a row of {parent} that is missing", link=True)


def _check_models(db: Catalog) -> Iterator[BadRow]:
    copy = db.execute("SELECT value FROM settings WHERE key = ?", [MODEL_COPY]).fetchone()
    remembered = remembered_model(*copy) if copy else None
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
    for exclusion_id, uri in unreadable_exclusions(db):
        yield BadRow("exclusions", exclusion_id, None, uri, "what keeps a document out of the library is not readable")
    for generation_id in unreadable_generations(db):
        yield BadRow("generations", generation_id, None, "", "the record of an index is not readable")
    for segment_id in unreadable_segments(db):
        yield BadRow("segments", segment_id, None, "", "the record of an index is not readable")
    last_ids = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    for table, highest in counters(db).items():
        last = last_ids.get(table)
        if highest and not (isinstance(last, int) and last >= highest):
            yield BadRow("sqlite_sequence", 0, None, table, "ids could be used twice: the counter is too low")


def torn_documents(db: Catalog) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield uri, title, media type, text, metadata and notes of each document without a file that lost passages.

    Only its stored text can give them back.
    """
    # Fetched at once, because the caller saves these documents while it iterates.
    for document in map(_Document._make, db.execute(_DOCUMENTS_WITHOUT_FILE, [REREAD]).fetchall()):
        text = read_text(db, document.id).text
        if not document.problem(text) and not _covers(_chunks(db, document.id), text):
            yield document.uri, document.title, document.media_type, text, document.metadata, document.notes


def passages_without_vector(db: Catalog, model_id: int, batch: int) -> Iterator[list[TitledText]]:
    """Yield the model inputs of the stored passages that have no vector, `batch` at a time.

    Raises Damaged when one is not the text that was stored.
    """
    last = 0
    while rows := db.execute(_WITHOUT_VECTOR, [model_id, last, batch]).fetchall():
        texts = read_spans(db, [Span(*span) for _, _, _, _, *span in rows])
        yield [
            checked_input(uri, title, passage.text, input_hash)
            for (_, input_hash, uri, title, *_), passage in zip(rows, texts, strict=True)
        ]
        last, *_ = rows[-1]


def counters(db: Catalog) -> dict[str, int]:
    """Return the highest id of each table whose ids are never used twice, 0 where there is no row."""
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'").fetchall()
    return {table: int(db.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()[0]) for (table,) in tables}


def _check_files(db: Catalog) -> Iterator[BadRow]:
    for file_id, uri in unreadable_files(db):
        yield BadRow("files", file_id, None, uri, "the record of a file is not readable")
    for file_id, uri, document in db.execute(_FILES):
        if not isinstance(uri, str) or not (document == uri or str(document).startswith(f"{uri}#")):
            yield BadRow("files", file_id, None, str(document), "the record of its file has another name")
