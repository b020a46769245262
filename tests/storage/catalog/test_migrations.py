"""Migrations that recreate a table keep its rows and the rows that refer to it."""

from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, hashes
from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash, vector_checksum
from wherein.storage.catalog.connection import checkpoint, writing
from wherein.storage.catalog.coverage import Coverage, coverage_of, recognized_spans
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, document_text, save_document
from wherein.storage.catalog.file_sources import sources_of_file
from wherein.storage.catalog.migrations import MIGRATIONS
from wherein.storage.catalog.schema import schema_of
from wherein.storage.catalog.sources import Source, list_sources, remember_source, remember_version
from wherein.storage.catalog.term_counts import counted_version
from wherein.storage.catalog.terms import terms_version
from wherein.storage.catalog.vectors import Matrix, is_stored_vector, unpack_vectors


def old_catalog(sources: list[str]) -> Database:
    db = Database(memory=True)
    db.execute("PRAGMA foreign_keys = ON")
    MIGRATIONS.apply(db, stop_before="m0005_web_sources")
    with writing(db, "test"):
        for uri in sources:
            remember_source(db, uri, "path", (), None)
    return db


def add_file(db: Database, uri: str, source_id: int | None) -> None:
    with writing(db, "test"):
        db.execute(
            "INSERT INTO files (uri, source_id, size, mtime_ns, ctime_ns, inode, checked_ns, version, state, reason)"
            " VALUES (?, ?, 0, 0, 0, 0, 0, '', 'read', '')",
            [uri, source_id],
        )


def covered(db: Database) -> dict[str, list[int]]:
    """The sources of each file."""
    return {uri: sources_of_file(db, number) for number, uri in db.execute("SELECT id, uri FROM files").fetchall()}


def test_a_file_belongs_to_every_source_that_its_path_is_in() -> None:
    db = old_catalog(["/a", "/a/b c", "/a/b c/d.txt", "/", "/a/b", "/a/*.txt"])
    for uri, source_id in (("file:///a/b%20c/d.txt", 2), ("file:///a/bc", 1), ("file:///z", None)):
        add_file(db, uri, source_id)
    MIGRATIONS.apply(db)
    assert covered(db) == {"file:///a/b%20c/d.txt": [1, 2, 3, 4], "file:///a/bc": [1, 4], "file:///z": [4]}


def test_files_keep_their_sources_and_ids_are_never_reused() -> None:
    db = old_catalog(["/a", "/b", "/c"])
    for uri, source_id in (("file:///a/1", 1), ("file:///b/1", 2), ("file:///1", None)):
        add_file(db, uri, source_id)
    with writing(db, "test"):
        db.execute("DELETE FROM sources WHERE id = 3")
    MIGRATIONS.apply(db)
    assert [(source.id, source.uri, source.kind) for source in list_sources(db)] == [
        (1, "/a", "path"),
        (2, "/b", "path"),
    ]
    assert covered(db) == {"file:///a/1": [1], "file:///b/1": [2], "file:///1": []}
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    with writing(db, "test"):
        assert remember_source(db, "https://example.org/", "web", (), None) == 4
        remember_version(db, 4, '"1"', "then")
    page = list_sources(db)[-1]
    assert page == Source(
        4, "https://example.org/", "web", (), None, page.added_at, etag='"1"', modified="then", pattern=False
    )
    with writing(db, "test"):
        remember_source(db, "https://example.org/", "web", (), 5)
        db.execute("DELETE FROM sources WHERE id = 2")
    assert list_sources(db)[-1].etag == ""
    assert covered(db) == {"file:///a/1": [1], "file:///b/1": [], "file:///1": []}


@pytest.mark.parametrize("sources", [[], ["/a"]])
def test_a_migrated_catalog_has_the_tables_of_a_new_one(sources: list[str]) -> None:
    old, new = old_catalog(sources), Database(memory=True)
    for db in (old, new):
        MIGRATIONS.apply(db)
    declared = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name"
    assert old.execute(declared).fetchall() == new.execute(declared).fetchall()


def test_terms_of_another_version_are_counted_again() -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0011_joined_words")
    text = "An x-ray of it"
    with writing(db, "test"):
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        # What later migrations bring.
        db.execute("CREATE TABLE sketches (id, sketch, checksum)")
        db.execute("ALTER TABLE terms ADD COLUMN term_order BLOB")
        save_document(db, DocumentRow("a", None, "", "text/plain", text, {}, (), [chunk]))
        db.execute("DROP TABLE sketches")
        db.execute("ALTER TABLE terms DROP COLUMN term_order")
    counted = db.execute("SELECT id, counts, checksum FROM terms").fetchall()
    with writing(db, "test"):
        db.execute("UPDATE settings SET value = '1 snowball 2.2.0' WHERE key = 'terms'")
        db.execute("UPDATE terms SET counts = zeroblob(8)")
    MIGRATIONS.apply(db)
    assert counted_version(db) == terms_version()
    assert db.execute("SELECT id, counts, checksum FROM terms").fetchall() == counted


