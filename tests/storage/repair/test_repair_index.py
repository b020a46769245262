"""A damaged index file is moved to quarantine and rebuilt from the catalog."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from small_library import INDEX, KEYWORD_INDEX, rows
from wherein.storage.catalog.checksums import vector_checksum
from wherein.storage.catalog.connection import checkpoint, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import pack_vectors
from wherein.storage.index.generation_files import generation_problem
from wherein.storage.index.generations import KINDS, SUFFIXES, VECTORS, active_generation, list_generations
from wherein.storage.index.segment_writer import write_segment_if_due
from wherein.storage.index.segments import list_segments
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.repair_index import repair_index
from wherein.storage.repair.repair_rows import RepairLog, repair_rows
from wherein.storage.repair.row_check import BadRow, check_rows
from wherein.storage.repair.verify import verify


def assert_all_sound(db: Database, library: Path) -> None:
    assert all(active_generation(db, kind) for kind in KINDS)
    assert [generation_problem(db, library, generation) for generation in list_generations(db)] == ["", ""]


def test_sound_indexes_are_left_alone(library: Path, library_db: Database) -> None:
    quarantine = Quarantine(library)
    assert repair_index(library_db, library, quarantine, missing_too=True) == []
    assert not quarantine.used
    assert sorted(path.name for path in (library / "generations").iterdir()) == [INDEX, KEYWORD_INDEX]


@pytest.mark.parametrize(("file", "other", "rebuilt"), [(INDEX, KEYWORD_INDEX, "000003.faiss"),
                                                        (KEYWORD_INDEX, INDEX, "000003.keywords")])  # fmt: skip
def test_a_changed_file_is_quarantined_and_rebuilt(
    library: Path, library_db: Database, file: str, other: str, rebuilt: str
) -> None:
    path = library / "generations" / file
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    quarantine = Quarantine(library)
    assert repair_index(library_db, library, quarantine) == [
        f"the index {file} was damaged (its SHA-256 is not the one that was registered); it is quarantined and rebuilt"
    ]
    assert (quarantine.folder / file).read_bytes() == data
    assert {path.name for path in (library / "generations").iterdir()} == {other, rebuilt}
    assert_all_sound(library_db, library)


def test_a_missing_file_is_rebuilt(library: Path, library_db: Database) -> None:
    (library / "generations" / INDEX).unlink()
    quarantine = Quarantine(library)
    assert repair_index(library_db, library, quarantine) == [
        f"the index {INDEX} was damaged (No such file or directory); it is quarantined and rebuilt"
    ]
    assert not quarantine.used
    assert_all_sound(library_db, library)


def test_an_index_is_built_where_none_is_active(library: Path, library_db: Database) -> None:
    with writing(library_db, "test"):
        library_db.execute("UPDATE generations SET active = 0 WHERE id = 2")
    assert repair_index(library_db, library, Quarantine(library)) == ["the keyword index was rebuilt"]


def test_an_index_that_was_never_registered_is_built_on_demand(library: Path, library_db: Database) -> None:
    with writing(library_db, "test"):
        library_db.execute("DELETE FROM generations")
    assert repair_index(library_db, library, Quarantine(library)) == []
    assert repair_index(library_db, library, Quarantine(library), missing_too=True) == [
        "the index was rebuilt", "the keyword index was rebuilt"
    ]  # fmt: skip
    assert_all_sound(library_db, library)


def test_without_a_model_nothing_is_built(library: Path, library_db: Database) -> None:
    with writing(library_db, "test"):
        library_db.execute("PRAGMA defer_foreign_keys=ON")
        for table in ("generations", "vectors", "settings", "models"):
            library_db.execute(f"DELETE FROM {table}")
    assert repair_index(library_db, library, Quarantine(library), missing_too=True) == []
    assert rows(library, "SELECT * FROM generations") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_segment_is_found_and_dropped_because_the_catalog_holds_what_it_held(
    library: Path, library_db: Database, library_model: StoredModel, kind: str
) -> None:
    assert write_segment_if_due(library_db, library, library_model, kind, at_least=0)
    checkpoint(library_db)
    assert verify(library, deep=True).findings == ()
    path = library / "generations" / f"s000001{SUFFIXES[kind]}"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert [finding.place for finding in verify(library).findings] == [str(path)]
    (sentence,) = repair_index(library_db, library, Quarantine(library))
    assert sentence.startswith(f"the index {path.name} was damaged (")
    assert (list_segments(library_db), path.exists()) == ([], False)
    assert verify(library, deep=True).damaged is False


def test_a_segment_that_holds_another_vector_is_found_by_the_deep_check(
    library: Path, library_db: Database, library_model: StoredModel
) -> None:
    assert write_segment_if_due(library_db, library, library_model, VECTORS, at_least=0)
    with writing(library_db, "test"):
        (name,) = library_db.execute("SELECT input_hash FROM vectors WHERE id = 4").fetchone()
        (raw,) = pack_vectors(np.eye(1, library_model.dimension, dtype=np.float32))
        library_db.execute(
            "UPDATE vectors SET vector = ?, checksum = ?  WHERE id = 4", [raw, vector_checksum(name, raw)]
        )
    checkpoint(library_db)
    assert [finding.what for finding in verify(library, deep=True).findings] == ["its vector 4 is not the one stored"]


@pytest.mark.parametrize("change", ["file = '../x'", "sha256 = '0'"])
def test_a_segment_whose_record_is_damaged_is_forgotten(
    library: Path, library_db: Database, library_model: StoredModel, change: str
) -> None:
    assert write_segment_if_due(library_db, library, library_model, VECTORS, at_least=0)
    with writing(library_db, "test"):
        library_db.execute(f"UPDATE segments SET {change}")
    assert {row.table for row in check_rows(library_db, Counter()) if isinstance(row, BadRow)} == {"segments"}
    log = RepairLog()
    repair_rows(library_db, library, Quarantine(library), lambda _: True, log)
    assert log.repaired[0] == "the record of an index was damaged; what it held is read from the catalog"
    assert list_segments(library_db) == []
