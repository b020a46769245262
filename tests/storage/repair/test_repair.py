"""The whole repair: its sentences, and the rows that are left. `tests/damage` goes through each kind of damage."""

from pathlib import Path

import pytest

from small_library import FILE_B, INDEX, MEMO, damage, damage_sqlite_index, rows, zero_root_page
from wherein.errors import Damaged
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.repair.findings import Repair
from wherein.storage.repair.quarantine import QUARANTINE
from wherein.storage.repair.repair import repair
from wherein.storage.repair.salvage import STAGING


def present(_: str) -> bool:
    return True


def test_a_sound_library_needs_no_repair(library: Path) -> None:
    assert repair(library, present) == Repair((), (), "")
    assert not (library / QUARANTINE).exists()


def test_without_a_catalog_nothing_can_be_repaired(tmp_path: Path) -> None:
    with pytest.raises(Damaged) as caught:
        repair(tmp_path, present)
    assert str(caught.value) == (
        f"{tmp_path / CATALOG} is missing, and nothing can be repaired without it; restore a backup with: wherein"
        " restore"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_catalogs_own_indexes_are_rebuilt_in_place(library: Path) -> None:
    damage_sqlite_index(library)
    assert repair(library, present) == Repair(("the catalog's own indexes were rebuilt",), (), "")
    assert repair(library, present) == Repair((), (), "")


def test_a_damaged_page_is_salvaged_and_what_is_lost_is_named(library: Path) -> None:
    zero_root_page(library, "documents")
    done = repair(library, lambda uri: uri != FILE_B)
    assert done.mended[0].startswith("the catalog was damaged (")
    assert done.mended[0].endswith(
        "): 0 documents, 4 chunks, 4 vectors were saved into a fresh one;"
        " the next reindex reads all files again, and embeds only what has lost its vector"
    )
    assert done.lost == (
        f"{MEMO}: it came on standard input, and no document of that name was saved",
        f"{FILE_B}: its file is gone, and no document of it was saved",
    )
    assert (Path(done.aside) / CATALOG).exists()
    assert rows(library, "SELECT count(*) FROM vectors") == [(4,)]
    assert repair(library, present) == Repair((), (), "")


def test_rows_and_indexes_are_repaired_in_one_run(library: Path) -> None:
    damage(library, "UPDATE documents SET title = 'x' WHERE id = 2")
    (library / "generations" / INDEX).unlink()
    done = repair(library, present)
    assert done.mended == (
        f"{FILE_B}: it was damaged and is removed; the next reindex ingests it again",
        f"the index {INDEX} was damaged (No such file or directory); it is quarantined and rebuilt",
    )
    assert done.lost == ()


def test_what_an_interrupted_repair_left_is_removed(library: Path) -> None:
    (library / STAGING).mkdir()
    (library / STAGING / "scratch.db").write_bytes(b"half")
    assert repair(library, present) == Repair((), (), "")
    assert not (library / STAGING).exists()
