"""A damaged index file is moved to quarantine and rebuilt from the catalog."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from small_library import INDEX, KEYWORD_INDEX, rows
from wherein.storage.catalog.connection import writing
from wherein.storage.index.generation_files import generation_problem
from wherein.storage.index.generations import KINDS, active_generation, list_generations
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.repair_index import repair_index


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
    data[-1] ^= 1
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