def test_what_was_purged_before_stays_away_and_is_recognized_by_the_file_of_its_record() -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0008_exclusions_by_content")
    add_file(db, "file:///a.jsonl", None)
    add_file(db, "file:///half.jsonl", None)
    with writing(db, "test"):
        db.execute("UPDATE files SET content_hash = ?, version = 'v'", [b"bytes"])
        db.execute(
            "UPDATE files SET state = 'failed', reason = 'the run that read it did not finish'"
            " WHERE uri = 'file:///half.jsonl'"
        )
        for uri in ("file:///a.jsonl#3/4", "file:///gone.jsonl#1", "file:///b.txt", "stdin:note"):
            db.execute("INSERT INTO exclusions (uri, added_at) VALUES (?, 'then')", [uri])
    MIGRATIONS.apply(db)
    assert db.execute(
        "SELECT uri, kind, key, text_hash, file_hash, added_at FROM exclusions ORDER BY uri"
    ).fetchall() == [
        ("file:///a.jsonl#3/4", "purged", "3/4", None, b"bytes", "then"),
        ("file:///b.txt", "purged", "", None, None, "then"),
        ("file:///gone.jsonl#1", "purged", "1", None, None, "then"),
        ("stdin:note", "purged", "", None, None, "then"),
    ]
    assert db.execute("SELECT uri, version FROM files ORDER BY uri").fetchall() == [
        ("file:///a.jsonl", "v"),
        ("file:///half.jsonl", ""),
    ]


TEXTS = ["", "One\ntwo\r\nthree\r", "a\0b", "\U0001f600\n" * 5_000, "x" * 2_000, "\n" * 4_001]


def with_texts(path: Path, texts: list[str]) -> Database:
    """Return a catalog in a file, as it was before texts were in blocks."""
    db = Database(path)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA journal_mode = WAL")
    MIGRATIONS.apply(db, stop_before="m0010_texts_in_blocks")
    with writing(db, "test"):
        for number, text in enumerate(texts):
            db.execute(
                "INSERT INTO documents (uri, title, media_type, text, text_hash, metadata, notes, added_at, changed_at)"
                " VALUES (?, '', 'text/plain', ?, ?, '{}', '[]', '', '')",
                [str(number), text, content_hash(text)],
            )
    return db


def test_texts_are_the_same_in_blocks(tmp_path: Path) -> None:
    db = with_texts(tmp_path / "catalog.db", TEXTS)
    MIGRATIONS.apply(db)
    assert [document_text(db, number) for number in range(1, len(TEXTS) + 1)] == TEXTS
    characters = db.execute("SELECT characters FROM documents ORDER BY id").fetchall()
    assert [length for (length,) in characters] == [len(text) for text in TEXTS]
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


@pytest.mark.parametrize("damage", ["x'4f6eff0a74776f'", "CAST(x'ff' AS TEXT)", "'Another text.'"])
def test_a_damaged_text_stays_as_it_is_and_is_found(tmp_path: Path, damage: str) -> None:
    db = with_texts(tmp_path / "catalog.db", TEXTS)
    with writing(db, "test"):
        db.execute(f"UPDATE documents SET text = CAST({damage} AS TEXT) WHERE id = 2")
    MIGRATIONS.apply(db)
    with pytest.raises(Damaged):
        document_text(db, 2)
    same = f"SELECT CAST(text AS BLOB) = CAST({damage} AS BLOB) FROM texts WHERE document_id = 2"
    assert db.execute(same).fetchall() == [(1,)]
    assert document_text(db, 4) == TEXTS[3]
    db.close()


def test_the_file_does_not_grow_by_a_second_copy_of_the_texts(tmp_path: Path) -> None:
    texts = [f"{number} {'words and more ' * 20_000}" for number in range(12)]
    db = with_texts(tmp_path / "catalog.db", texts)
    checkpoint(db)
    before = (tmp_path / "catalog.db").stat().st_size
    MIGRATIONS.apply(db)
    log = (tmp_path / "catalog.db-wal").stat().st_size
    checkpoint(db)
    assert (tmp_path / "catalog.db").stat().st_size < 1.15 * before
    assert log < 1.3 * before
    db.close()


