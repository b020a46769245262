"""The passages that a filter selects in one committed state."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from catalogs import document, hashes, save, store, unit_vectors
from wherein.errors import Damaged, UsageError
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.documents import delete_document
from wherein.storage.catalog.files import FileState, save_file
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import remember_source
from wherein.storage.filters.condition import Absent, Comparison
from wherein.storage.filters.selection import Filter, Selection, Selector


@pytest.fixture
def selector(db: Database, model: StoredModel) -> Selector:
    """Three documents: chunks 1 to 3, 4 and 5, and 6; one text is in two of them, and one has no vector."""
    store(db, model, hashes(0, 5), unit_vectors(5))
    rows = (
        document("file:///docs/a.txt", hashes(0, 3)),
        replace(document("file:///docs/b.md", hashes(2, 4)), media_type="text/markdown", metadata={"year": 2024}),
        replace(document("stdin:c", hashes(9, 10)), metadata={"year": 2020}),
    )
    save(db, *rows)
    return Selector(model.id)


def select(selector: Selector, db: Database | sqlite3.Connection, filter_: Filter) -> Selection:
    with snapshot(db):
        db.execute("SELECT 1 FROM documents").fetchone()
        (version,) = db.execute("PRAGMA data_version").fetchone()
        return selector.select(db, version, filter_)


@pytest.mark.parametrize(
    ("filter_", "documents", "chunks", "vectors"),
    [
        (Filter(), {1, 2, 3}, [1, 2, 3, 4, 5, 6], [1, 2, 3, 4]),
        (Filter(uri_patterns=("file:///docs/.*",)), {1, 2}, [1, 2, 3, 4, 5], [1, 2, 3, 4]),
        (Filter(uri_patterns=("docs", "stdin:.", ".*md", "file:///docs/a")), {2, 3}, [4, 5, 6], [3, 4]),
        (Filter(media_types=("text/markdown", "text/html")), {2}, [4, 5], [3, 4]),
        (Filter(where=Comparison("year", "<", (2021,))), {3}, [6], []),
        (Filter(where=Absent("year")), {1}, [1, 2, 3], [1, 2, 3]),
        (Filter(media_types=("text/plain",), where=Absent("year")), {1}, [1, 2, 3], [1, 2, 3]),
        (Filter(media_types=("text/html",)), set(), [], []),
    ],
)
def test_what_is_selected(
    db: Database, selector: Selector, filter_: Filter, documents: set[int], chunks: list[int], vectors: list[int]
) -> None:
    selection = select(selector, db, filter_)
    assert (selection.documents, selection.chunks.tolist(), selection.vectors.tolist()) == (documents, chunks, vectors)
    assert [n for n in range(8) if selection.has_chunk(n)] == chunks
    ids = np.array([-(2**62), -1, 0, 1, 2, 3, 4, 5, 6, 63, 64, 2**62])
    assert ids[selection.has_vectors(ids)].tolist() == vectors


@pytest.mark.parametrize("limit", [0, 1_000])
def test_reading_all_passages_selects_the_same_as_looking_some_up(
    db: Database, selector: Selector, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("wherein.storage.filters.selection._MAX_LOOKED_UP", limit)
    whole, part = select(selector, db, Filter()), select(selector, db, Filter(uri_patterns=("file:.*",)))
    assert (whole.chunks.tolist(), whole.vectors.tolist()) == ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4])
    assert (part.chunks.tolist(), part.vectors.tolist()) == ([1, 2, 3, 4, 5], [1, 2, 3, 4])


def test_the_time_of_a_file_counts_or_that_of_a_text_without_one(db: Database, selector: Selector) -> None:
    day = 86_400 * 10**9
    with writing(db, "test"):
        source = remember_source(db, "/docs", "path", (), None)
        on_disk = FileState(1, 20 * day, 0, 0, 0)
        number = save_file(db, "file:///docs/a.txt", source, on_disk, None, version="", state="read")
        db.execute("UPDATE documents SET file_id = ? WHERE id = 1", [number])
        db.execute("UPDATE documents SET changed_at = '1970-01-11T00:00:00.000+00:00' WHERE id <> 1")
    assert select(selector, db, Filter(since_ns=20 * day)).documents == {1}
    assert select(selector, db, Filter(since_ns=20 * day + 1)).documents == set()
    assert select(selector, db, Filter(since_ns=10 * day)).documents == {1, 2, 3}
    assert select(selector, db, Filter(since_ns=10 * day + 10**6)).documents == {1}
    assert select(selector, db, Filter(since_ns=2**63 - 1)).documents == set()
    assert select(selector, db, Filter(since_ns=-(2**63))).documents == {1, 2, 3}


def test_a_field_that_no_document_has_is_refused_with_the_known_ones(db: Database, selector: Selector) -> None:
    with pytest.raises(UsageError, match=r"^No document has a field yaer; known are year, a$"):
        select(selector, db, Filter(where=Comparison("yaer", "=", (2024,))))
    with pytest.raises(UsageError, match=r"field '\\x1b\[0m'; known"):
        select(selector, db, Filter(where=Absent("\x1b[0m")))


def test_at_most_40_known_fields_are_named(db: Database, model: StoredModel) -> None:
    save(db, replace(document("a"), metadata={f"f{n:03}": n for n in range(50)}))
    with pytest.raises(UsageError, match=r"known are f000, .*, f039 and more$"):
        select(Selector(model.id), db, Filter(where=Absent("other")))


def test_without_metadata_no_field_can_be_known(db: Database, model: StoredModel) -> None:
    with pytest.raises(UsageError, match="the documents here have no metadata"):
        select(Selector(model.id), db, Filter(where=Absent("other")))


def test_a_selection_is_kept_until_something_is_committed(
    db: Database, reader: sqlite3.Connection, selector: Selector
) -> None:
    filter_ = Filter(uri_patterns=("file:.*",))
    first = select(selector, reader, filter_)
    assert select(selector, reader, Filter(uri_patterns=("file:.*",))) is first
    with writing(db, "test"):
        delete_document(db, 1)
    assert select(selector, reader, filter_).documents == {2}


def test_filters_that_compare_equal_are_kept_apart(db: Database, selector: Selector) -> None:
    save(db, replace(document("one"), metadata={"n": 1}), replace(document("yes"), metadata={"n": True}))
    one, yes = (Filter(where=Comparison("n", "=", (value,))) for value in (1, True))
    assert one == yes
    assert (select(selector, db, one).documents, select(selector, db, yes).documents) == ({4}, {5})


def test_the_vectors_of_another_model_are_not_selected(db: Database, selector: Selector, model: StoredModel) -> None:
    assert select(Selector(model.id + 1), db, Filter()).vectors.tolist() == []
    assert select(Selector(model.id + 1), db, Filter()).chunks.tolist() == [1, 2, 3, 4, 5, 6]


def test_contradicting_indexes_are_damage(db: Database, selector: Selector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.storage.filters.selection._MAX_LOOKED_UP", 0)
    monkeypatch.setattr("wherein.storage.filters.selection._OWNERS", "SELECT id, document_id FROM chunks WHERE id <> 3")
    with pytest.raises(Damaged, match="SQLite's indexes of the passages contradict each other; run: wherein verify"):
        select(selector, db, Filter())


@given(st.sets(st.integers(1, 300), max_size=40), st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 310)))
def test_the_bitmap_marks_the_selected_vectors(vectors: set[int], ids: list[int]) -> None:
    marks = np.zeros(max(vectors, default=-1) + 1, np.bool_)
    marks[sorted(vectors)] = True
    bitmap = np.packbits(marks, bitorder="little")
    selection = Selection(frozenset(), np.empty(0, np.int64), np.array(sorted(vectors), np.int64), bitmap)
    assert selection.has_vectors(np.array(ids, np.int64)).tolist() == [number in vectors for number in ids]
