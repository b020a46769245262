"""The connections that threads borrow: how many there are, and when they are opened, kept and closed."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from wherein.errors import WhereinError
from wherein.library.ingesting import RunFactory
from wherein.library.opening import open_for_writing
from wherein.library.readers import CatalogReader
from wherein.storage.catalog.connection import open_writer
from wherein.storage.catalog.documents import count_documents


def test_a_connection_is_kept_for_the_next_borrower_and_another_is_opened_after_the_catalog_was_replaced(
    runs: RunFactory,
) -> None:
    with closing(CatalogReader(runs.folder)) as reader:
        with reader.connection() as first:
            assert count_documents(first) == 12
        with reader.connection() as second:
            assert second is first
        reader.renew()
        with reader.connection() as third:
            assert third is not first
        with pytest.raises(sqlite3.ProgrammingError):
            first.execute("SELECT 1")


def test_connections_in_use_stay_open_while_the_catalog_is_replaced(runs: RunFactory) -> None:
    with closing(CatalogReader(runs.folder)) as reader:
        with reader.connection() as borrowed:
            reader.renew()
            assert count_documents(borrowed) == 12
            with reader.connection() as other:
                assert other is not borrowed
        with pytest.raises(sqlite3.ProgrammingError):
            borrowed.execute("SELECT 1")


def test_a_closed_reader_says_so_and_closing_again_does_nothing(runs: RunFactory) -> None:
    reader = CatalogReader(runs.folder)
    with reader.connection() as borrowed:
        reader.close()
        assert count_documents(borrowed) == 12
    reader.close()
    reader.renew()
    with pytest.raises(WhereinError, match="was closed"), reader.snapshot():
        pass


def test_each_thread_has_a_connection_of_its_own(runs: RunFactory) -> None:
    both = Barrier(2, timeout=60)

    def borrow(reader: CatalogReader) -> int:
        with reader.connection() as db:
            both.wait()
            return id(db)

    with closing(CatalogReader(runs.folder)) as reader, ThreadPoolExecutor(2) as threads:
        one, other = threads.map(borrow, [reader, reader])
    assert one != other


def test_a_snapshot_is_one_committed_state(runs: RunFactory) -> None:
    with closing(CatalogReader(runs.folder)) as reader:
        with reader.snapshot() as before:
            assert count_documents(before) == 12
            with closing(open_writer(runs.folder)) as db:
                db.execute("DELETE FROM documents WHERE id = 1")
            assert count_documents(before) == 12
        with reader.snapshot() as after:
            assert count_documents(after) == 11


def test_a_reader_that_could_not_open_the_library_opens_it_later(runs: RunFactory) -> None:
    with closing(CatalogReader(runs.folder / "later")) as reader:
        for _ in range(20):  # more often than there are connections
            with pytest.raises(WhereinError, match="no library"), reader.snapshot():
                pass
        with open_for_writing(runs.folder / "later", wait=False):
            pass
        with reader.snapshot() as db:
            assert count_documents(db) == 0
