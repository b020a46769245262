"""The inner product of the stored forms orders as the model's metric does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.embed.metric import (
    METRICS,
    context_form,
    distances,
    question_form,
    scores_and_distances,
    stored_width,
)

sizes = st.tuples(st.integers(1, 24), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([0.01, 1, 30]))


@given(sizes)
def test_the_extra_component_makes_the_inner_product_order_as_distance(size: tuple[int, int, int, float]) -> None:
    dimension, count, seed, scale = size
    chosen = np.random.default_rng(seed)
    contexts = (scale * chosen.standard_normal((count, dimension))).astype(np.float32)
    question = (scale * chosen.standard_normal(dimension)).astype(np.float32)
    stored = np.stack([context_form("l2", row) for row in contexts])
    asked = question_form("l2", question)
    assert stored.shape == (count, stored_width("l2", dimension))
    distances = np.linalg.norm(contexts.astype(np.float64) - question, axis=1)
    by_product = np.argsort(-(stored.astype(np.float64) @ asked), kind="stable")
    # Rounding of the added component to float32 may exchange two that are as good as equal.
    np.testing.assert_allclose(distances[by_product], np.sort(distances), rtol=1e-5, atol=1e-5 * scale)
    for row, expected in zip(stored, distances, strict=True):
        (score,), (distance,) = scores_and_distances("l2", asked, row[None])
        assert distance == pytest.approx(expected, rel=1e-12)
        assert score == pytest.approx(float(asked.astype(np.float64) @ row), rel=1e-5, abs=1e-4 * scale * scale)


@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_the_other_metrics_are_stored_as_they_are(metric: str) -> None:
    vector = np.arange(5, dtype=np.float32)
    assert stored_width(metric, 5) == 5
    assert context_form(metric, vector) is vector
    assert question_form(metric, vector) is vector
    scores, distances = scores_and_distances(metric, vector, vector[None])
    assert (scores.tolist(), distances) == ([30.0], [None])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [0, 1, 7])
def test_scores_are_inner_products_and_do_not_depend_on_other_contexts(metric: str, count: int) -> None:
    vectors = np.random.default_rng(count).standard_normal((count + 1, 12)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    question = question_form(metric, vectors[0])
    contexts = np.array([context_form(metric, one) for one in vectors[1:]]).reshape(count, len(question))
    scores, distances = scores_and_distances(metric, question, contexts)
    assert scores.tolist() == pytest.approx([float(question @ one) for one in contexts], abs=1e-6)
    lengths = np.linalg.norm(vectors[1:].astype(np.float64) - vectors[0], axis=1).tolist()
    assert distances == (pytest.approx(lengths, rel=1e-12) if metric == "l2" else [None] * count)
    for one, score, distance in zip(contexts, scores, distances, strict=True):  # to the bit: copies have equal scores
        alone = scores_and_distances(metric, question, one[None])
        assert (alone[0].tolist(), alone[1]) == ([score], [distance])


def test_a_cosine_is_at_most_1_and_what_is_far_beyond_it_is_left() -> None:
    question = np.array([1.00002, 0.0], np.float32)
    contexts = np.array([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.0]], np.float32)
    assert scores_and_distances("cosine", question, contexts)[0].tolist() == [1.0, -1.0, pytest.approx(2.00004)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1, 25])
def test_distances_are_relative_to_the_length_of_vectors(metric: str, scale: int) -> None:
    unit = np.eye(4, dtype=np.float32)[0]
    moved = unit + np.float32(0.01) * np.eye(4, dtype=np.float32)[1]
    stored, fresh = (np.stack([context_form(metric, np.float32(scale) * v)]) for v in (unit, moved))
    np.testing.assert_allclose(distances(metric, fresh, stored), [0.01], rtol=1e-5)
