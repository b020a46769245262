"""The training repeats itself, resumes where it was stopped, and leaves the word vectors alone."""

import numpy as np
import pytest

from small_training import PLAN, same, training_corpus

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")

from wherein.errors import WhereinError  # noqa: E402
from wherein.recipe import training  # noqa: E402
from wherein.recipe.plan import Plan, Stage  # noqa: E402


@pytest.fixture(scope="module")
def corpus():
    return training_corpus()


@pytest.fixture
def material(corpus, words, base, tmp_path):
    training.make_deterministic(PLAN)
    return training.prepare(corpus, training.schedule(corpus, PLAN), words, base, tmp_path)


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
