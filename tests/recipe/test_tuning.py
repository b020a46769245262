"""From the base weights to the shipped ones."""

import dataclasses

import pytest

from small_training import PLAN, TOPICS, same, training_corpus

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")
from wherein.recipe import averaging, training, tuning  # noqa: E402


@pytest.fixture(scope="module")
def corpus():
    return training_corpus()


def test_tuning_records_what_it_did(corpus, words, base, tmp_path):
    tensors, record = tuning.tune(corpus, words, base, PLAN, tmp_path)
    assert tensors.keys() == base.keys()
    assert (record["runs"], record["steps"]) == (2, 12)
    ends = [training.tune(corpus, words, base, dataclasses.replace(PLAN, seed=seed), tmp_path) for seed in (0, 1)]
    assert not same(*ends)
    assert same(tensors, averaging.blend(base, averaging.mean(ends), record["tuned_weights"]))
    assert record["held_out_articles"] == [TOPICS[0]]
    assert list(record["held_out"]) == ["0.00", "0.70", "0.80", "0.85", "0.90", "1.00"]
    assert record["held_out"]["0.00"]["agreement"] == 100
    assert record["plan"]["shape"]["article"] == 2
