"""Migrations that recreate a table keep its rows and the rows that refer to it."""

import struct
import zlib

import pytest
from sqlite_utils import Database

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.file_sources import sources_of_file
from wherein.storage.catalog.migrations import MIGRATIONS
from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.sources import Source, list_sources, remember_source, remember_version
from wherein.storage.catalog.term_counts import count_terms, counted_version, is_stored_terms, read_terms
from wherein.storage.catalog.terms import terms_version


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
    MIGRATIONS.apply(db, stop_before="m0010_joined_words")
    text = "An x-ray of it"
    with writing(db, "test"):
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        save_document(db, DocumentRow("a", None, "", "text/plain", text, {}, (), [chunk]))
    counted = db.execute("SELECT id, counts, checksum FROM terms").fetchall()
    with writing(db, "test"):
        db.execute("UPDATE settings SET value = '1 snowball 2.2.0' WHERE key = 'terms'")
        db.execute("UPDATE terms SET counts = zeroblob(8)")
    MIGRATIONS.apply(db)
    assert counted_version(db) == terms_version()
    assert db.execute("SELECT id, counts, checksum FROM terms").fetchall() == counted


def old_terms(length: int, *entries: tuple[int, int, int]) -> bytes:
    """A row of `terms` as it was before `m0011_packed_terms`."""
    return struct.pack("<IHH", length, 3, 1) + b"".join(struct.pack("<QBB", *entry) for entry in entries)


def catalog_of_terms_of_64_bits(rows: list[bytes]) -> Database:
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0011_packed_terms")
    db.execute("PRAGMA foreign_keys = OFF")
    with writing(db, "test"):
        db.execute("UPDATE settings SET value = '2 snowball 2.2.0' WHERE key = 'terms'")
        db.conn.executemany(
            "INSERT INTO terms (id, counts, checksum) VALUES (?, ?, ?)",
            [(number, raw, zlib.crc32(raw, number)) for number, raw in enumerate(rows, 1)],
        )
    return db


def test_terms_of_64_bits_are_cut_to_their_first_40() -> None:
    db = catalog_of_terms_of_64_bits(
        [
            old_terms(9, (0xFFFF_FFFF_FF00_0001, 2, 0), (1 << 63, 1, 16), (0xFFFFFF, 255, 3)),
            old_terms(0),
            old_terms(700, (5 << 24 | 1, 250, 1), (5 << 24 | 2, 100, 16)),  # two terms that become one
            old_terms(3, (7 << 24, 1, 0)),
        ]
    )
    with writing(db, "test"):
        db.execute("UPDATE terms SET checksum = checksum + 1 WHERE id = 4")
        db.execute("INSERT INTO models VALUES (1, 'f', 'm', '1', 'w8a8', 8, '')")
        db.execute(
            "INSERT INTO generations"
            " (model_id, file, kind, count, highest_vector_id, bytes, sha256, created_at, active)"
            " VALUES (1, 'f', 'keywords', 1, 1, 1, '', '', 1)"
        )
    damaged = db.execute("SELECT * FROM terms WHERE id = 4").fetchone()
    MIGRATIONS.apply(db)
    rows = db.execute("SELECT id, counts, checksum FROM terms ORDER BY id").fetchall()
    assert [is_stored_terms(*row) for row in rows] == [True, True, True, False]
    unpacked = [unpack_rows([number], [raw]) for number, raw, _ in rows[:3]]
    assert [int(row.lengths[0]) for row in unpacked] == [9, 0, 700]
    assert [row.entries.tolist() for row in unpacked] == [
        [(0, 255, 3), (1 << 39, 1, 16), (0xFF_FFFF_FFFF, 2, 0)],
        [],
        [(5, 255, 17)],
    ]
    assert rows[3] == damaged
    assert counted_version(db) == "3 snowball 2.2.0"
    assert db.execute("SELECT count(*) FROM generations").fetchone() == (0,)


def test_terms_that_an_earlier_migration_counted_stay() -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before="m0011_packed_terms")
    text = "An x-ray of it"
    with writing(db, "test"):
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        save_document(db, DocumentRow("a", None, "", "text/plain", text, {}, (), [chunk]))
    MIGRATIONS.apply(db)
    assert db.execute("SELECT counts FROM terms").fetchall() == [(count_terms(text),)]
    assert [rows.ids.tolist() for rows in read_terms(db)] == [[1]]
