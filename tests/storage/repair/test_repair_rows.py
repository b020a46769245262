"""Each kind of damaged row: what the repair reports, what survives, and what is in quarantine."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from small_library import FILE_A, FILE_B, MEMO, damage, rows
from wherein.storage.catalog.connection import lenient_text, writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.vectors import read_vectors
from wherein.storage.index.flat_file import write_flat
from wherein.storage.index.generations import active_generation, register_generation
from wherein.storage.index.method import Method
from wherein.storage.repair.quarantine import QUARANTINE, Quarantine
from wherein.storage.repair.repair_rows import RepairLog, repair_counters, repair_models, repair_rows
from wherein.storage.repair.row_check import Gap, check_rows

FILES = "SELECT id, version, state FROM files ORDER BY id"
MARGIN = 1_000_000


def repaired(library: Path, db: Database, *, present: bool = True) -> RepairLog:
    db.conn.text_factory = lenient_text
    log = RepairLog()
    repair_rows(db, library, Quarantine(library), lambda _: present, log)
    assert all(isinstance(row, Gap) and row.due for row in check_rows(db, Counter()))
    return log


def quarantined(library: Path) -> list[tuple[str, int]]:
    """Return table and id of each row in quarantine."""
    paths = (library / QUARANTINE).glob("*/rows.jsonl")
    lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [(line["table"], line["id"]) for line in lines]


def ids(library: Path, table: str) -> list[int]:
    return [int(str(number)) for (number,) in rows(library, f"SELECT id FROM {table} ORDER BY id")]


def test_a_sound_library_is_left_alone(library: Path, library_db: Database) -> None:
    before = library_db.conn.total_changes
    assert repaired(library, library_db) == RepairLog()
    assert library_db.conn.total_changes == before
    assert not (library / QUARANTINE).exists()


def test_a_damaged_document_with_a_file_is_removed_and_read_again(library: Path, library_db: Database) -> None:
    damage(library, "UPDATE documents SET title = 'x' WHERE id = 1")
    log = repaired(library, library_db)
    assert log.repaired == [f"{FILE_A}: it was damaged and is removed; the next reindex ingests it again"]
    assert log.lost == []
    assert (ids(library, "documents"), ids(library, "chunks"), ids(library, "terms")) == ([2, 3], [3, 4], [3, 4])
    assert ids(library, "vectors") == [1, 2, 3, 4]
    assert quarantined(library) == [("texts", 1), ("documents", 1)]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (2, f"{FILE_B}: its file is gone; only the damaged copy is left"),
        (3, f"{MEMO}: it has no file; only the damaged copy is left"),
    ],
)
def test_a_damaged_document_that_cannot_be_read_again_is_lost(
    library: Path, library_db: Database, document: int, sentence: str
) -> None:
    damage(library, f"UPDATE texts SET text = 'x' WHERE document_id = {document}")
    log = repaired(library, library_db, present=False)
    assert (log.repaired, log.lost) == ([], [sentence])
    assert document not in ids(library, "documents")
    assert quarantined(library) == [("texts", document), ("documents", document)]


def test_vectors_are_restored_from_an_index_of_vectors_unless_they_are_in_the_delta(
    library: Path, library_db: Database
) -> None:
    before = rows(library, "SELECT id, vector FROM vectors ORDER BY id")
    write_flat_generation(library_db, library, 3)
    damage(library, "UPDATE vectors SET vector = zeroblob(64) WHERE id IN (2, 4)")
    log = repaired(library, library_db)
    assert log.repaired == [
        "2 damaged vectors: 1 were restored from the index, 1 removed",
        f"{MEMO}: 1 of its passages have no vector; the next reindex fills the gap",
    ]
    assert rows(library, "SELECT id, vector FROM vectors ORDER BY id") == before[:3]
    assert quarantined(library) == [("vectors", 4)]


def write_flat_generation(db: Database, folder: Path, highest: int) -> None:
    """Write the vectors up to an id as they are, as it is done for models whose vectors have any length."""
    model, generation = bound_model(db), active_generation(db)
    assert model is not None
    assert generation is not None
    parts = [(ids[:highest], vectors[:highest]) for ids, vectors in read_vectors(db, model.id, model.dimension)]
    path = folder / "generations" / "000003.faiss"
    digest = write_flat(path, highest, model.dimension, parts)
    flat = replace(generation, file=path.name, bytes=path.stat().st_size, sha256=digest, method=Method())
    with writing(db, "test"):
        register_generation(db, flat)


def test_from_codes_no_vector_can_be_restored(library: Path, library_db: Database) -> None:
    damage(library, "UPDATE vectors SET vector = zeroblob(32) WHERE id = 2")
    assert repaired(library, library_db).repaired == [
        "1 damaged vectors: 0 were restored from the index, 1 removed",
        f"{FILE_A}: 1 of its passages have no vector; the next reindex fills the gap",
    ]
    assert ids(library, "vectors") == [1, 3, 4]


def test_without_an_index_damaged_vectors_are_removed(library: Path, library_db: Database) -> None:
    (library / "generations" / "000001.faiss").unlink()
    damage(library, "UPDATE vectors SET vector = zeroblob(64) WHERE id = 3")
    assert repaired(library, library_db).repaired == [
        "1 damaged vectors: 0 were restored from the index, 1 removed",
        f"{FILE_B}: 1 of its passages have no vector; the next reindex fills the gap",
    ]
    assert ids(library, "vectors") == [1, 2, 4]
    assert rows(library, "SELECT reason FROM files WHERE id = 2") == [
        ("its stored copy was damaged; the next reindex ingests it again",)
    ]


def test_word_counts_are_counted_again(library: Path, library_db: Database) -> None:
    before = rows(library, "SELECT id, counts, checksum FROM terms ORDER BY id")
    damage(library, "UPDATE terms SET counts = x'00' WHERE id IN (1, 4)")
    log = repaired(library, library_db)
    assert log.repaired == ["the word counts of 2 passages were counted again from their texts"]
    assert rows(library, "SELECT id, counts, checksum FROM terms ORDER BY id") == before
    assert quarantined(library) == [("terms", 1), ("terms", 4)]


def test_a_damaged_passage_leaves_a_gap(library: Path, library_db: Database) -> None:
    damage(library, "UPDATE chunks SET start = 1 WHERE id = 1")
    log = repaired(library, library_db)
    assert log.repaired == [f"{FILE_A}: some of its passages are missing; the next reindex fills the gap"]
    assert ids(library, "chunks") == [2, 3, 4]
    assert quarantined(library) == [("chunks", 1)]


def test_a_document_is_detached_from_its_lost_file_and_the_files_from_their_lost_source(
    library: Path, library_db: Database
) -> None:
    damage(library, "DELETE FROM files WHERE id = 1", "DELETE FROM sources WHERE id = 1")
    log = repaired(library, library_db)
    assert sorted(log.repaired) == [
        "1 row of documents referred to a row that is lost; the next reindex restores it",
        "3 rows of file_sources referred to a row that is lost; the next reindex restores it",
    ]
    assert rows(library, "SELECT id, file_id FROM documents ORDER BY id") == [(1, None), (2, 2), (3, None)]
    assert rows(library, "SELECT id FROM files") == [(2,)]
    assert rows(library, "SELECT * FROM file_sources") == []
    assert quarantined(library) == [("file_sources", 1), ("file_sources", 2)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE texts SET lines = 1 WHERE document_id = 3",
        "UPDATE texts SET checksum = 1 WHERE document_id = 3",
        "UPDATE texts SET number = 4 WHERE document_id = 3",
        "UPDATE documents SET characters = 1 WHERE id = 3",
    ],
)
def test_blocks_are_written_again_while_the_text_is_sound(library: Path, library_db: Database, statement: str) -> None:
    columns = "d.characters, t.number, t.lines, t.text, t.checksum"
    text = f"SELECT {columns} FROM documents d JOIN texts t ON t.document_id = d.id"
    before = rows(library, text)
    damage(library, statement)
    (sentence,) = repaired(library, library_db).repaired
    assert sentence.endswith("they were written again")
    assert sorted(map(str, rows(library, text))) == sorted(map(str, before))
    assert quarantined(library) == [("texts", 3)]


def test_passages_of_a_lost_document_are_removed_and_all_files_read_again(library: Path, library_db: Database) -> None:
    versions = {version for _, version, _ in rows(library, FILES)}
    damage(library, "DELETE FROM documents WHERE id = 2")
    log = repaired(library, library_db)
    assert log.repaired == [
        f"1 row of {table} referred to a row that is lost; the next reindex restores it"
        for table in ("texts", "chunks")
    ]
    assert ids(library, "chunks") == ids(library, "terms") == [1, 2, 4]
    assert ids(library, "texts") == [1, 3]
    assert quarantined(library) == [("texts", 2), ("chunks", 3)]
    assert not versions & {version for _, version, _ in rows(library, FILES)}


def test_what_cannot_be_read_of_the_lists_is_removed(library: Path, library_db: Database) -> None:
    damage(
        library,
        "UPDATE sources SET options = '{' WHERE id = 2",
        "UPDATE files SET state = 'x' WHERE id = 2",
        "UPDATE generations SET file = '../x' WHERE id = 1",
    )
    log = repaired(library, library_db)
    assert log.lost == [f"the source {MEMO!r} with its options: name it again with wherein ingest"]
    assert sorted(log.repaired) == [
        f"{FILE_B}: the record of its file was damaged; the next reindex restores it",
        "the record of an index was damaged; the index is rebuilt",
    ]
    assert sorted(quarantined(library)) == [("files", 2), ("generations", 1), ("sources", 2)]
    assert ids(library, "documents") == [1, 2, 3]


def test_a_counter_that_is_too_low_is_set_far_above_the_ids(library: Path, library_db: Database) -> None:
    damage(library, "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'vectors'")
    log = repaired(library, library_db)
    assert log.repaired == ["the id counter of vectors was set above all ids in use"]
    counters = dict(rows(library, "SELECT name, seq FROM sqlite_sequence"))
    assert (counters["vectors"], counters["documents"], counters["chunks"]) == (4 + MARGIN, 3, 4)


@pytest.mark.parametrize(
    ("known", "counter"),
    [({"chunks": 4}, 4), ({"chunks": 9}, 9), ({"chunks": 3}, 4 + MARGIN), ({"chunks": 1 << 53}, 4 + MARGIN),
     ({}, 4 + MARGIN)],
)  # fmt: skip
def test_the_value_of_a_counter(library: Path, library_db: Database, known: dict[str, int], counter: int) -> None:
    with writing(library_db, "test"):
        library_db.execute("DELETE FROM sqlite_sequence WHERE name = 'chunks'")
        repair_counters(library_db, known)
    assert dict(rows(library, "SELECT name, seq FROM sqlite_sequence"))["chunks"] == counter


RESTORED = ["the record of the library's model was restored"]


@pytest.mark.parametrize(
    ("statements", "report"),
    [
        ([], []),
        (["DELETE FROM settings WHERE key = 'model'"], RESTORED),
        (["DELETE FROM models"], RESTORED),
        (["UPDATE models SET fingerprint = 'x', dimension = 3"], RESTORED),
        (["UPDATE settings SET value = '[' WHERE key = 'model copy'"], RESTORED),
        (["DELETE FROM settings WHERE key IN ('model', 'model copy')"], RESTORED),
    ],
)
def test_the_model_comes_back_from_whichever_copy_is_left(
    library: Path, library_db: Database, statements: list[str], report: list[str]
) -> None:
    model = bound_model(library_db)
    damage(library, *statements)
    with writing(library_db, "test"):
        assert repair_models(library_db) == report
        assert repair_models(library_db) == []
    assert bound_model(library_db) == model
    assert rows(library, "SELECT count(*) FROM models") == [(1,)]


def test_without_any_copy_the_library_is_left_unbound(library: Path, library_db: Database) -> None:
    damage(library, "DELETE FROM models", "DELETE FROM settings WHERE key = 'model copy'")
    with writing(library_db, "test"):
        library_db.execute("PRAGMA defer_foreign_keys=ON")
        assert repair_models(library_db) == []
        assert bound_model(library_db) is None
