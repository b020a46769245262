"""The tables, as append-only migrations. A released migration is never edited; a change is a new one.

Times are UTC in ISO 8601; `*_ns` are nanoseconds since the epoch; hashes and checksums are those of
storage/catalog/checksums.py. Chunks and vectors are joined by `input_hash`, so that equal texts share a vector and a
second model's vectors can be stored beside the first one's.
"""

import os
import struct
import zlib
from urllib.parse import quote_from_bytes

import numpy as np
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.packed_terms import ENTRY, pack_row
from wherein.storage.catalog.term_counts import counted_version, recount
from wherein.storage.catalog.terms import terms_version
from wherein.storage.disk.failpoints import failpoint

__all__ = ["MIGRATIONS"]

MIGRATIONS = Migrations("wherein")


@MIGRATIONS()
def m0001_first_tables(db: Database) -> None:
    """Sources, files, documents, chunks, vectors, models, generations and settings."""
    _run(db, _FIRST_TABLES)
    failpoint("migration.applied")


@MIGRATIONS()
def m0002_row_checksums(db: Database) -> None:
    """Checksums of documents and chunks; what must never be ingested again; where backups were written."""
    _run(db, _ROW_CHECKSUMS)
    documents = db.execute("SELECT id, uri, title, media_type, text_hash, metadata, notes FROM documents").fetchall()
    for document_id, *values in documents:
        db.execute("UPDATE documents SET checksum = ? WHERE id = ?", [row_checksum(*values), document_id])
    last = 0
    while rows := db.execute(_CHUNKS_AFTER, [last]).fetchall():
        for chunk_id, *values in rows:
            db.execute("UPDATE chunks SET checksum = ? WHERE id = ?", [row_checksum(*values), chunk_id])
            last = chunk_id
    failpoint("migration.applied")


@MIGRATIONS()
def m0003_terms(db: Database) -> None:
    """The terms of each chunk, counted; a generation of keywords beside that of vectors.

    `highest_vector_id` of a generation of keywords is the highest id of a chunk.
    """
    _run(db, _TERMS)
    recount(db)
    failpoint("migration.applied")


@MIGRATIONS()
def m0004_nights(db: Database) -> None:
    """What each reindex did, and the user's golden questions with the documents that answer them."""
    _run(db, _NIGHTS)
    failpoint("migration.applied")


@MIGRATIONS()
def m0005_web_sources(db: Database) -> None:
    """Sources may be web pages.

    SQLite cannot change a CHECK, so the table is recreated. Dropping the old one clears the source of every file (ON
    DELETE SET NULL), so it is restored afterwards. AUTOINCREMENT continues, so that no id is used again.
    """
    highest = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'sources'").fetchone()
    _run(db, _WEB_SOURCES)
    if highest:
        db.execute("DELETE FROM sqlite_sequence WHERE name = 'sources'")
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('sources', ?)", highest)
    failpoint("migration.applied")


@MIGRATIONS()
def m0006_coverage(db: Database) -> None:
    """How much of each document the model's vocabulary covers; existing documents are not measured."""
    _run(db, _COVERAGE)
    failpoint("migration.applied")


@MIGRATIONS()
def m0007_index_methods(db: Database) -> None:
    """How a generation of vectors is searched, see storage/index/method.py; "" for an exact one and for keywords."""
    db.execute("ALTER TABLE generations ADD COLUMN method TEXT NOT NULL DEFAULT ''")
    failpoint("migration.applied")


@MIGRATIONS()
def m0008_exclusions(db: Database) -> None:
    """To be replaced by the exclusions of removed documents."""
    failpoint("migration.applied")


@MIGRATIONS()
def m0009_file_sources(db: Database) -> None:
    """Every source that covers a file, in place of one source a file; the other paths of what a source covers.

    A file now also belongs to each source whose path it is or lies below, as far as paths alone can show.
    """
    _run(db, _FILE_SOURCES)
    for number, path in db.execute("SELECT id, uri FROM sources WHERE kind = 'path'").fetchall():
        uri = "file://" + quote_from_bytes(os.fsencode(path.rstrip("/")))
        # "0" is the character after "/": these are the URIs that begin with the folder's.
        db.execute(_COVERED_BY_PATH, [number, uri, f"{uri}/", f"{uri}0"])
    db.execute("ALTER TABLE files DROP COLUMN source_id")
    failpoint("migration.applied")


@MIGRATIONS()
def m0010_joined_words(db: Database) -> None:
    """Terms of another version are counted again: a question must not be compared with them.

    Generations of keywords go with the old terms; the next writer makes new ones.
    """
    if counted_version(db) != terms_version():
        db.execute("DELETE FROM terms")
        db.execute("DELETE FROM generations WHERE kind = 'keywords'")
        recount(db)
    failpoint("migration.applied")


@MIGRATIONS()
def m0011_packed_terms(db: Database) -> None:
    """Terms of 40 bits in packed rows (storage/catalog/packed_terms.py), which are half as large.

    A row whose checksum does not fit stays as it is, so that it is still reported. The next writer writes a generation
    of keywords in the format of such terms.
    """
    _run(db, _PACKED_TERMS)
    version = counted_version(db)
    is_old = version.startswith("2 ")  # an earlier migration may have counted all texts, and packed their terms
    last = 0
    while rows := db.execute(_TERMS_AFTER, [last]).fetchall():
        packed = [_packed_terms(*row) if is_old else row for row in rows]
        db.conn.executemany("INSERT INTO packed_terms (id, counts, checksum) VALUES (?, ?, ?)", packed)
        last = rows[-1][0]
    _run(db, "DROP TABLE terms; ALTER TABLE packed_terms RENAME TO terms")
    db.execute("UPDATE settings SET value = ? WHERE key = 'terms' AND ?", [version.replace("2 ", "3 ", 1), is_old])
    db.execute("DELETE FROM generations WHERE kind = 'keywords'")
    failpoint("migration.applied")


