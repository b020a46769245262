"""A rollback makes the generation of vectors before the active one active; that of an exact index is written again."""

from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, store_range
from wherein.errors import WhereinError
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel, add_model, switch_model
from wherein.storage.index.generation_files import generation_problem
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import (
    Generation,
    active_generation,
    drop_old_generations,
    generation_path,
    is_left_out,
    list_generations,
)
from wherein.storage.index.rollback import has_earlier_generation, roll_back
from wherein.storage.index.vector_index import load_index, reading_index


def add_and_fold(db: Database, folder: Path, model: StoredModel, number: int) -> Generation:
    store_range(db, model, 10 * number, 10 * number + 10)
    return write_generation(db, folder, model)


def test_a_return_to_the_generation_before(db: Database, tmp_path: Path, model: StoredModel) -> None:
    first, second = (add_and_fold(db, tmp_path, model, number) for number in range(2))
    assert has_earlier_generation(db, model)
    assert roll_back(db, tmp_path, model) == first
    assert active_generation(db) == first
    assert not has_earlier_generation(db, model)
    with pytest.raises(WhereinError, match=r"^There is no earlier generation of the index to return to$"):
        roll_back(db, tmp_path, model)
    assert second in list_generations(db)


def test_there_is_no_return_to_a_generation_of_another_model(db: Database, tmp_path: Path, model: StoredModel) -> None:
    add_and_fold(db, tmp_path, model, 0)
    with writing(db, "test"):
        other = add_model(db, fingerprint="o", name="o", version="1", precision="w8a8", dimension=DIMENSION)
        switch_model(db, other)
    write_generation(db, tmp_path, other)
    assert not has_earlier_generation(db, other)


def test_an_exact_file_is_written_again_as_it_was(db: Database, tmp_path: Path, model: StoredModel) -> None:
    first, second = (add_and_fold(db, tmp_path, model, number) for number in range(2))
    content = generation_path(tmp_path, first.file).read_bytes()
    drop_old_generations(db, tmp_path)
    assert is_left_out(db, tmp_path, first.file)
    assert not is_left_out(db, tmp_path, second.file)
    assert [generation_problem(db, tmp_path, one) for one in (first, second)] == ["", ""]
    assert roll_back(db, tmp_path, model) == first
    assert generation_path(tmp_path, first.file).read_bytes() == content
    drop_old_generations(db, tmp_path)
    assert [one.name for one in (tmp_path / "generations").iterdir()] == [first.file]


@pytest.mark.parametrize("deleted", [[3], [10], [1, 9, 10], list(range(1, 11))])
def test_a_file_is_written_again_without_what_was_deleted(
    db: Database, tmp_path: Path, model: StoredModel, deleted: list[int]
) -> None:
    first, second = (add_and_fold(db, tmp_path, model, number) for number in range(2))
    drop_old_generations(db, tmp_path)
    with writing(db, "test"):
        db.conn.executemany("DELETE FROM vectors WHERE id = ?", [[number] for number in deleted])
    with reading_index(db, tmp_path, model, None) as index:
        question = index.sample(1)[0]
        wanted = index.nearest(question, 20)
    written = roll_back(db, tmp_path, model)
    left = sorted({*range(1, 11)} - {*deleted})
    assert (written.id, written.file, written.count) == (first.id, first.file, len(left))
    assert written.highest_id == max(left, default=0)
    assert active_generation(db) == written
    assert [generation_problem(db, tmp_path, one) for one in (written, second)] == ["", ""]
    index = load_index(db, tmp_path, model, None)
    assert index.delta_count == 10
    found = index.nearest(question, 20)
    assert found[0].tolist() == wanted[0].tolist()
    assert np.allclose(found[1], wanted[1], atol=1e-6)


def test_a_missing_file_of_the_active_generation_is_a_problem(db: Database, tmp_path: Path, model: StoredModel) -> None:
    generation = add_and_fold(db, tmp_path, model, 0)
    generation_path(tmp_path, generation.file).unlink()
    assert not is_left_out(db, tmp_path, generation.file)
    assert generation_problem(db, tmp_path, generation) == "No such file or directory"
