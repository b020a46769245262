"""The records of generations: which one is active, which are kept, and that a damaged one is not read."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from approximate_libraries import Library
from catalogs import document, hashes, save, store_range
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import (
    KEYWORDS,
    KINDS,
    Generation,
    active_generation,
    count_stored,
    drop_old_generations,
    generation_path,
    highest_stored,
    list_generations,
    next_number,
    unreadable_generations,
)
from wherein.storage.index.method import IVF


@pytest.mark.parametrize(
    "change",
    [
        "count = count + 1", "highest_vector_id = 5", "bytes = bytes + 1", "sha256 = 'a'", "method = '{}'",
        "method = '['", "method = replace(method, '\"head\": ', '\"head\": 1')", "method = '7'",
        "method = replace(method, '\"effort\": ', '\"effort\": 1')", "method = '{\"checksum\": 1}'",
    ],
)  # fmt: skip
def test_a_changed_record_is_damaged(library: Library, change: str) -> None:
    made = library(IVF)
    with writing(made.db, "test"):
        made.db.execute(f"UPDATE generations SET {change}")
    with pytest.raises(Damaged, match="record of index"):
        active_generation(made.db)


def add_and_fold(db: Database, folder: Path, model: StoredModel, number: int) -> Generation:
    store_range(db, model, number, number + 1)
    return write_generation(db, folder, model)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "generations").iterdir())


def test_each_kind_has_its_own_active_generation(db: Database, tmp_path: Path, model: StoredModel) -> None:
    assert [active_generation(db, kind) for kind in KINDS] == [None, None]
    first = add_and_fold(db, tmp_path, model, 0)
    save(db, document("a", hashes(0, 2)))
    words = write_generation(db, tmp_path, model, KEYWORDS)
    second = add_and_fold(db, tmp_path, model, 1)
    assert (active_generation(db), active_generation(db, KEYWORDS)) == (second, words)
    assert list_generations(db) == [first, words, second]
    assert [one.file for one in list_generations(db)] == ["000001.faiss", "000002.keywords", "000003.faiss"]
    assert (words.kind, words.count, words.highest_id) == (KEYWORDS, 2, 2)


def test_old_generations_and_unregistered_files_are_deleted(db: Database, tmp_path: Path, model: StoredModel) -> None:
    for number in range(4):
        add_and_fold(db, tmp_path, model, number)
    for name in ("000009.faiss", "000005.tmp"):
        (tmp_path / "generations" / name).touch()
    drop_old_generations(db, tmp_path)
    assert [one.file for one in list_generations(db)] == ["000003.faiss", "000004.faiss"]
    assert files(tmp_path) == ["000004.faiss"]  # an exact one is written again when it is wanted
    drop_old_generations(db, tmp_path, kept=1)
    assert files(tmp_path) == [one.file for one in list_generations(db)] == ["000004.faiss"]


def test_the_number_of_a_file_is_never_used_again(db: Database, tmp_path: Path, model: StoredModel) -> None:
    assert next_number(db) == 1
    for number in range(2):
        add_and_fold(db, tmp_path, model, number)
    with writing(db, "test"):
        db.execute("DELETE FROM generations")
    assert next_number(db) == 3
    assert add_and_fold(db, tmp_path, model, 2).file == "000003.faiss"


def test_what_a_new_generation_would_hold(db: Database, model: StoredModel) -> None:
    assert [(highest_stored(db, model, kind), count_stored(db, model, kind)) for kind in KINDS] == [(0, 0), (0, 0)]
    store_range(db, model, 0, 5)
    save(db, document("a", hashes(0, 3)))
    assert [highest_stored(db, model, kind) for kind in KINDS] == [5, 3]
    assert [count_stored(db, model, kind, above=1, upto=4) for kind in KINDS] == [3, 2]


@pytest.mark.parametrize(
    "name", ["../000001.faiss", "/tmp/000001.faiss", "000001.keywords", "1.faiss", "000001.faiss\n", "", "000001.tmp"]
)
def test_a_record_with_another_file_name_is_not_read(
    db: Database, tmp_path: Path, model: StoredModel, name: str
) -> None:
    generation = add_and_fold(db, tmp_path, model, 0)
    assert unreadable_generations(db) == []
    with writing(db, "test"):
        db.execute("UPDATE generations SET file = ?", [name])
    with pytest.raises(Damaged, match=r"^The record of index 1 is damaged; run: wherein repair$"):
        list_generations(db)
    assert unreadable_generations(db) == [generation.id]


def test_the_path_of_a_generation(tmp_path: Path) -> None:
    assert generation_path(tmp_path, "000001.faiss") == tmp_path / "generations" / "000001.faiss"
