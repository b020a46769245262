"""The training of the reader: it learns, a stopped run gives the same, and the word vectors stay as they are."""

import dataclasses
import math

import pytest

from wherein.errors import WhereinError
from wherein.recipe.extra import require
from wherein.recipe.reader.examples import Example, Examples
from wherein.recipe.reader.plan import ReaderPlan
from wherein.recipe.reader.rows import Rows

PLAN = ReaderPlan(steps=30, batch=4, rate=3e-3, warm_up=3, passage_tokens=32)


def material():
    towns = ("Lisbon", "Porto", "Rome", "Paris", "London", "Berlin", "Madrid", "Dublin")
    answered = tuple(
        Example(f"where was number {number} signed?", f"it was signed in {town} by all", ((17, 17 + len(town)),))
        for number, town in enumerate(towns)
    )
    return Examples(answered, tuple(("nobody was there",) for _ in towns), ())


@pytest.fixture
def training(base):
    return require("wherein.recipe.reader.training")


def trained(training, words, base, work, plan=PLAN):
    return training.train(material(), Rows(words, 16, 32), base, plan, work)


def mean_loss(training, reader, words):
    run = training.Run(reader, reader, None)
    batch = next(training.batches(material(), Rows(words, 16, 32), PLAN))
    return training.gradients(run, batch, len(batch))[0]


def test_it_learns_and_leaves_the_word_vectors(training, words, base, tmp_path):
    reader = trained(training, words, base, tmp_path)
    name = "embeddings.word_embeddings.weight"
    assert reader.body.state_dict()[name].equal(base[name])
    assert not reader.head.bias.equal(reader.head.bias * 0)
    first = require("wherein.recipe.reader.network").start(base, 0)
    assert mean_loss(training, reader, words) < mean_loss(training, first, words) - 0.5


def test_a_stopped_run_gives_the_same(training, words, base, tmp_path, capsys):
    whole = trained(training, words, base, tmp_path / "whole")
    # It stops before its rate falls, which alone depends on the number of steps.
    stopped = dataclasses.replace(PLAN, steps=13, fall=0)
    trained(training, words, base, tmp_path / "parts", dataclasses.replace(stopped))
    again = trained(training, words, base, tmp_path / "parts")
    assert "resuming after step 13" in capsys.readouterr().out
    for name, tensor in whole.state_dict().items():
        assert again.state_dict()[name].equal(tensor), name


def test_the_reader_is_the_mean_of_runs_with_other_batches_and_the_same_head(training, words, base, tmp_path):
    plan = dataclasses.replace(PLAN, steps=4)
    reader = training.train_all(material(), Rows(words, 16, 32), base, plan, tmp_path)
    plans = [dataclasses.replace(plan, seed=number) for number in range(training.RUNS)]
    ends = [trained(training, words, base, tmp_path, one).state_dict() for one in plans]
    for name, tensor in reader.state_dict().items():
        assert tensor.allclose(sum(end[name] for end in ends) / len(ends), atol=1e-6), name
    assert not ends[0]["head.weight"].equal(ends[1]["head.weight"])
    first = [training.start(base, one).reader.head.weight for one in plans]
    assert first[0].equal(first[1])


def test_a_damaged_checkpoint_is_named(training, words, base, tmp_path):
    (tmp_path / "reader-0.pt").write_bytes(b"damaged")
    with pytest.raises(WhereinError, match=r"reader-0\.pt cannot be read .*; delete it to start over"):
        trained(training, words, base, tmp_path)


def test_the_rate_rises_stays_and_falls(training):
    plan = ReaderPlan(steps=100, rate=1.0, warm_up=10, fall=0.25)
    rates = [training.rate(plan, step) for step in range(100)]
    assert rates[:10] == pytest.approx([number / 10 for number in range(1, 11)])
    assert set(rates[9:76]) == {1.0}
    assert rates[76:] == pytest.approx([number / 25 for number in range(24, 0, -1)])


def test_the_loss_is_that_of_the_right_tokens(base):
    torch = pytest.importorskip("torch", reason="the network is torch's; install wherein[recipe]")
    network = require("wherein.recipe.reader.network")
    logits = torch.tensor([[1.0, 2.0, 3.0, 99.0], [0.0, 0.0, 0.0, 0.0]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
    right = torch.tensor([[False, True, False, False], [True, False, True, False]])
    total = math.exp(1) + math.exp(2) + math.exp(3)
    expected = -math.log(math.exp(2) / total) - math.log(2 / 4)
    assert network.loss(logits, mask, right).item() == pytest.approx(expected, rel=1e-5)
