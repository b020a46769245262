"""Approximate indexes: what they find, that their scores and filtered answers are exact, and that damage is noticed."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from approximate_libraries import (
    COUNT,
    DIMENSION,
    KINDS,
    QUESTIONS,
    VECTORS,
    Library,
    Opened,
    assert_scores,
    best,
    flip,
    selected,
    store,
)
from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.index.generation_files import generation_problem, load_generation
from wherein.storage.index.generations import generation_path
from wherein.storage.index.method import EXACT, IVF
from wherein.storage.repair.deep_check import check_index


@KINDS
@pytest.mark.parametrize("delta", [0, 300])
@pytest.mark.parametrize("k", [1, 10, 100, COUNT, COUNT + 7])
def test_nearly_all_of_the_nearest_are_found_and_scored_exactly(
    library: Library, kind: str, delta: int, k: int
) -> None:
    made, found = library(kind, delta), 0
    assert (made.generation.method.name, made.generation.count) == (kind, COUNT - delta)
    with snapshot(made.db):
        index = made.index()
        for question in QUESTIONS:
            ids, scores = index.nearest(question, k)
            assert len(ids) == min(k, COUNT)
            assert_scores(question, ids, scores)
            found += len(np.intersect1d(ids, best(question, k)))
    assert found >= 0.97 * len(QUESTIONS) * min(k, COUNT)
    assert all(step.recall >= 0.99 for step in made.generation.method.steps)


@KINDS
@pytest.mark.parametrize("delta", [0, 300])
@pytest.mark.parametrize("allowed", [0, 1, 20, COUNT // 2, COUNT - 1, COUNT])
def test_a_filtered_answer_is_that_of_brute_force(library: Library, kind: str, delta: int, allowed: int) -> None:
    made = library(kind, delta)
    ids = np.sort(np.random.default_rng(3).choice(COUNT, allowed, replace=False) + 1)
    with snapshot(made.db):
        index = made.index()
        for question in QUESTIONS:
            for k in (1, 10, 60):
                found, scores = index.nearest(question, k, selected(ids))
                np.testing.assert_array_equal(found, best(question, k, ids))
                assert_scores(question, found, scores)


@KINDS
def test_a_filtered_answer_is_exact_even_where_codes_hardly_differ(empty: Opened, kind: str) -> None:
    """Vectors so near to each other that their codes come in another order."""
    near = VECTORS[0] + 1e-2 * np.random.default_rng(5).standard_normal((COUNT, DIMENSION))
    near[:40] = VECTORS[:40]
    near = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    store(empty.db, empty.model, 0, COUNT, near)
    made = empty.rewrite(kind)
    assert made.method.asked == kind
    assert made.method.name == (IVF if kind == IVF else EXACT)  # a graph does not find its way through such a crowd
    ids = np.arange(1, COUNT + 1, 2)
    with snapshot(empty.db):
        index = empty.index()
        for question in (VECTORS[0], QUESTIONS[0]):
            scores = np.einsum("ij,j->i", near[ids - 1], question)
            found, products = index.nearest(question, 10, selected(ids))
            np.testing.assert_allclose(products, np.sort(scores)[::-1][:10], atol=1e-6)
            np.testing.assert_array_equal(found, ids[np.lexsort((ids, -scores))[:10]])


@KINDS
def test_vectors_that_are_no_longer_stored_are_left_out(library: Library, kind: str) -> None:
    made, gone = library(kind), best(QUESTIONS[0], 5)
    with writing(made.db, "test"):
        made.db.execute(f"DELETE FROM vectors WHERE id IN ({', '.join(map(str, gone))})")
    with snapshot(made.db):
        ids, scores = made.index().nearest(QUESTIONS[0], 50)
    assert not np.isin(ids, gone).any()
    assert len(ids) >= 45
    assert_scores(QUESTIONS[0], ids, scores)


@KINDS
def test_the_sample_is_near_to_the_vectors_and_deterministic(library: Library, kind: str) -> None:
    made = library(kind, 300)
    with snapshot(made.db):
        sample = made.index().sample(200)
        np.testing.assert_array_equal(sample, made.index().sample(200))
    assert sample.shape == (200, DIMENSION)
    distances = np.linalg.norm(sample[:, None] - VECTORS, axis=2).min(axis=1)
    assert distances.max() <= made.generation.method.error + 1e-6
    assert 0 < made.generation.method.error < 0.1


@KINDS
def test_a_flipped_byte_is_reported_and_makes_no_score_wrong(library: Library, kind: str) -> None:
    library_ = library(kind)
    made, db = library_.generation, library_.db
    path = generation_path(library_.folder, made.file)
    chance = np.random.default_rng(11)
    head = made.method.head
    places = [*range(0, 200, 7), *chance.integers(0, head, 60), head - 1, *chance.integers(head, made.bytes, 120)]
    for place in map(int, places):
        mask = int(chance.integers(1, 256))
        flip(path, place, mask)
        assert generation_problem(db, library_.folder, made)
        with snapshot(db):
            if place < head:
                with pytest.raises(Damaged):
                    library_.index()
            else:
                with suppress(Damaged):
                    index = library_.index()
                    for question in QUESTIONS[:3]:
                        assert_scores(question, *index.nearest(question, 20))
                        assert_scores(question, *index.nearest(question, 20, selected(np.arange(1, COUNT, 3))))
        flip(path, place, mask)
    assert not generation_problem(db, library_.folder, made)


@KINDS
@pytest.mark.parametrize("kept", [0, 1, 100, 5_000, -1])
def test_a_file_that_was_cut_off_is_damaged(library: Library, kind: str, kept: int) -> None:
    made = library(kind)
    path = generation_path(made.folder, made.generation.file)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Damaged, match="repair"):
        load_generation(made.folder, made.generation)


@KINDS
def test_a_deep_check_finds_each_changed_id_and_code(library: Library, kind: str) -> None:
    made = library(kind)
    generation, tally = made.generation, Counter[str]()
    path = generation_path(made.folder, generation.file)

    def found() -> list[str]:
        with snapshot(made.db):
            return [what for what in check_index(made.db, made.folder, made.model, generation, tally)
                    if "belong to a passage" not in what]  # fmt: skip

    assert found() == []
    assert tally["indexed vectors"] == COUNT
    flip(path, generation.bytes - 7)  # the last eight bytes are an id
    assert len([what for what in found() if what.startswith("it lacks vector")]) == 1
    flip(path, generation.bytes - 7)
    assert found() == []
    for place in range(generation.method.head, generation.method.head + DIMENSION):
        flip(path, place, 0x80)  # the first code
    assert len([what for what in found() if "is not the one stored" in what]) == 1


def test_a_deep_check_reports_a_low_recall(library: Library) -> None:
    made = library(IVF)
    method = made.generation.method
    lazy = replace(method, steps=tuple(replace(step, effort=1) for step in method.steps))
    with snapshot(made.db):
        (finding,) = check_index(made.db, made.folder, made.model, replace(made.generation, method=lazy), Counter())
    assert finding.startswith("it finds ")
    assert "99%" in finding
