"""The record of reindexes, of which the last 100 are kept."""

import sqlite3

import pytest
from sqlite_utils import Database

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import now
from wherein.storage.catalog.reindex_runs import UNFINISHED, begin_run, finish_run, last_run


def test_a_run_is_unfinished_until_it_ends(db: Database) -> None:
    assert last_run(db) is None
    earliest = now()
    number = begin_run(db)
    begun = last_run(db)
    assert begun is not None
    assert (begun.id, begun.ended_at, begun.outcome, begun.report) == (number, None, UNFINISHED, "{}")
    assert earliest <= begun.began_at <= now()
    finish_run(db, number, "done", '{"new": 1}')
    ended = last_run(db)
    assert ended is not None
    assert (ended.id, ended.began_at, ended.outcome, ended.report) == (number, begun.began_at, "done", '{"new": 1}')
    assert begun.began_at <= str(ended.ended_at) <= now()


def test_a_killed_run_stays_unfinished_and_the_latest_run_is_returned(db: Database) -> None:
    killed, second = begin_run(db), begin_run(db)
    finish_run(db, second, "stopped", "{}")
    last = last_run(db)
    assert last is not None
    assert (last.id, last.outcome) == (second, "stopped")
    assert db.execute("SELECT outcome FROM nights WHERE id = ?", [killed]).fetchone() == (UNFINISHED,)


def test_the_last_100_runs_are_kept(db: Database) -> None:
    with writing(db, "test"):
        for _ in range(120):
            db.execute("INSERT INTO nights (began_at, outcome, report) VALUES ('', 'done', '{}')")
    assert begin_run(db) == 121
    assert db.execute("SELECT min(id), count(*) FROM nights").fetchone() == (22, 100)


def test_an_unknown_outcome_is_refused(db: Database) -> None:
    number = begin_run(db)
    with pytest.raises(sqlite3.IntegrityError):
        finish_run(db, number, "perfect", "{}")
    last = last_run(db)
    assert last is not None
    assert last.outcome == UNFINISHED
