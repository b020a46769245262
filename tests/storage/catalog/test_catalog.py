"""The catalogue keeps what it was given, loses nothing half-way, and answers from every vector it holds."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from wherein.errors import Damaged, LibraryBusy
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import CATALOG, open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import (
    ChunkRow,
    DocumentRow,
    delete_document,
    document_spans,
    document_text,
    list_documents,
    save_document,
)
from wherein.storage.catalog.models import StoredModel, bind_model, bound_model
from wherein.storage.catalog.vectors import (
    Matrix,
    count_live,
    delete_orphans,
    known_inputs,
    mark_orphans,
    read_vectors,
    save_vectors,
)
from wherein.storage.disk.lock import writer_lock
from wherein.storage.index.generation_files import load_generation
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import active_generation
from wherein.storage.index.vector_index import VectorIndex, load_index

ROOT = Path(__file__).parents[2]
DIMENSION = 8
HOLDER = """
import sys
from pathlib import Path
from wherein.storage.disk.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


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


def unit_vectors(count: int, seed: int = 0) -> Matrix:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def hashes(first: int, last: int) -> list[bytes]:
    return [content_hash(f"passage {i}") for i in range(first, last)]


def document(uri: str, names: Sequence[bytes] = (), text: str = "Some text.") -> DocumentRow:
    chunks = [ChunkRow(i, i + 1, name, None, ("Heading", str(i))) for i, name in enumerate(names)]
    return DocumentRow(uri, None, "Title", "text/plain", text, {"a": [1, None]}, ("note",), chunks)


def save(db: Database, *rows: DocumentRow) -> list[int]:
    with writing(db, "test"):
        return [save_document(db, row) for row in rows]


def store(db: Database, model: StoredModel, names: Sequence[bytes], vectors: Matrix) -> None:
    with writing(db, "test"):
        save_vectors(db, model.id, names, vectors)


def index_of(db: Database, folder: Path, model: StoredModel, known: VectorIndex | None = None) -> VectorIndex:
    with snapshot(db):
        return load_index(db, folder, model, known)


def assert_nearest(index: VectorIndex, vectors: Matrix, ids: Sequence[int]) -> None:
    """`index` answers as NumPy does from these vectors."""
    for question in unit_vectors(10, seed=99):
        scores = vectors @ question
        order = np.argsort(-scores)
        for k in (1, 5, len(ids), len(ids) + 10):
            found, products = index.nearest(question, k)
            assert found.tolist() == [ids[i] for i in order[:k]]
            np.testing.assert_allclose(products, scores[order[:k]], atol=1e-6)


def vector_ids(db: Database) -> list[int]:
    return [row[0] for row in db.execute("SELECT id FROM vectors ORDER BY id").fetchall()]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
def test_writing_takes_everything_back_on_an_error(db: Database, error: type[BaseException]) -> None:
    save(db, document("kept"))

    def fail() -> None:
        with writing(db, "test"):
            save_document(db, document("lost", hashes(0, 3)))
            save_document(db, document("kept", text="changed"))
            raise error

    with pytest.raises(error):
        fail()
    assert [row.uri for row in list_documents(db)] == ["kept"]
    assert document_text(db, 1) == "Some text."
    save(db, document("later"))
    assert [row.uri for row in list_documents(db)] == ["kept", "later"]


def test_what_was_written_survives_closing(tmp_path: Path) -> None:
    first = open_writer(tmp_path)
    save(first, document("a", hashes(0, 2)))
    first.close()
    second = open_writer(tmp_path)
    assert [(row.uri, row.chunks, row.metadata, row.notes) for row in list_documents(second)] == [
        ("a", 2, {"a": [1, None]}, ("note",))
    ]
    second.close()


def test_a_reader_cannot_write(reader: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO settings (key, value) VALUES ('a', 'b')")
    reader.rollback()
    disguised = Database(reader)
    with pytest.raises(sqlite3.OperationalError, match="readonly"), writing(disguised, "test"):
        save_document(disguised, document("a"))
    assert list(list_documents(reader)) == []


def test_a_reader_keeps_its_snapshot_while_the_writer_commits(db: Database, reader: sqlite3.Connection) -> None:
    save(db, document("a"))
    with snapshot(reader):
        assert len(list(list_documents(reader))) == 1
        save(db, document("b"))
        assert len(list(list_documents(reader))) == 1
    assert len(list(list_documents(reader))) == 2


def test_what_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / CATALOG).write_bytes(b"no database at all" * 100)
    with pytest.raises(Damaged):
        open_reader(tmp_path)
    with pytest.raises(Damaged):
        open_writer(tmp_path)


def test_document_ids_are_never_reused(db: Database) -> None:
    one, two = save(db, document("one"), document("two"))
    with writing(db, "test"):
        delete_document(db, two)
    (three,) = save(db, document("two"))
    assert one < two < three


