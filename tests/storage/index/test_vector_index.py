"""The index of one snapshot: what is read again, and what happens when the files change under it."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from wherein.errors import Damaged, LibraryBusy
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.models import StoredModel, bind_model
from wherein.storage.catalog.vectors import count_vectors, save_vectors
from wherein.storage.disk.lock import writer_lock
from wherein.storage.index.folding import fold_if_due
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import active_generation, drop_old_generations
from wherein.storage.index.vector_index import VectorIndex, load_index, reading_index

DIMENSION = 8


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_writer(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def reader(db: Database, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_reader(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def model(db: Database) -> StoredModel:
    with writing(db, "test"):
        return bind_model(db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION)


def add(db: Database, model: StoredModel, first: int, last: int) -> None:
    names = [content_hash(f"passage {n}") for n in range(first, last)]
    with writing(db, "test"):
        save_vectors(db, model.id, names, np.eye(DIMENSION, dtype=np.float32)[np.arange(first, last) % DIMENSION])


def fold(db: Database, folder: Path, model: StoredModel) -> None:
    write_generation(db, folder, model)
    drop_old_generations(db, folder)


def index_of(db: sqlite3.Connection, folder: Path, model: StoredModel, known: VectorIndex | None = None) -> VectorIndex:
    with reading_index(db, folder, model, known) as index:
        return index


def test_of_a_longer_delta_only_the_end_is_read(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, model, 0, 4)
    fold(db, tmp_path, model)
    add(db, model, 4, 7)
    first = index_of(reader, tmp_path, model)
    add(db, model, 7, 9)
    with writing(db, "test"):  # whoever reads this again finds it damaged
        db.execute("UPDATE vectors SET checksum = checksum + 1 WHERE id = 6")
    second = index_of(reader, tmp_path, model, first)
    assert (first.delta_ids.tolist(), second.delta_ids.tolist()) == ([5, 6, 7], [5, 6, 7, 8, 9])
    np.testing.assert_array_equal(second.delta, np.eye(DIMENSION, dtype=np.float32)[[4, 5, 6, 7, 0]])
    with pytest.raises(Damaged, match="vector 6"):
        index_of(reader, tmp_path, model)


def answer_from(db: Database, generation: int) -> None:
    """Make another generation the active one."""
    with writing(db, "test"):
        db.execute("UPDATE generations SET active = 0")
        db.execute("UPDATE generations SET active = 1 WHERE id = ?", [generation])


def test_a_delta_that_was_folded_in_part_begins_later(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, model, 0, 5)
    known = index_of(reader, tmp_path, model)
    assert (known.generation, known.delta_ids.tolist()) == (None, [1, 2, 3, 4, 5])
    fold(db, tmp_path, model)
    add(db, model, 5, 6)
    fold(db, tmp_path, model)
    answer_from(db, 1)
    add(db, model, 6, 7)
    known = index_of(reader, tmp_path, model, known)
    assert (known.count, known.delta_ids.tolist()) == (7, [6, 7])
    answer_from(db, 2)  # as if the folding had begun before the last vector came
    assert index_of(reader, tmp_path, model, known).delta_ids.tolist() == [7]


def test_a_delta_begins_earlier_after_a_return_to_an_older_generation(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, model, 0, 3)
    fold(db, tmp_path, model)
    add(db, model, 3, 6)
    fold(db, tmp_path, model)
    add(db, model, 6, 8)
    known = index_of(reader, tmp_path, model)
    assert known.delta_ids.tolist() == [7, 8]
    answer_from(db, 1)
    known = index_of(reader, tmp_path, model, known)
    assert (known.count, known.delta_ids.tolist()) == (8, [4, 5, 6, 7, 8])


def test_a_generation_whose_file_goes_before_it_is_opened(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, model, 0, 3)
    fold(db, tmp_path, model)
    writes = [lambda: add(db, model, 3, 5), lambda: fold(db, tmp_path, model), lambda: fold(db, tmp_path, model)]

    def overtake(statement: str) -> None:
        if "data_version" in statement:  # the snapshot was taken, the file is about to be opened
            while writes:
                writes.pop(0)()

    reader.set_trace_callback(overtake)
    index = index_of(reader, tmp_path, model)
    assert index.generation is not None
    assert (index.generation.id, index.count, writes) == (3, 5, [])


def test_a_missing_file_of_the_newest_generation_is_damage(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, model, 0, 3)
    fold(db, tmp_path, model)
    for path in (tmp_path / "generations").iterdir():
        path.unlink()
    with pytest.raises(Damaged):
        index_of(reader, tmp_path, model)
    with snapshot(reader), pytest.raises(Damaged):
        load_index(reader, tmp_path, model, None)


def test_a_delta_with_gaps_is_folded_when_it_is_long_enough(db: Database, tmp_path: Path, model: StoredModel) -> None:
    add(db, model, 0, 2)
    assert fold_if_due(db, tmp_path, model, at_least=0)
    assert not fold_if_due(db, tmp_path, model, at_least=0)
    add(db, model, 2, 8)
    with writing(db, "test"):
        db.execute("DELETE FROM vectors WHERE id BETWEEN 3 AND 5")
    assert count_vectors(db, model.id, 2) == 3
    assert not fold_if_due(db, tmp_path, model, at_least=3)
    assert fold_if_due(db, tmp_path, model, at_least=2)
    generation = active_generation(db)
    assert generation is not None
    assert (generation.count, generation.highest_id) == (5, 8)


def test_the_last_vectors_are_found_without_a_look_at_all(db: Database, model: StoredModel) -> None:
    add(db, model, 0, 5)
    seen: list[str] = []
    db.conn.set_trace_callback(seen.append)
    assert count_vectors(db, model.id, 3) == 2
    db.conn.set_trace_callback(None)
    plan = db.execute(f"EXPLAIN QUERY PLAN {seen[0]}").fetchall()
    assert [row[3] for row in plan] == ["SEARCH v USING INTEGER PRIMARY KEY (rowid>?)"]


def test_a_holder_that_has_not_told_its_number_yet(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "writer.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(LibraryBusy, match="another process") as caught, writer_lock(tmp_path):
        pass
    os.close(descriptor)
    assert caught.value.pid is None
    with writer_lock(tmp_path):
        pass
