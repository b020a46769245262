"""The training repeats itself, goes on where it was stopped, and leaves alone what it is to leave alone."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import wherein

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")

from wherein.errors import WhereinError  # noqa: E402
from wherein.recipe import averaging, body, holdout, losses, training, tuning, vectors  # noqa: E402
from wherein.recipe.pairs import Corpus, Passage  # noqa: E402
from wherein.recipe.plan import Plan, Shape, Stage  # noqa: E402

TOPICS = ("ferry", "bread", "violin", "glacier", "parliament")
PLAN = Plan((Stage(2, 1e-3, 0.1), Stage(1, 1e-3, 0.1)), shape=Shape(2, 2, 1, 2, 1, 2))


@pytest.fixture(scope="module")
def words():
    return Tokenizer.from_file(str(Path(wherein.__file__).parent / "embed" / "default" / "tokenizer.json"))


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """One layer of 16; the vocabulary stays, because the tokenizer is the real one."""
    for name, size in {"LAYERS": 1, "HEADS": 2, "HIDDEN": 16, "INNER": 32}.items():
        monkeypatch.setattr(body, name, size)


@pytest.fixture
def base(tiny):
    torch.manual_seed(5)
    return body.Body().state_dict()


def passage(topic, number, article):
    return Passage(
        f"the {topic} number {number} is old", article, (f"how old is {topic} {number}?", f"{topic} {number}?")
    )


@pytest.fixture(scope="module")
def corpus():
    contexts = [passage(topic, number, topic) for topic in TOPICS[1:] for number in range(4)]
    sentences = [passage("sentence", number, "") for number in range(6)]
    return Corpus(
        tuple(contexts), tuple(sentences), tuple(passage(TOPICS[0], number, TOPICS[0]) for number in range(12))
    )


@pytest.fixture
def material(corpus, words, base, tmp_path):
    training.make_deterministic(PLAN)
    return training.prepare(corpus, training.schedule(corpus, PLAN), words, base, tmp_path)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def losses_of(run, material, steps):
    return [training.advance(run, material, PLAN) for _ in range(steps)]


def test_the_same_seed_gives_the_same_losses_and_weights(material, base):
    runs = [training.start(PLAN, base) for _ in range(2)]
    first, second = (losses_of(run, material, 6) for run in runs)
    assert first == second
    assert same(*(run.body.state_dict() for run in runs))


def test_the_loss_falls(material, base):
    found = losses_of(training.start(PLAN, base), material, len(material.steps))
    assert np.mean(found[-4:]) < np.mean(found[:4])


def test_a_resumed_run_ends_as_an_uninterrupted_one(material, base, tmp_path):
    path = tmp_path / "run.pt"
    whole = training.start(PLAN, base)
    losses_of(whole, material, len(material.steps))
    stopped = training.start(PLAN, base)
    losses_of(stopped, material, 5)
    training.save(stopped, path)
    losses_of(stopped, material, 2)
    resumed = training.start(PLAN, base)
    training.resume(resumed, path)
    assert resumed.step == 5
    training.train(resumed, material, PLAN, path, 3)
    assert same(resumed.body.state_dict(), whole.body.state_dict())
    last = training.start(PLAN, base)
    training.resume(last, path)
    assert last.step == len(material.steps)
    assert not path.with_suffix(".part").exists()


def test_a_finished_run_is_not_trained_again(corpus, words, base, tmp_path, capsys):
    first = training.tune(corpus, words, base, PLAN, tmp_path)
    assert "step 12/12" in capsys.readouterr().out
    again = training.tune(corpus, words, base, PLAN, tmp_path)
    assert capsys.readouterr().out == "resuming after step 12\n"
    assert same(first, again)


def test_another_plan_or_other_weights_are_another_run(corpus, base):
    steps = training.schedule(corpus, PLAN)
    other = {**base, "encoder.layer.0.output.dense.bias": base["encoder.layer.0.output.dense.bias"] + 1}
    runs = [(PLAN, steps, base), (Plan(), steps, base), (PLAN, steps[1:], base), (PLAN, steps, other)]
    assert len({training.run_name(*run) for run in runs}) == 4
    assert training.run_name(*runs[0]) == training.run_name(PLAN, training.schedule(corpus, PLAN), base)


def test_a_damaged_checkpoint_is_named(base, tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(WhereinError, match=r"run\.pt cannot be read \(UnpicklingError\); delete it to start over"):
        training.resume(training.start(PLAN, base), path)


def test_only_the_word_vectors_stay_as_they_were(material, base):
    run = training.start(PLAN, base)
    losses_of(run, material, 3)
    kept = [name for name, tensor in run.body.state_dict().items() if torch.equal(tensor, base[name])]
    assert kept == ["embeddings.word_embeddings.weight"]


def test_the_rate_rises_and_falls_in_each_stage():
    plan = Plan((Stage(2, 1.0, 5.0), Stage(1, 0.5, 1.0)), warm_up=0.2)
    rates = [training.rate(plan, step, 15) for step in range(15)]
    assert rates[:10] == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert rates[10:] == pytest.approx([0.5, 0.5, 0.5 * 3 / 4, 0.25, 0.125])
    assert [training.stage(plan, step, 15)[0].teacher for step in (0, 9, 10, 14)] == [5, 5, 1, 1]


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


def test_groups_hold_every_row_once_and_few_tokens():
    lengths = [5, 30, 7, 7, 100, 3, 29, 12]
    parts = vectors.groups(lengths, 60)
    assert sorted(row for part in parts for row in part) == list(range(8))
    assert all(len(part) == 1 or max(lengths[row] for row in part) * len(part) <= 60 for part in parts)
    assert parts[0] == [4]


def test_vectors_come_in_the_order_of_the_texts(base, words):
    network = body.build(base)
    rows = [words.encode("old " * count).ids for count in (3, 90, 1, 300, 2)]
    together = vectors.encode_frozen(network, rows)
    for row, vector in zip(rows, together, strict=True):
        assert vectors.encode_frozen(network, [row])[0] == pytest.approx(vector, abs=1e-6)


def test_kept_vectors_are_made_once_and_a_stop_costs_one_part(base, words, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(vectors, "CHUNK", 2)
    network, rows = body.build(base), [words.encode("old " * count).ids for count in range(1, 6)]
    first = vectors.encode_cached(tmp_path, network, rows)
    assert first.shape == (5, 16)
    assert first == pytest.approx(vectors.encode_frozen(network, rows), abs=1e-6)
    (tmp_path / "4.npy").unlink()
    capsys.readouterr()
    assert np.array_equal(vectors.encode_cached(tmp_path, network, rows), first)
    assert capsys.readouterr().out == "5 of 5 texts through the unmodified model\n"


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


def test_agreement_counts_common_neighbours():
    near = np.eye(12, dtype=np.float32)
    assert holdout.agreement(near, near) == 100
    line = np.array([[np.cos(angle), np.sin(angle)] for angle in np.linspace(0, 3, 40)], np.float32)
    assert holdout.agreement(line, line[np.random.default_rng(0).permutation(40)]) < 60
