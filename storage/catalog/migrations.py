"""The tables, as append-only migrations. A released migration is never edited; a change is a new one.

Times are UTC in ISO 8601; `*_ns` are nanoseconds since the epoch; hashes and checksums are those of
storage/catalog/checksums.py. Chunks and vectors are joined by `input_hash`, so that equal texts share a vector and a
second model's vectors can be stored beside the first one's.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from wherein.storage.catalog.checksums import row_checksum, vector_checksum
from wherein.storage.catalog.term_counts import recount
from wherein.storage.catalog.vectors import is_stored_vector, pack_vectors, unpack_vectors
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
def m0008_half_vectors(db: Database) -> None:
    """Vectors of length 1 in float16; segments; which passages were removed since keywords were last indexed.

    A damaged vector stays as it is, so that it is still reported. An exact generation of vectors holds what was stored
    before, and is written again; that of codes is within their error.
    """
    _run(db, _NEW_TABLES)
    db.execute(_REMOVED_TRIGGER)
    last, halved = 0, False
    while rows := db.execute(_VECTORS_AFTER, [last]).fetchall():
        sound = [row for row in rows if is_stored_vector(*row[1:])]
        changes = [
            (packed, vector_checksum(name, packed), vector_id)
            for vector_id, dimension, name, raw, _ in sound
            for packed in pack_vectors(unpack_vectors(dimension, [raw]))
            if packed != raw
        ]
        db.conn.executemany("UPDATE vectors SET vector = ?, checksum = ? WHERE id = ?", changes)
        halved = halved or bool(changes)
        last = rows[-1][0]
    if halved:
        db.execute(_DELETE_EXACT)
    failpoint("migration.applied")


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

_CHUNKS_AFTER = (
    'SELECT id, document_id, ordinal, start, "end", page, heading, input_hash FROM chunks'
    " WHERE id > ? ORDER BY id LIMIT 10000"
)

_NEW_TABLES = """
CREATE TABLE removed_chunks (
    id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    generation_id INTEGER NOT NULL REFERENCES generations(id) ON DELETE CASCADE,
    file TEXT NOT NULL,
    count INTEGER NOT NULL,
    above INTEGER NOT NULL,
    highest_id INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TEXT NOT NULL,
    method TEXT NOT NULL
) STRICT
"""

# By itself, because it has a semicolon inside.
_REMOVED_TRIGGER = """
CREATE TRIGGER record_removed_chunk AFTER DELETE ON chunks BEGIN
    INSERT OR IGNORE INTO removed_chunks (id) VALUES (OLD.id);
END
"""

_VECTORS_AFTER = (
    "SELECT v.id, m.dimension, v.input_hash, v.vector, v.checksum FROM vectors v"
    " LEFT JOIN models m ON m.id = v.model_id WHERE v.id > ? ORDER BY v.id LIMIT 2000"
)
# Generations of vectors are of the kind "exact", whatever their method is.
_DELETE_EXACT = "DELETE FROM generations WHERE kind = 'exact' AND (method = '' OR method LIKE '%\"name\": \"exact\"%')"