def test_an_interrupted_migration_leaves_the_old_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = with_texts(tmp_path / "catalog.db", TEXTS)

    def interrupted(name: str) -> None:
        if name == "migration.texts-copied":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("wherein.storage.catalog.migrations.failpoint", interrupted)
        with pytest.raises(KeyboardInterrupt):
            MIGRATIONS.apply(db)
    assert schema_of(db) == 9
    assert [text for (text,) in db.execute("SELECT text FROM documents ORDER BY id").fetchall()] == TEXTS
    MIGRATIONS.apply(db)
    assert [document_text(db, number) for number in range(1, len(TEXTS) + 1)] == TEXTS
    db.close()


def catalog_of_singles(vectors: Matrix, methods: list[str]) -> Database:
    """Return a catalog from when all vectors were float32, with a generation of each method."""
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0012_half_vectors")
    with writing(db, "test"):
        db.execute("INSERT INTO models VALUES (1, 'f', 'm', '1', 'w8a8', ?, '')", [DIMENSION])
        for name, vector in zip(hashes(0, len(vectors)), vectors, strict=True):
            raw = vector.astype("<f4").tobytes()
            db.execute(
                "INSERT INTO vectors (model_id, input_hash, vector, checksum) VALUES (1, ?, ?, ?)",
                [name, raw, vector_checksum(name, raw)],
            )
        for method in methods:
            db.execute(
                "INSERT INTO generations (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at,"
                " active, method) VALUES (1, '000001.faiss', 'exact', 1, 1, 1, '', '', 0, ?)",
                [method],
            )
    return db


def stored(db: Database) -> list[tuple[bytes, bytes, int]]:
    return [tuple(row) for row in db.execute("SELECT input_hash, vector, checksum FROM vectors ORDER BY id").fetchall()]


def random_vectors(count: int, length: float) -> Matrix:
    vectors = np.random.default_rng(3).standard_normal((count, DIMENSION))
    return (length * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


METHODS = ["", '{"name": "exact", "asked": "ivf"}', '{"name": "ivf", "asked": "ivf"}']


@pytest.mark.parametrize("count", [1, 2_000, 4_001])
def test_vectors_of_length_1_are_halved(count: int) -> None:
    vectors = random_vectors(count, 1)
    db = catalog_of_singles(vectors, METHODS)
    MIGRATIONS.apply(db)
    rows = stored(db)
    assert all(len(raw) == 2 * DIMENSION and is_stored_vector(DIMENSION, *row) for row in rows for raw in row[1:2])
    assert [name for name, _, _ in rows] == hashes(0, count)
    halved = unpack_vectors(DIMENSION, [raw for _, raw, _ in rows])
    np.testing.assert_array_equal(halved, vectors.astype(np.float16))
    # An exact index of the unrounded vectors would contradict them; the error of codes is larger than the rounding.
    assert db.execute("SELECT method FROM generations").fetchall() == [(METHODS[2],)]


@pytest.mark.parametrize("length", [0.0, 0.9, 1.01, 70_000.0])
def test_vectors_of_another_length_and_their_index_stay(length: float) -> None:
    db = catalog_of_singles(random_vectors(3, length), METHODS)
    before = stored(db)
    MIGRATIONS.apply(db)
    assert stored(db) == before
    assert len(db.execute("SELECT 1 FROM generations").fetchall()) == 3


@pytest.mark.parametrize("change", ["checksum = 5", "vector = zeroblob(32)", "vector = x'00'", "input_hash = x'01'"])
def test_a_damaged_vector_stays_as_it_is(change: str) -> None:
    db = catalog_of_singles(random_vectors(3, 1), METHODS)
    with writing(db, "test"):
        db.execute(f"UPDATE vectors SET {change} WHERE id = 2")
    before = stored(db)
    MIGRATIONS.apply(db)
    first, second, third = stored(db)
    assert second == before[1]
    assert not is_stored_vector(DIMENSION, *second)
    assert len(first[1]) == len(third[1]) == 2 * DIMENSION


def test_nothing_was_recognized_in_existing_documents() -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0014_recognized_text")
    with writing(db, "test"):
        db.execute(
            "INSERT INTO documents (id, uri, title, media_type, text_hash, metadata, notes, added_at, changed_at)"
            " VALUES (1, 'a', '', '', x'', '{}', '[]', '', '')"
        )
        db.execute("INSERT INTO coverage VALUES (1, 8, 2, 'en')")
    MIGRATIONS.apply(db)
    assert coverage_of(db, 1) == Coverage(8, 2, "en")
    assert recognized_spans(db, [1]) == {}
    db.close()
