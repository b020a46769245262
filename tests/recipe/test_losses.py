"""The losses of the training, by hand."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")
from wherein.recipe import losses  # noqa: E402


def test_contrast_by_hand():
    # The first question has two right passages; each is held against the wrong one alone.
    scores = torch.tensor([[2.0, 1.0, 0.0], [0.5, 0.0, 3.0]])
    positive = torch.tensor([[True, True, False], [False, False, True]])

    def cost(right, *wrong):
        return -math.log(math.exp(right) / sum(map(math.exp, (right, *wrong))))

    expected = (cost(2.0, 0.0) + cost(1.0, 0.0) + cost(3.0, 0.5, 0.0)) / 3
    assert losses.contrast(scores, positive).item() == pytest.approx(expected, abs=1e-6)
    back = (cost(2.0, 0.5) + cost(1.0, 0.0) + cost(3.0, 0.0)) / 3
    assert losses.contrast(scores.T, positive.T).item() == pytest.approx(back, abs=1e-6)


def test_a_masked_passage_is_pulled_only_as_a_right_one():
    scores = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    losses.contrast(scores, torch.tensor([[True, True, False]])).backward()
    slope = [-1 / (1 + math.exp(2)) / 2, -1 / (1 + math.exp(1)) / 2]
    assert scores.grad[0].tolist() == pytest.approx([*slope, -sum(slope)], abs=1e-6)


def test_turned_vectors_have_not_strayed():
    some = torch.nn.functional.normalize(torch.randn(5, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    assert losses.drift(some.flip(1), some).item() == pytest.approx(0, abs=1e-12)
    assert losses.drift(torch.eye(2), torch.ones(2, 2) / math.sqrt(2)).item() == pytest.approx(0.5)
