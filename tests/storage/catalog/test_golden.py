"""The user's golden questions, with the ranks of their documents."""

import pytest
from sqlite_utils import Database

from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.golden import GoldenRow, add_golden, list_golden, note_ranks, remove_golden


def test_a_known_pair_keeps_its_id_and_its_rank(db: Database) -> None:
    first = add_golden(db, "who may sign?", "file:///lease")
    other = add_golden(db, "who may sign?", "file:///other")
    assert first == GoldenRow(1, "who may sign?", "file:///lease", None)
    note_ranks(db, {first.id: 3, 99: 1})
    assert add_golden(db, "who may sign?", "file:///lease") == GoldenRow(1, "who may sign?", "file:///lease", 3)
    assert list_golden(db) == [GoldenRow(1, "who may sign?", "file:///lease", 3), other]


def test_a_rank_of_0_is_a_document_that_was_not_found(db: Database) -> None:
    row = add_golden(db, "who?", "file:///lease")
    note_ranks(db, {row.id: 0})
    assert [row.rank for row in list_golden(db)] == [0]


def test_ids_are_never_reused(db: Database) -> None:
    removed = add_golden(db, "who?", "file:///lease")
    remove_golden(db, removed.id)
    remove_golden(db, removed.id)
    assert list_golden(db) == []
    assert add_golden(db, "who?", "file:///lease").id > removed.id


def test_a_damaged_row_is_not_decoded(db: Database) -> None:
    add_golden(db, "who?", "file:///lease")
    with writing(db, "test"):
        db.execute("ALTER TABLE golden RENAME TO strict_golden")
        db.execute("CREATE TABLE golden AS SELECT id, CAST(question AS BLOB) AS question, uri, rank FROM strict_golden")
    with pytest.raises(Damaged, match="table golden is damaged"):
        list_golden(db)
