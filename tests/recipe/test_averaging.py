"""The mean of weights."""

import pytest

from small_training import same

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")
from wherein.recipe import averaging  # noqa: E402


def test_blending_is_exact():
    original, tuned = {"a": torch.tensor([1.1, -2.0, 0.3])}, {"a": torch.tensor([3.3, 7.0, 0.3])}
    assert same(averaging.blend(original, tuned, 0.0), original)
    assert same(averaging.blend(original, tuned, 1.0), tuned)
    for weight in averaging.SHARES:
        mean = averaging.blend(original, tuned, weight)["a"]
        expected = weight * tuned["a"].double() + (1 - weight) * original["a"].double()
        assert mean.tolist() == pytest.approx(expected.tolist(), rel=1e-6)
        assert mean[2] == original["a"][2]


def test_the_mean_of_two_trainings_by_hand():
    ends = [{"a": torch.tensor([1.0, 4.0])}, {"a": torch.tensor([3.0, -4.0])}]
    assert averaging.mean(ends)["a"].tolist() == [2.0, 0.0]


def test_the_mean_of_equal_weights_is_exactly_these():
    weights = torch.linspace(-1, 1, 999)
    assert averaging.mean([{"a": weights}] * 3)["a"].equal(weights)