def _packed_terms(number: int, raw: bytes, checksum: int) -> tuple[int, bytes, int]:
    """Return a row of `terms` with packed terms, given one with terms of 64 bits."""
    if zlib.crc32(raw, number & 0xFFFFFFFF) != checksum:
        return number, raw, checksum
    length, _, _ = _OLD_LENGTHS.unpack_from(raw)
    old = np.frombuffer(raw, ENTRY, offset=_OLD_LENGTHS.size)
    terms, index = np.unique(old["term"] >> np.uint64(24), return_inverse=True)
    entries = np.zeros(len(terms), ENTRY)
    entries["term"] = terms
    for name in ("body", "fields"):  # added, where two terms begin with the same 40 bits
        entries[name] = np.minimum(np.bincount(index, old[name], len(terms)), 255)
    packed = pack_row(length, entries)
    return number, packed, zlib.crc32(packed, number & 0xFFFFFFFF)


def _run(db: Database, statements: str) -> None:
    # Not `executescript`, which commits first: a migration and the record of it are one transaction.
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)


# AUTOINCREMENT never uses an id twice: a delta is what lies above an id, and index files are named by theirs.
_FIRST_TABLES = """
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    precision TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uri TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('path', 'stdin')),
    options TEXT NOT NULL,
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uri TEXT NOT NULL UNIQUE,
    source_id INTEGER REFERENCES sources(id) ON DELETE SET NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    checked_ns INTEGER NOT NULL,
    content_hash BLOB,
    version TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('read', 'skipped', 'failed')),
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX files_by_content ON files(content_hash);

CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uri TEXT NOT NULL UNIQUE,
    file_id INTEGER REFERENCES files(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    text TEXT NOT NULL,
    text_hash BLOB NOT NULL,
    metadata TEXT NOT NULL,
    notes TEXT NOT NULL,
    added_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE INDEX documents_by_file ON documents(file_id);

CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL REFERENCES models(id),
    input_hash BLOB NOT NULL,
    vector BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    orphaned_at TEXT,
    UNIQUE (model_id, input_hash)
) STRICT;

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page INTEGER,
    heading TEXT NOT NULL,
    input_hash BLOB NOT NULL,
    UNIQUE (document_id, ordinal)
) STRICT;

CREATE INDEX chunks_by_input ON chunks(input_hash);

CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL REFERENCES models(id),
    file TEXT NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    highest_vector_id INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX one_active_generation ON generations(active) WHERE active = 1
"""

_ROW_CHECKSUMS = """
ALTER TABLE documents ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;

ALTER TABLE chunks ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;

CREATE TABLE exclusions (
    uri TEXT PRIMARY KEY,
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE backups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    place TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT
"""

# The new unique index is on an expression, so that one generation of each kind may be active.
_TERMS = """
CREATE TABLE terms (
    id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
    counts BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

DROP INDEX one_active_generation;

CREATE UNIQUE INDEX one_active_generation ON generations(kind = 'keywords') WHERE active = 1
"""

_NIGHTS = """
CREATE TABLE nights (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('unfinished', 'done', 'stopped', 'refused', 'failed')),
    report TEXT NOT NULL
) STRICT;

CREATE TABLE golden (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    question TEXT NOT NULL,
    uri TEXT NOT NULL,
    rank INTEGER,
    added_at TEXT NOT NULL,
    UNIQUE (question, uri)
) STRICT
"""

_WEB_SOURCES = """
CREATE TABLE sources_with_web (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uri TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('path', 'stdin', 'web')),
    options TEXT NOT NULL,
    added_at TEXT NOT NULL
) STRICT;

INSERT INTO sources_with_web (id, uri, kind, options, added_at) SELECT id, uri, kind, options, added_at FROM sources;

CREATE TEMP TABLE sources_of_files AS SELECT id, source_id FROM files WHERE source_id IS NOT NULL;

DROP TABLE sources;

ALTER TABLE sources_with_web RENAME TO sources;

UPDATE files SET source_id = (SELECT source_id FROM temp.sources_of_files s WHERE s.id = files.id)
WHERE id IN (SELECT id FROM temp.sources_of_files);

DROP TABLE temp.sources_of_files
"""

_COVERAGE = """
CREATE TABLE coverage (
    id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
    tokens INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    language TEXT NOT NULL
) STRICT
"""

_FILE_SOURCES = """
CREATE TABLE file_sources (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
    UNIQUE (file_id, source_id)
) STRICT;

CREATE INDEX file_sources_by_source ON file_sources(source_id);

CREATE TABLE aliases (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    target TEXT NOT NULL,
    UNIQUE (source_id, uri)
) STRICT;

INSERT INTO file_sources (file_id, source_id) SELECT id, source_id FROM files WHERE source_id IS NOT NULL
"""

_COVERED_BY_PATH = (
    "INSERT INTO file_sources (file_id, source_id) SELECT id, ? FROM files WHERE uri = ? OR (uri >= ? AND uri < ?)"
    " ON CONFLICT DO NOTHING"
)

_PACKED_TERMS = """
CREATE TABLE packed_terms (
    id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
    counts BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT
"""
_TERMS_AFTER = "SELECT id, counts, checksum FROM terms WHERE id > ? ORDER BY id LIMIT 2000"
# The numbers of terms in the passage, in its headings and in the title.
_OLD_LENGTHS = struct.Struct("<IHH")

_CHUNKS_AFTER = (
    'SELECT id, document_id, ordinal, start, "end", page, heading, input_hash FROM chunks'
    " WHERE id > ? ORDER BY id LIMIT 10000"
)
