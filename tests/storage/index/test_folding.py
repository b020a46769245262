"""When a generation is due, and what a fold keeps."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from approximate_libraries import COUNT, QUESTIONS, VECTORS, Library, clustered, store
from catalogs import document, hashes, passage, save, store_range
from old_postings import writing_without_words
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import count_vectors
from wherein.storage.index.folding import (
    differs,
    fold_if_due,
    fold_within_run,
    is_behind,
    lacks_words,
    recount_if_due,
    write_first_generations,
)
from wherein.storage.index.generation_files import load_postings
from wherein.storage.index.generation_writer import Reuse, write_generation
from wherein.storage.index.generations import (
    KEYWORDS,
    KINDS,
    Generation,
    active_generation,
    generation_path,
    list_generations,
)
from wherein.storage.index.method import IVF
from wherein.storage.index.segments import segments_of
from wherein.storage.repair.deep_check import check_index


def test_a_delta_with_gaps_is_folded_when_it_is_long_enough(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store_range(db, model, 0, 2)
    assert fold_if_due(db, tmp_path, model, at_least=0)
    assert not fold_if_due(db, tmp_path, model, at_least=0)
    store_range(db, model, 2, 8)
    with writing(db, "test"):
        db.execute("DELETE FROM vectors WHERE id BETWEEN 3 AND 5")
    assert count_vectors(db, model.id, 2) == 3
    assert not fold_if_due(db, tmp_path, model, at_least=3)
    assert fold_if_due(db, tmp_path, model, at_least=2)
    generation = active_generation(db)
    assert generation is not None
    assert (generation.count, generation.highest_id) == (5, 8)


def test_a_run_folds_a_quarter_and_writes_a_tenth_to_segments(db: Database, tmp_path: Path, model: StoredModel) -> None:
    def files() -> tuple[int, list[int]]:
        generation = active_generation(db)
        assert generation is not None
        return generation.count, [one.content.count for one in segments_of(db, tmp_path, generation)]

    store_range(db, model, 0, 100)
    assert fold_within_run(db, tmp_path, model, at_least=8)
    for last, wrote, expected in (
        (108, False, (100, [])),
        (111, True, (100, [11])),
        (120, False, (100, [11])),
        (124, True, (100, [24])),
        (126, True, (126, [])),
        (138, False, (126, [])),
    ):
        store_range(db, model, count_vectors(db, model.id), last)
        assert fold_within_run(db, tmp_path, model, at_least=8) is wrote
        assert files() == expected
    assert not fold_if_due(db, tmp_path, model, at_least=12)
    store_range(db, model, 138, 139)
    assert fold_if_due(db, tmp_path, model, at_least=12)
    assert files() == (139, [])


def test_a_fold_keeps_the_method(library: Library) -> None:
    made = library(IVF, 300)
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    assert (made.generation.method.name, made.generation.count) == (IVF, COUNT)


def test_a_fold_reuses_codes_and_steps_unless_a_vector_is_gone(library: Library) -> None:
    made = library(IVF, 300)
    before = made.generation
    with snapshot(made.db):
        expected = [made.index().nearest(question, 20) for question in QUESTIONS]
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    after = made.generation
    assert (after.method.steps, after.method.size) == (before.method.steps, before.method.size)
    assert (after.count, after.highest_id) == (COUNT, COUNT)
    assert list(check_index(made.db, made.folder, made.model, after, Counter())) == []
    with snapshot(made.db):
        for question, (ids, _) in zip(QUESTIONS, expected, strict=True):
            found, exact = made.index().nearest(question, 20)
            assert len(set(found.tolist()) & set(ids.tolist())) >= 17
            np.testing.assert_array_equal(exact, np.einsum("ij,j->i", VECTORS[found - 1], question))
    # Where a vector of it is gone, its codes are not reused.
    with writing(made.db, "test"):
        made.db.execute("DELETE FROM vectors WHERE id = 7")
    store(made.db, made.model, COUNT, COUNT + 250, clustered(COUNT + 250, seed=9))
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    assert made.generation.count == COUNT + 249
    assert list(check_index(made.db, made.folder, made.model, made.generation, Counter())) == []


@pytest.mark.parametrize("place", [-40, -4_000])
def test_a_fold_does_not_reuse_damaged_codes(library: Library, place: int) -> None:
    made = library(IVF, 300)
    path = generation_path(made.folder, made.generation.file)
    data = bytearray(path.read_bytes())
    data[place] ^= 0x5A
    path.write_bytes(data)
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    assert list(check_index(made.db, made.folder, made.model, made.generation, Counter())) == []


def test_the_first_generations_are_written_unless_they_would_be_empty(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    assert not write_first_generations(db, tmp_path, model)
    store_range(db, model, 0, 3)
    assert write_first_generations(db, tmp_path, model)
    assert [one.file for one in list_generations(db)] == ["000001.faiss"]
    save(db, document("a", hashes(0, 2)))
    assert write_first_generations(db, tmp_path, model)
    assert [one.file for one in list_generations(db)] == ["000001.faiss", "000002.keywords"]
    assert not write_first_generations(db, tmp_path, model)


@pytest.mark.parametrize("kind", KINDS)
def test_a_generation_is_behind_what_is_stored_later(
    db: Database, tmp_path: Path, model: StoredModel, kind: str
) -> None:
    assert not is_behind(db, model, kind)
    store_range(db, model, 0, 3)
    save(db, document("a", hashes(0, 3)))
    assert is_behind(db, model, kind)
    generation = write_generation(db, tmp_path, model, kind)
    assert not is_behind(db, model, kind)
    assert not differs(db, model, generation)
    store_range(db, model, 3, 4)
    save(db, document("b", hashes(3, 4)))
    assert is_behind(db, model, kind)
    assert not differs(db, model, generation)


def test_deleted_chunks_put_keywords_behind_and_deleted_vectors_do_not(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    store_range(db, model, 0, 3)
    save(db, document("a", hashes(0, 3)))
    vectors, keywords = (write_generation(db, tmp_path, model, kind) for kind in KINDS)
    with writing(db, "test"):
        db.execute("DELETE FROM chunks WHERE id = 2")
        db.execute("DELETE FROM vectors WHERE id = 2")
    assert differs(db, model, vectors)
    assert differs(db, model, keywords)
    assert [is_behind(db, model, kind) for kind in KINDS] == [False, True]


def test_terms_of_another_version_are_counted_again(db: Database, tmp_path: Path, model: StoredModel) -> None:
    save(db, document("a", hashes(0, 3)))
    write_generation(db, tmp_path, model, KEYWORDS)
    before = db.execute("SELECT * FROM terms ORDER BY id").fetchall()
    assert not recount_if_due(db)
    with writing(db, "test"):
        db.execute("UPDATE settings SET value = '0 snowball 1.0.0' WHERE key = 'terms'")
        db.execute("UPDATE terms SET counts = zeroblob(8)")
    assert recount_if_due(db)
    assert db.execute("SELECT * FROM terms ORDER BY id").fetchall() == before
    assert active_generation(db, KEYWORDS) is None
    assert not recount_if_due(db)


def test_a_generation_without_words_is_to_be_written_again(db: Database, tmp_path: Path, model: StoredModel) -> None:
    assert not lacks_words(db, tmp_path)
    save(db, passage("file:///a", "The owner signs."))
    with writing_without_words():
        generation = write_generation(db, tmp_path, model, KEYWORDS)
    assert lacks_words(db, tmp_path)
    (tmp_path / "generations" / generation.file).write_bytes(b"damaged")
    assert not lacks_words(db, tmp_path)
    write_generation(db, tmp_path, model, KEYWORDS)
    assert not lacks_words(db, tmp_path)


def test_a_new_generation_takes_over_words_and_reads_only_later_passages(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    save(db, passage("file:///a", "The owner signs."))
    write_generation(db, tmp_path, model, KEYWORDS)
    save(db, passage("file:///b", "Cats sleep."))
    with writing(db, "test"):  # the owner is taken over from the file, since the text is not read again
        db.execute("UPDATE texts SET text = 'Nothing' WHERE document_id = 1")
    generation = write_generation(db, tmp_path, model, KEYWORDS, reuse=Reuse.CODES)
    assert words_of(tmp_path, generation) == {"the", "owner", "signs", "cats", "sleep"}
    generation = write_generation(db, tmp_path, model, KEYWORDS, reuse=Reuse.NOTHING)
    assert words_of(tmp_path, generation) == {"cats", "sleep"}


@pytest.mark.parametrize("damage", [b"", b"damaged"])
def test_words_are_read_from_all_passages_where_the_file_is_damaged(
    db: Database, tmp_path: Path, model: StoredModel, damage: bytes
) -> None:
    save(db, passage("file:///a", "The owner signs."))
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    (tmp_path / "generations" / generation.file).write_bytes(damage)
    assert words_of(tmp_path, write_generation(db, tmp_path, model, KEYWORDS)) == {"the", "owner", "signs"}


def words_of(folder: Path, generation: Generation) -> set[str]:
    return {word for group in load_postings(folder, generation).words for word in group}