def test_vector_ids_are_never_reused(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 4), unit_vectors(4))
    with writing(db, "test"):
        mark_orphans(db)
    with writing(db, "test"):
        assert delete_orphans(db, "9999") == 4
    store(db, model, hashes(0, 4), unit_vectors(4))
    assert vector_ids(db) == [5, 6, 7, 8]


def test_a_document_is_replaced_at_once_and_keeps_its_id(db: Database) -> None:
    first, _ = save(db, document("a", hashes(0, 5)), document("b", hashes(2, 4)))
    assert save(db, document("a", hashes(3, 6), text="New text.")) == [first]
    assert [row.input_hash for row in document_spans(db, first)] == hashes(3, 6)
    assert document_spans(db, first)[1] == ChunkRow(1, 2, hashes(4, 5)[0], None, ("Heading", "1"))
    assert document_text(db, first) == "New text."
    assert [(row.uri, row.chunks) for row in list_documents(db)] == [("a", 3), ("b", 2)]


def test_a_deleted_document_takes_its_chunks_along(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 5), unit_vectors(5))
    first, _ = save(db, document("a", hashes(0, 4)), document("b", hashes(3, 5)))
    with writing(db, "test"):
        delete_document(db, first)
    assert document_spans(db, first) == []
    assert count_live(db, model.id) == 2
    assert len(vector_ids(db)) == 5


def test_a_changed_text_is_damaged(db: Database) -> None:
    (number,) = save(db, document("a"))
    with writing(db, "test"):
        db.execute("UPDATE documents SET text = 'Some test.'")
    with pytest.raises(Damaged):
        document_text(db, number)


def test_model_is_bound_for_good(db: Database, model: StoredModel) -> None:
    assert bound_model(db) == model
    with pytest.raises(sqlite3.IntegrityError), writing(db, "test"):
        bind_model(db, fingerprint="0" * 16, name="n", version="1", precision="w8a8", dimension=DIMENSION)
    assert bound_model(db) == model


def test_known_vectors_stay(db: Database, model: StoredModel) -> None:
    vectors = unit_vectors(3)
    store(db, model, hashes(0, 2), vectors[:2])
    store(db, model, hashes(0, 3), np.concatenate([vectors[1::-1], vectors[2:]]))
    ((ids, found),) = read_vectors(db, model.id, DIMENSION)
    assert len(ids) == 3
    np.testing.assert_array_equal(found, vectors)


def test_known_inputs_of_thousands(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 1200), unit_vectors(1200))
    assert known_inputs(db, model.id, hashes(600, 1800)) == set(hashes(600, 1200))
    assert known_inputs(db, model.id, []) == set()
    assert known_inputs(db, model.id + 1, hashes(0, 3)) == set()


def test_vectors_are_read_in_batches(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 10), unit_vectors(10))
    parts = list(read_vectors(db, model.id, DIMENSION, 1, batch=4))
    assert [ids.tolist() for ids, _ in parts] == [[2, 3, 4, 5], [6, 7, 8, 9], [10]]
    np.testing.assert_array_equal(np.concatenate([vectors for _, vectors in parts]), unit_vectors(10)[1:])


def test_orphans_are_only_those_without_a_chunk(db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 4), unit_vectors(4))
    save(db, document("a", hashes(0, 2)))
    with writing(db, "test"):
        mark_orphans(db)
    save(db, document("b", hashes(2, 3)))
    with writing(db, "test"):
        mark_orphans(db)
        assert delete_orphans(db, "9999") == 1
    assert known_inputs(db, model.id, hashes(0, 4)) == set(hashes(0, 3))


@pytest.mark.parametrize("folded", [0, 1, 30, 50])
def test_nearest_are_those_of_numpy(db: Database, tmp_path: Path, model: StoredModel, folded: int) -> None:
    vectors, names = unit_vectors(50), hashes(0, 50)
    save(db, document("a", names))
    store(db, model, names[:folded], vectors[:folded])
    if folded:
        write_generation(db, tmp_path, model)
    store(db, model, names[folded:], vectors[folded:])
    index = index_of(db, tmp_path, model)
    assert index.count == 50
    assert len(index.delta_ids) == 50 - folded
    assert_nearest(index, vectors, vector_ids(db))


def test_an_empty_library_finds_nothing(db: Database, tmp_path: Path, model: StoredModel) -> None:
    ids, scores = index_of(db, tmp_path, model).nearest(unit_vectors(1)[0], 5)
    assert (len(ids), len(scores)) == (0, 0)


def test_a_generation_without_vectors_finds_nothing(db: Database, tmp_path: Path, model: StoredModel) -> None:
    write_generation(db, tmp_path, model)
    ids, scores = index_of(db, tmp_path, model).nearest(unit_vectors(1)[0], 5)
    assert (len(ids), len(scores)) == (0, 0)


