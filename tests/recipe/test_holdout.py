"""How close weights are to the unmodified ones."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")
from wherein.recipe import holdout  # noqa: E402


def test_agreement_counts_common_neighbours():
    near = np.eye(12, dtype=np.float32)
    assert holdout.agreement(near, near) == 100
    line = np.array([[np.cos(angle), np.sin(angle)] for angle in np.linspace(0, 3, 40)], np.float32)
    assert holdout.agreement(line, line[np.random.default_rng(0).permutation(40)]) < 60
