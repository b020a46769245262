"""Measures by hand-made figures, the card's definition against the library's, and the test of a difference."""

import sys
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.errors import WhereinError
from wherein.evaluation.collection import Collection
from wherein.evaluation.measures import compare, measures
from wherein.evaluation.modes import Ranked, Ranking
from wherein.evaluation.squad_beir import compared, evaluate_beir, evaluate_squad
from wherein.search.top import highest


def fixed(rows: np.ndarray) -> Ranking:
    """Return the ranking that has these scores, `[questions, contexts]`, whatever is asked."""
    return lambda questions, n: [(ids := highest(scores, n), scores[ids]) for scores in rows]


def collection(relevant: list[dict[str, int]], contexts: int, names: list[str] | None = None) -> Collection:
    ids = [f"d{n}" for n in range(contexts)]
    names = names or [f"q{n}" for n in range(len(relevant))]
    return Collection(ids, [f"text {one}" for one in ids], names, [f"question {one}" for one in names], relevant)


def test_measures_by_hand() -> None:
    relevant = [{"a": 1, "b": 2, "c": 0}, {"z": 1}, {"f": 1, "nowhere": 1}, {"c": 0}]
    found = [["b", "c", "a"], [], ["a", "b", "c", "d", "e", "f"], ["c"]]
    values = measures(relevant, found)
    assert {name: list(value) for name, value in values.items()} == {
        "top_1": [1, 0, 0, 0],
        "top_5": [1, 0, 0, 0],
        "top_10": [1, 0, 1, 0],
        "top_20": [1, 0, 1, 0],
        "mrr": pytest.approx([1, 0, 1 / 6, 0]),
        "ndcg_10": pytest.approx([(2 + 1 / 2) / (2 + 1 / log2(3)), 0, (1 / log2(7)) / (1 + 1 / log2(3)), 0]),
        "recall_10": [1, 0, 0.5, 0],
    }


def test_equal_scores_count_in_the_order_in_which_they_are_shown() -> None:
    tied = np.ones((1, 3))
    assert evaluate_beir(collection([{"d0": 1}], 3), fixed(tied)).percent()["top_1"] == 100
    assert evaluate_beir(collection([{"d1": 1}], 3), fixed(tied)).percent()["mrr"] == 50


def test_a_context_with_the_question_s_own_id_is_left_out() -> None:
    scores = np.array([[3.0, 2, 1]])
    assert evaluate_beir(collection([{"d1": 1}], 3, ["d0"]), fixed(scores)).percent()["mrr"] == 100
    assert evaluate_beir(collection([{"d1": 1}], 3, ["q"]), fixed(scores)).percent()["mrr"] == 50


def test_figures_are_in_percent_with_two_digits() -> None:
    scores = np.array([[3.0, 2, 1], [3, 2, 1], [3, 2, 1]])
    found = evaluate_squad(collection([{"d0": 1}, {"d1": 1}, {"d2": 1}], 3), fixed(scores))
    assert found.percent() == {"top_1": 33.33, "top_5": 100, "top_10": 100, "top_20": 100, "mrr": 61.11}
    assert (found.questions, found.contexts) == (3, 3)


def test_what_a_mode_leaves_out_is_not_found() -> None:
    def ranking(questions: object, n: int) -> list[Ranked]:
        return [(np.array([1]), np.array([0.5])), (np.array([], np.int64), np.array([]))]

    found = evaluate_squad(collection([{"d1": 1}, {"d1": 1}], 30), ranking)
    assert found.percent() == {"top_1": 50, "top_5": 50, "top_10": 50, "top_20": 50, "mrr": 50}


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 5))
def test_the_card_s_definition_is_the_library_s(seed: int, contexts: int, questions: int) -> None:
    draw = np.random.default_rng(seed)
    scores = np.stack([draw.permutation(contexts) for _ in range(questions)]).astype(np.float32)
    given_ = collection([{f"d{draw.integers(contexts)}": 1} for _ in range(questions)], contexts)
    by_card, by_library = (measure(given_, fixed(scores)).values for measure in (evaluate_squad, evaluate_beir))
    for name, values in by_card.items():
        assert list(values) == pytest.approx(list(by_library[name])), name


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), st.integers(1, 35))
def test_the_highest_are_those_of_a_stable_sort(scores: list[float], n: int) -> None:
    positions = highest(np.array(scores), n)
    assert list(positions) == sorted(range(len(scores)), key=lambda position: (-scores[position], position))[:n]


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [(5, 0, 2 / 32), (6, 0, 2 / 64), (0, 6, 2 / 64), (5, 1, 14 / 64), (3, 3, 1), (1, 0, 1), (0, 0, 1)],
)
def test_the_chance_of_a_difference_by_hand(better: int, worse: int, p: float) -> None:
    first = np.array([0.0] * better + [1.0] * worse + [1.0] * 20)
    second = np.array([1.0] * better + [0.0] * worse + [1.0] * 20)
    found = compare("top_5", first, second)
    assert (found.better, found.worse, found.equal) == (better, worse, 20)
    assert found.difference == round(100 * (better - worse) / (better + worse + 20), 2)
    assert found.p == pytest.approx(p, abs=1e-4)


def test_many_questions_are_drawn_the_same_each_time() -> None:
    draw = np.random.default_rng(3)
    first = draw.random(300)
    second = np.clip(first + draw.normal(0.05, 0.2, 300), 0, 1)
    found = compare("ndcg_10", first, second)
    assert found.p < 0.05
    assert compare("ndcg_10", first, second) == found
    assert compare("ndcg_10", second, first).p == pytest.approx(found.p, abs=0.02)


def test_squad_is_compared_by_top_5_and_beir_by_ndcg() -> None:
    down = np.arange(10.0)[None, ::-1]
    questions = collection([{"d6": 1}], 10)
    for measure, name, better in ((evaluate_squad, "top_5", 1), (evaluate_beir, "ndcg_10", 1)):
        found = compared(measure(questions, fixed(down)), measure(questions, fixed(-down)))
        assert (found.measure, found.better, found.p) == (name, better, 1.0)


@pytest.mark.parametrize(("missing", "work"), [("ir_measures", "Measuring"), ("scipy.stats", "Comparing")])
def test_a_missing_extra_is_told_with_its_install_line(
    monkeypatch: pytest.MonkeyPatch, missing: str, work: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(WhereinError, match=rf"{work} needs .*pip install 'wherein\[evaluate\]'"):
        measures([{"a": 1}], [["a"]])
        compare("mrr", np.zeros(3), np.ones(3))
