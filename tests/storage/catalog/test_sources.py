"""The sources that a library follows, with their options."""

import sqlite3

import pytest
from sqlite_utils import Database

from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.file_sources import files_of_source, follow_file, unfollowed_files
from wherein.storage.catalog.reading import AS_USUAL, Reading
from wherein.storage.catalog.sources import (
    forget_source,
    list_sources,
    remember_source,
    remember_version,
    rename_source,
    unreadable_sources,
)


def test_a_source_is_returned_with_its_options(db: Database) -> None:
    with writing(db, "test"):
        first = remember_source(db, "/docs", "path", ("*.pdf", "old/*"), 5_000)
        second = remember_source(db, "stdin:note", "stdin", (), None, Reading(Fields("body", "key", "subject")))
    one, other = list_sources(db)
    assert (one.id, one.uri, one.kind, one.exclude, one.max_size) == (first, "/docs", "path", ("*.pdf", "old/*"), 5_000)
    assert (one.fields, one.etag, one.modified) == (NO_FIELDS, "", "")
    assert (other.id, other.kind, other.max_size) == (second, "stdin", None)
    assert other.fields == Fields("body", "key", "subject")


def test_a_known_source_keeps_its_id_and_its_time_and_gets_the_new_options(db: Database) -> None:
    with writing(db, "test"):
        number = remember_source(db, "https://example.org/", "web", (), None)
        remember_version(db, number, '"1"', "Mon, 05 Jan 2026")
    (before,) = list_sources(db)
    assert (before.etag, before.modified) == ('"1"', "Mon, 05 Jan 2026")
    with writing(db, "test"):
        assert remember_source(db, "https://example.org/", "web", ("a",), 7) == number
    (after,) = list_sources(db)
    assert (after.id, after.added_at, after.exclude, after.max_size) == (number, before.added_at, ("a",), 7)
    assert (after.etag, after.modified) == ("", "")  # it is fetched again, since other options apply


def test_an_unknown_kind_is_refused(db: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), writing(db, "test"):
        remember_source(db, "ftp://example.org", "ftp", (), None)
    assert list_sources(db) == []


def test_the_files_of_a_forgotten_source_stay_and_belong_to_none(db: Database) -> None:
    with writing(db, "test"):
        number = remember_source(db, "/docs", "path", (), None)
        db.execute(
            "INSERT INTO files (uri, size, mtime_ns, ctime_ns, inode, checked_ns, version, state, reason)"
            " VALUES ('file:///docs/a', 0, 0, 0, 0, 0, '', 'read', '')"
        )
        follow_file(db, "file:///docs/a", number)
    assert files_of_source(db, number) == {"file:///docs/a": 1}
    with writing(db, "test"):
        forget_source(db, number)
    assert list_sources(db) == []
    assert unfollowed_files(db) == {"file:///docs/a": 1}
    with writing(db, "test"):
        assert remember_source(db, "/docs", "path", (), None) > number


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("options = '{'", "The options of the source /docs are damaged"),
        ("options = '[]'", "The options of the source /docs are damaged"),
        ("""options = json_set(options, '$.max_size', 'big')""", "damaged; run: wherein verify"),
        ("""options = json_set(options, '$.fields', 7)""", "The options of the source /docs are damaged"),
        ("uri = '/do' || char(0) || 'cs'", "The name of the source 1 is damaged"),
    ],
)
def test_a_damaged_source_is_listed_as_unreadable(db: Database, change: str, words: str) -> None:
    with writing(db, "test"):
        remember_source(db, "/docs", "path", (), None)
        remember_source(db, "/other", "path", (), None)
        db.execute(f"UPDATE sources SET {change} WHERE id = 1")
    with pytest.raises(Damaged, match=words):
        list_sources(db)
    assert [number for number, _ in unreadable_sources(db)] == [1]


@pytest.mark.parametrize("name", ["/d/caf\udce9", "/d/caf\udce9/*.txt", "/d/gr\u00f6\u00dfe", "/d/50%41", "/file:///d"])
def test_a_path_of_any_bytes_is_returned_as_it_is(db: Database, name: str) -> None:
    with writing(db, "test"):
        first, again = (remember_source(db, name, "path", ("caf\udce9",), None) for _ in range(2))
    (source,) = list_sources(db)
    assert (source.id, source.uri, source.exclude) == (first, name, ("caf\udce9",))
    assert again == first
    with writing(db, "test"):
        rename_source(db, first, f"{name}\udcff", pattern=False)
    assert list_sources(db)[0].uri == f"{name}\udcff"


def test_the_encoding_is_an_option_of_a_source(db: Database) -> None:
    with writing(db, "test"):
        remember_source(db, "/docs", "path", (), None, Reading(encoding="koi8-r"))
    (source,) = list_sources(db)
    assert (source.encoding, source.reading) == ("koi8-r", Reading(NO_FIELDS, "koi8-r"))
    with writing(db, "test"):
        remember_source(db, "/docs", "path", (), None)
    assert list_sources(db)[0].reading == AS_USUAL
