"""An index of the vectors themselves: whatever a filter lets pass, the answer is that of NumPy."""

from typing import Any

import faiss
import numpy as np
import pytest

from wherein.errors import Damaged
from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.filters.selection import Selection
from wherein.storage.index.exact import Exact

COUNT, DIMENSION = 3_000, 8
VECTORS = np.random.default_rng(0).standard_normal((COUNT, DIMENSION)).astype(np.float32)
IDS = np.arange(COUNT, dtype=np.int64) * 2 + 5
QUESTIONS = np.random.default_rng(1).standard_normal((5, DIMENSION)).astype(np.float32)


def index_of(vectors: Matrix, ids: Ids) -> Any:
    index = faiss.IndexIDMap(faiss.IndexFlatIP(DIMENSION))
    if len(ids):
        index.add_with_ids(vectors, ids)
    return index


@pytest.fixture(scope="module")
def exact() -> Exact:
    return Exact(index_of(VECTORS, IDS))


def selection(ids: Ids) -> Selection:
    marks = np.zeros(int(ids.max(initial=0)) + 1, np.bool_)
    marks[ids] = True
    return Selection(frozenset(), np.empty(0, np.int64), ids, np.packbits(marks, bitorder="little"))


def best(question: Matrix, k: int, ids: Ids) -> Ids:
    scores = VECTORS[np.searchsorted(IDS, ids)] @ question
    return ids[np.argsort(-scores)[:k]]


@pytest.mark.parametrize("k", [1, 10, COUNT, COUNT + 5])
def test_the_nearest_of_all(exact: Exact, k: int) -> None:
    for question in QUESTIONS:
        ids, scores = exact.nearest(question, k)
        np.testing.assert_array_equal(ids, best(question, k, IDS))
        np.testing.assert_allclose(scores, VECTORS[(ids - 5) // 2] @ question, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("k", [1, 10, 400])
@pytest.mark.parametrize("allowed", [1, 7, 300, COUNT // 2, COUNT - 1, COUNT])
def test_the_nearest_of_a_selection(exact: Exact, allowed: int, k: int) -> None:
    chosen = np.sort(np.random.default_rng(allowed).choice(IDS, allowed, replace=False))
    for question in QUESTIONS:
        ids, _ = exact.among(question, k, selection(chosen), allowed)
        np.testing.assert_array_equal(ids, best(question, k, chosen))


def test_the_farthest_vectors_are_found_where_only_they_are_selected(exact: Exact) -> None:
    """Those are not among the candidates that a search without the filter returns first."""
    for question in QUESTIONS:
        farthest = np.sort(best(-question, COUNT // 2, IDS))
        ids, _ = exact.among(question, 10, selection(farthest), len(farthest))
        np.testing.assert_array_equal(ids, best(question, 10, farthest))


def test_ids_and_vectors_by_position(exact: Exact) -> None:
    assert exact.count == COUNT
    np.testing.assert_array_equal(exact.ids(), IDS)
    np.testing.assert_array_equal(exact.sample(np.array([0, 7, COUNT - 1])), VECTORS[[0, 7, COUNT - 1]])


def test_a_vector_that_is_not_a_number_is_damage() -> None:
    vectors = VECTORS[:5].copy()
    vectors[2, 0] = np.nan
    with pytest.raises(Damaged, match="something that is not a vector; run: wherein repair"):
        Exact(index_of(vectors, IDS[:5])).nearest(QUESTIONS[0], 5)
