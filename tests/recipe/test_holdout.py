"""How close weights are to the unmodified ones."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")

from wherein.recipe import holdout  # noqa: E402
from wherein.recipe.pairs import Passage  # noqa: E402


def test_agreement_counts_common_neighbors():
    near = np.eye(12, dtype=np.float32)
    assert holdout.agreement(near, near) == 100
    line = np.array([[np.cos(angle), np.sin(angle)] for angle in np.linspace(0, 3, 40)], np.float32)
    assert holdout.agreement(line, line[np.random.default_rng(0).permutation(40)]) < 60


def test_each_row_has_ten_nearest_others():
    rows = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    near = holdout.nearest(rows)
    assert near.sum(axis=1).tolist() == [10] * 30
    assert not near.diagonal().any()
    scores = rows @ rows.T
    np.fill_diagonal(scores, -np.inf)
    assert all(scores[row][near[row]].min() >= scores[row][~near[row]].max() for row in range(30))


def test_figures_of_the_unmodified_weights(base, words):
    held = [
        Passage(f"the {word} is old", "a", (f"how old is the {word}?", f"{word}?"))
        for word in ("ferry", "bread", "boat", "town", "cat", "lamp")
    ]
    questions, texts = holdout.encode(base, words, held)
    assert (questions.shape, texts.shape) == ((12, 16), (6, 16))
    figures = holdout.figures(base, questions, words, held)
    assert figures.agreement == 100
    assert 0 < figures.mrr <= 100
    assert 0 <= figures.top_5 <= 100
