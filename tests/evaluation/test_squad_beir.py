"""The protocols of the model card and of BEIR, by hand-made figures and against each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.evaluation.collection import Collection
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


def test_a_context_that_the_ranking_leaves_out_is_not_found() -> None:
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


def test_squad_is_compared_by_top_5_and_beir_by_ndcg() -> None:
    down = np.arange(10.0)[None, ::-1]
    questions = collection([{"d6": 1}], 10)
    for measure, name, better in ((evaluate_squad, "top_5", 1), (evaluate_beir, "ndcg_10", 1)):
        found = compared(measure(questions, fixed(down)), measure(questions, fixed(-down)))
        assert (found.measure, found.better, found.p) == (name, better, 1.0)


@pytest.mark.parametrize(("rank", "found"), [(20, 100), (21, 0)])
def test_a_right_context_after_the_first_20_is_not_found(rank: int, found: float) -> None:
    down = np.arange(40.0)[None, ::-1]
    questions = collection([{f"d{rank - 1}": 1}], 40)
    for measure in (evaluate_squad, evaluate_beir):
        assert measure(questions, fixed(down)).percent()["top_20"] == found
        assert (measure(questions, fixed(down)).percent()["mrr"] > 0) == (found > 0)


def test_a_grade_of_zero_is_wrong_and_a_higher_grade_counts_more() -> None:
    down = np.arange(3.0)[None, ::-1]
    assert evaluate_beir(collection([{"d0": 0, "d1": 1}], 3), fixed(down)).percent()["mrr"] == 50
    better = evaluate_beir(collection([{"d0": 2, "d1": 1}], 3), fixed(down)).values["ndcg_10"]
    worse = evaluate_beir(collection([{"d0": 1, "d1": 2}], 3), fixed(down)).values["ndcg_10"]
    assert (better[0], worse[0]) == (pytest.approx(1), pytest.approx((1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3))))


def test_a_context_that_is_left_out_makes_room_for_another() -> None:
    down = np.arange(40.0)[None, ::-1]
    assert evaluate_beir(collection([{"d20": 1}], 40, ["d3"]), fixed(down)).percent()["top_20"] == 100
