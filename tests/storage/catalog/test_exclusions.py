"""What was purged stays excluded until it is included again."""

from sqlite_utils import Database

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.exclusions import exclude, excluded, include


def test_a_file_is_included_with_its_records_and_nothing_else(db: Database) -> None:
    uris = ["file:///a", "file:///a#1", "file:///a#2", "file:///ab", "file:///ab#1", "file:///a/b"]
    with writing(db, "test"):
        for uri in uris:
            exclude(db, uri)
    assert excluded(db) == set(uris)
    with writing(db, "test"):
        include(db, "file:///a")
    assert excluded(db) == {"file:///ab", "file:///ab#1", "file:///a/b"}


def test_wildcards_in_a_uri_are_characters(db: Database) -> None:
    with writing(db, "test"):
        exclude(db, "file:///a_b#1")
        exclude(db, "file:///axb#1")
        include(db, "file:///a_b")
    assert excluded(db) == {"file:///axb#1"}


def test_excluding_twice_and_including_the_unknown_change_nothing(db: Database) -> None:
    with writing(db, "test"):
        exclude(db, "file:///a")
        exclude(db, "file:///a")
        include(db, "file:///unknown")
    assert excluded(db) == {"file:///a"}
