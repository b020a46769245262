"""Migrations that recreate a table keep its rows and the rows that refer to it."""

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, hashes
from wherein.storage.catalog.checksums import vector_checksum
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.migrations import MIGRATIONS
from wherein.storage.catalog.sources import Source, list_sources, remember_source, remember_version
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
    found = db.execute("SELECT uri, source_id FROM files ORDER BY id").fetchall()
    assert found == [("file:///a/1", 1), ("file:///b/1", 2), ("file:///1", None)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    with writing(db, "test"):
        assert remember_source(db, "https://example.org/", "web", (), None) == 4
        remember_version(db, 4, '"1"', "then")
    page = list_sources(db)[-1]
    assert page == Source(4, "https://example.org/", "web", (), None, page.added_at, etag='"1"', modified="then")
    with writing(db, "test"):
        remember_source(db, "https://example.org/", "web", (), 5)
        db.execute("DELETE FROM sources WHERE id = 2")
    assert list_sources(db)[-1].etag == ""
    assert db.execute("SELECT uri, source_id FROM files ORDER BY id").fetchall()[1] == ("file:///b/1", None)


@pytest.mark.parametrize("sources", [[], ["/a"]])
def test_a_migrated_catalog_has_the_tables_of_a_new_one(sources: list[str]) -> None:
    old, new = old_catalog(sources), Database(memory=True)
    for db in (old, new):
        MIGRATIONS.apply(db)
    declared = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name"
    assert old.execute(declared).fetchall() == new.execute(declared).fetchall()


def catalog_of_singles(vectors: Matrix, methods: list[str]) -> Database:
    """Return a catalog from when all vectors were float32, with a generation of each method."""
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0008_half_vectors")
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
