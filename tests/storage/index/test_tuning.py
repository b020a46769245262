"""The effort of a search: measured against exact search, and the least that reaches the target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.index.method import HNSW, IVF
from wherein.storage.index.tuning import (
    DEPTHS,
    MAX_CANDIDATES,
    GroundTruth,
    recall_of,
    significantly_below,
    synthetic_queries,
    tune,
)

COUNT, DIMENSION = 1_000, 8


def unit(count: int, seed: int) -> Matrix:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS, QUESTIONS = unit(COUNT, 0), unit(20, 1)
IDS = np.arange(COUNT, dtype=np.int64) + 100


@pytest.fixture(scope="module")
def truth() -> GroundTruth:
    truth = GroundTruth(QUESTIONS)
    for first in range(0, COUNT, 70):
        truth.add(IDS[first : first + 70], VECTORS[first : first + 70])
    return truth


def nearest(questions: Matrix, n: int) -> Ids:
    return IDS[np.argsort(-(questions @ VECTORS.T), axis=1)[:, :n]]


@pytest.mark.parametrize("name", [IVF, HNSW])
def test_questions_are_unit_vectors_unlike_any_stored_one(name: str) -> None:
    questions = synthetic_queries(VECTORS[:200], name)
    assert questions.shape == (100, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(questions, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(questions, synthetic_queries(VECTORS[:200], name))
    assert (questions @ VECTORS[:200].T).max() < 0.999


def test_opposite_vectors_have_no_middle_and_still_give_a_question() -> None:
    pair = np.vstack([VECTORS[:1], -VECTORS[:1]])
    np.testing.assert_allclose(np.linalg.norm(synthetic_queries(pair, IVF), axis=1), 1, atol=1e-5)


def test_the_truth_is_that_of_numpy_whatever_the_batches(truth: GroundTruth) -> None:
    np.testing.assert_array_equal(truth.ids[:, :50], nearest(QUESTIONS, 50))
    assert (np.diff(truth.scores, axis=1) <= 0).all()


def test_recall_is_the_part_of_the_nearest_that_is_found(truth: GroundTruth) -> None:
    assert truth.recall(nearest(QUESTIONS, 10), 10).tolist() == [1.0] * 20
    half = nearest(QUESTIONS, 10)
    half[:, 5:] = -1
    assert truth.recall(half, 10).tolist() == [0.5] * 20
    assert truth.recall(half[:, ::-1], 5).tolist() == [1.0] * 20
    assert truth.recall(np.full((20, 10), -1), 10).tolist() == [0.0] * 20


def test_of_equally_near_vectors_any_counts_as_found() -> None:
    truth = GroundTruth(QUESTIONS[:1])
    truth.add(np.arange(1, 5), np.repeat(QUESTIONS[:1], 4, axis=0))
    assert truth.recall(np.array([[4, 3]]), 2).tolist() == [1.0]
    assert truth.recall(np.array([[4, 9]]), 2).tolist() == [0.5]


def test_there_may_be_fewer_vectors_than_are_wanted() -> None:
    truth = GroundTruth(QUESTIONS)
    truth.add(IDS[:3], VECTORS[:3])
    assert truth.recall(np.tile(IDS[:3], (20, 1)), 10).tolist() == [1.0] * 20


@given(enough=st.integers(1, 300))
def test_the_least_effort_that_reaches_the_target_is_found(enough: int) -> None:
    truth = GroundTruth(QUESTIONS)
    truth.add(IDS, VECTORS)
    efforts: list[int] = []

    def search(questions: Matrix, effort: int, n: int) -> Ids:
        efforts.append(effort)
        return nearest(questions, n) if effort >= enough else np.full((len(questions), n), -1)

    steps = tune(truth, search, max_effort=300)
    assert [step.k for step in steps] == list(DEPTHS)
    for step in steps:
        assert enough <= step.effort <= max(enough + 1, 1.1 * enough)  # efforts grow by a tenth
        assert step.recall == 1
        assert step.k < step.candidates < MAX_CANDIDATES * step.k  # the fewest, since the first are the nearest
    assert max(efforts) <= 300


def test_where_no_effort_is_enough_the_step_says_so(truth: GroundTruth) -> None:
    def search(questions: Matrix, effort: int, n: int) -> Ids:
        found = nearest(questions, n)
        found[:, ::2] = -1
        return found

    for step in tune(truth, search, max_effort=20):
        assert (step.effort, step.candidates, step.recall) == (20, MAX_CANDIDATES * step.k, 0.5)


def test_the_least_effort_for_each_result(truth: GroundTruth) -> None:
    steps = tune(truth, lambda questions, _, n: nearest(questions, n), max_effort=2_000, min_effort_per_result=4)
    assert [step.effort for step in steps] == [4 * k for k in DEPTHS]


def test_the_recall_of_an_index_that_finds_too_few(truth: GroundTruth) -> None:
    def three(question: Matrix, k: int) -> tuple[Ids, Matrix]:
        ids = nearest(question[None, :], min(k, 3))[0]
        return ids, np.zeros(len(ids), np.float32)

    assert recall_of(three, truth, 10).tolist() == pytest.approx([0.3] * 20)


@pytest.mark.parametrize(
    ("recall", "below"),
    [([1.0] * 100, False), ([0.98] * 100, True), ([1.0] * 97 + [0.5] * 3, False), ([0.9, 1.0] * 50, True)],
)
def test_only_what_chance_does_not_explain_is_below_the_target(recall: list[float], below: bool) -> None:
    assert significantly_below(np.array(recall), 0.99) == below
