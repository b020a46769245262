"""Migrations that recreate a table keep its rows and the rows that refer to it."""

import pytest
from sqlite_utils import Database

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.file_sources import sources_of_file
from wherein.storage.catalog.migrations import MIGRATIONS
from wherein.storage.catalog.sources import Source, list_sources, remember_source, remember_version
from wherein.storage.catalog.term_counts import counted_version
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