def test_equal_scores_come_in_the_order_of_ids(db: Database, tmp_path: Path, model: StoredModel) -> None:
    same = np.repeat(unit_vectors(1), 6, axis=0)
    save(db, document("a", hashes(0, 6)))
    store(db, model, hashes(0, 3), same[:3])
    write_generation(db, tmp_path, model)
    store(db, model, hashes(3, 6), same[3:])
    ids, _ = index_of(db, tmp_path, model).nearest(np.eye(DIMENSION, dtype=np.float32)[0], 6)
    assert ids.tolist() == vector_ids(db)


def test_a_new_generation_takes_the_place_of_the_old_one(db: Database, tmp_path: Path, model: StoredModel) -> None:
    vectors, names = unit_vectors(20), hashes(0, 20)
    save(db, document("a", names))
    store(db, model, names[:10], vectors[:10])
    old = write_generation(db, tmp_path, model)
    before = index_of(db, tmp_path, model)
    store(db, model, names[10:], vectors[10:])
    new = write_generation(db, tmp_path, model)
    assert active_generation(db) == new
    assert new.id > old.id
    assert_nearest(before, vectors[:10], vector_ids(db)[:10])  # an open index goes on with what it had
    assert_nearest(index_of(db, tmp_path, model), vectors, vector_ids(db))


def test_a_reader_sees_what_the_writer_added(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    vectors, names = unit_vectors(20), hashes(0, 20)
    save(db, document("a", names))
    store(db, model, names[:10], vectors[:10])
    write_generation(db, tmp_path, model)
    first = index_of(reader, tmp_path, model)
    assert index_of(reader, tmp_path, model, first) is first
    store(db, model, names[10:], vectors[10:])
    second = index_of(reader, tmp_path, model, first)
    assert second.folded is first.folded
    assert_nearest(second, vectors, vector_ids(db))


def test_an_orphan_that_gets_a_chunk_after_the_generation_is_found(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    vectors, names = unit_vectors(6), hashes(0, 6)
    save(db, document("a", names[:5]))
    store(db, model, names, vectors)
    with writing(db, "test"):
        mark_orphans(db)
    write_generation(db, tmp_path, model)
    save(db, document("b", names[5:]))
    ids, scores = index_of(db, tmp_path, model).nearest(vectors[5], 1)
    assert ids.tolist() == [vector_ids(db)[5]]
    np.testing.assert_allclose(scores, 1, atol=1e-6)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_generation_is_damaged(db: Database, tmp_path: Path, model: StoredModel, kept: int) -> None:
    store(db, model, hashes(0, 20), unit_vectors(20))
    generation = write_generation(db, tmp_path, model)
    (path,) = (tmp_path / "generations").iterdir()
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Damaged, match="repair"):
        load_generation(tmp_path, generation)
    with pytest.raises(Damaged):
        index_of(db, tmp_path, model)


def test_a_missing_or_garbled_generation_is_damaged(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store(db, model, hashes(0, 20), unit_vectors(20))
    generation = write_generation(db, tmp_path, model)
    (path,) = (tmp_path / "generations").iterdir()
    path.write_bytes(b"\xff" * generation.bytes)
    with pytest.raises(Damaged):
        load_generation(tmp_path, generation)
    path.unlink()
    with pytest.raises(Damaged):
        load_generation(tmp_path, generation)
    write_generation(db, tmp_path, model)
    assert index_of(db, tmp_path, model).count == 20


@pytest.mark.parametrize(
    "change",
    [
        "vector = zeroblob(32)",
        "vector = substr(vector, 1, 28)",
        "vector = x''",
        "checksum = checksum + 1",
        "input_hash = zeroblob(16)",
    ],
)
def test_a_damaged_vector_is_noticed(db: Database, tmp_path: Path, model: StoredModel, change: str) -> None:
    save(db, document("a", [*hashes(0, 5), bytes(16)]))
    store(db, model, hashes(0, 5), unit_vectors(5))
    with writing(db, "test"):
        db.execute(f"UPDATE vectors SET {change} WHERE id = 3")
    with pytest.raises(Damaged, match="vector 3"):
        list(read_vectors(db, model.id, DIMENSION))
    with pytest.raises(Damaged):
        write_generation(db, tmp_path, model)
    assert active_generation(db) is None
    with pytest.raises(Damaged):
        index_of(db, tmp_path, model)


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_learns_who_is_writing(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        with pytest.raises(LibraryBusy, match=str(process.pid)) as caught, writer_lock(tmp_path):
            pass
        assert caught.value.pid == process.pid
        process.communicate("")
    with writer_lock(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        process.kill()
        process.wait()
    with writer_lock(tmp_path):
        assert int((tmp_path / "writer.lock").read_text()) == os.getpid()


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), writer_lock(tmp_path):
        raise ValueError("inside")
    with writer_lock(tmp_path), pytest.raises(LibraryBusy) as caught, writer_lock(tmp_path):
        pass
    assert caught.value.pid == os.getpid()


def test_waiting_for_the_lock(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        with writer_lock(tmp_path, wait=True):
            pass
        process.wait()
