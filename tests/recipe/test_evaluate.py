"""Accuracy as the model card measures it."""

import numpy as np

from wherein.recipe import evaluate


def test_ranks_count_the_better_contexts():
    contexts = np.eye(3, dtype=np.float32)
    questions = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]], np.float32)
    assert evaluate.ranks(questions, contexts, np.array([0, 2])).tolist() == [0, 2]
