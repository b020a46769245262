"""The tables, as append-only migrations. A released migration is never edited; a change is a new one.

Times are UTC in ISO 8601; `*_ns` are nanoseconds since the epoch; hashes and checksums are those of
storage/catalog/checksums.py. Chunks and vectors are joined by `input_hash`, so that equal texts share a vector and a
second model's vectors can be stored beside the first one's.
"""

import os
from urllib.parse import quote_from_bytes

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from wherein.storage.catalog.checksums import row_checksum, vector_checksum
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.sketches import fill_sketches
from wherein.storage.catalog.term_counts import Uncounted, counted_version, recount, save_counts
from wherein.storage.catalog.terms import terms_version
from wherein.storage.catalog.texts import save_text_bytes
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
    recount(db, _uncounted_in_whole_texts, save_counts)
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
def m0008_exclusions_by_content(db: Database) -> None:
    """Exclusions know the content of their documents, and removed documents are excluded, too.

    Of what was purged before, only records in a file that is still known can be recognized by their content. Files
    whose reading was interrupted are read again.
    """
    _run(db, _EXCLUSIONS_BY_CONTENT)
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
def m0010_texts_in_blocks(db: Database) -> None:
    """Texts in blocks of a fixed number of characters, in a table of their own (storage/catalog/texts.py).

    A document's old text goes before the new one is written, which then takes its pages: the file does not grow by a
    second copy of all texts, only the log. One text at a time is in memory.
    """
    _run(db, _TEXTS_IN_BLOCKS)
    last = 0
    while numbers := db.execute("SELECT id FROM documents WHERE id > ? ORDER BY id LIMIT 1000", [last]).fetchall():
        for (document_id,) in numbers:
            # As bytes, because damaged text may be invalid UTF-8; it stays as it is, so that `verify` finds it.
            (raw,) = db.execute("SELECT CAST(text AS BLOB) FROM documents WHERE id = ?", [document_id]).fetchone()
            db.execute("UPDATE documents SET text = '' WHERE id = ?", [document_id])
            save_text_bytes(db, document_id, raw)
            last = document_id
    failpoint("migration.texts-copied")
    db.execute("ALTER TABLE documents DROP COLUMN text")  # rewrites rows that have become short
    failpoint("migration.applied")


@MIGRATIONS()
def m0011_joined_words(db: Database) -> None:
    """Terms of another version are counted again: a question must not be compared with them.

    Generations of keywords go with the old terms; the next writer makes new ones.
    """
    if counted_version(db) != terms_version():
        db.execute("DELETE FROM terms")
        db.execute("DELETE FROM generations WHERE kind = 'keywords'")
        recount(db, save=save_counts)
    failpoint("migration.applied")


@MIGRATIONS()
def m0012_half_vectors(db: Database) -> None:
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


@MIGRATIONS()
def m0013_sketches(db: Database) -> None:
    """A sketch of each passage, by which near-copies are recognized (storage/catalog/sketches.py)."""
    _run(db, _SKETCHES)
    fill_sketches(db)
    failpoint("migration.applied")


@MIGRATIONS()
def m0014_recognized_text(db: Database) -> None:
    """Which spans of a text were recognized in pictures (OCR): none in existing documents."""
    db.execute("ALTER TABLE coverage ADD COLUMN recognized TEXT NOT NULL DEFAULT '[]'")
    failpoint("migration.applied")


@MIGRATIONS()
def m0015_term_order(db: Database) -> None:
    """The order of each passage's terms (storage/catalog/term_order.py).

    Existing rows have none, and the texts are read in their place: nothing has to be counted again.
    """
    db.execute("ALTER TABLE terms ADD COLUMN term_order BLOB")
    failpoint("migration.applied")


def _uncounted_in_whole_texts(db: Catalog, last: int, limit: int) -> list[Uncounted]:
    """Return chunks without counts, as `term_counts.ReadUncounted`, of a catalog before `m0010_texts_in_blocks`."""
    return [Uncounted(*row) for row in db.execute(_UNCOUNTED, [last, limit]).fetchall()]


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

# A URI of NULL: a purged document whose content alone is excluded. The last statement is for files that an older
# version took for unchanged, though it had not read all of them.
_EXCLUSIONS_BY_CONTENT = """
CREATE TABLE exclusions_by_content (
    id INTEGER PRIMARY KEY,
    uri TEXT UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('removed', 'purged')),
    key TEXT NOT NULL,
    text_hash BLOB,
    file_hash BLOB,
    added_at TEXT NOT NULL
) STRICT;

INSERT INTO exclusions_by_content (uri, kind, key, file_hash, added_at)
SELECT e.uri, 'purged', substr(e.uri, length(f.uri) + 2), f.content_hash, e.added_at
FROM exclusions e JOIN files f ON f.uri = substr(e.uri, 1, instr(e.uri, '#') - 1);

INSERT INTO exclusions_by_content (uri, kind, key, added_at)
SELECT uri, 'purged', CASE instr(uri, '#') WHEN 0 THEN '' ELSE substr(uri, instr(uri, '#') + 1) END, added_at
FROM exclusions WHERE uri NOT IN (SELECT uri FROM exclusions_by_content);

DROP TABLE exclusions;

ALTER TABLE exclusions_by_content RENAME TO exclusions;

CREATE INDEX exclusions_by_text ON exclusions(text_hash);

CREATE INDEX exclusions_by_file ON exclusions(file_hash);

UPDATE files SET version = '' WHERE state = 'failed' AND reason = 'the run that read it did not finish'
"""

_CHUNKS_AFTER = (
    'SELECT id, document_id, ordinal, start, "end", page, heading, input_hash FROM chunks'
    " WHERE id > ? ORDER BY id LIMIT 10000"
)

_TEXTS_IN_BLOCKS = """
ALTER TABLE documents ADD COLUMN characters INTEGER NOT NULL DEFAULT 0;

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    text TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (document_id, number)
) STRICT
"""

# The passage as bytes, because damaged text may be invalid UTF-8.
_UNCOUNTED = (
    'SELECT c.id, c.heading, d.title, CAST(substr(d.text, c.start + 1, c."end" - c.start) AS BLOB)'
    " FROM chunks c JOIN documents d ON d.id = c.document_id"
    " WHERE c.id > ? AND NOT EXISTS (SELECT 1 FROM terms t WHERE t.id = c.id) ORDER BY c.id LIMIT ?"
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

_SKETCHES = """
CREATE TABLE sketches (
    id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
    sketch BLOB NOT NULL,
    checksum INTEGER NOT NULL
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
