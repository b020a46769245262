"""The protocols of the model card and of BEIR, by hand-made figures and against each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.evaluation.collection import Collection
from wherein.evaluation.squad_beir import compared, evaluate_beir, evaluate_squad


def collection(relevant: list[dict[str, int]], documents: int, names: list[str] | None = None) -> Collection:
    ids = [f"d{n}" for n in range(documents)]
    names = names or [f"q{n}" for n in range(len(relevant))]
    texts = [f"text {one}" for one in ids]
    return Collection(ids, [""] * documents, texts, names, [f"question {one}" for one in names], relevant)


def down(documents: int) -> list[str]:
    return [f"d{n}" for n in range(documents)]


def test_documents_count_in_the_order_in_which_they_are_shown() -> None:
    assert evaluate_beir(collection([{"d0": 1}], 3), [down(3)]).percent()["top_1"] == 100
    assert evaluate_beir(collection([{"d1": 1}], 3), [down(3)]).percent()["mrr"] == 50


def test_a_document_with_the_question_s_own_id_is_left_out() -> None:
    assert evaluate_beir(collection([{"d1": 1}], 3, ["d0"]), [down(3)]).percent()["mrr"] == 100
    assert evaluate_beir(collection([{"d1": 1}], 3, ["q"]), [down(3)]).percent()["mrr"] == 50


def test_figures_are_in_percent_with_two_digits() -> None:
    found = evaluate_squad(collection([{"d0": 1}, {"d1": 1}, {"d2": 1}], 3), [down(3)] * 3)
    assert found.percent() == {"top_1": 33.33, "top_5": 100, "top_10": 100, "top_20": 100, "mrr": 61.11}
    assert (found.questions, found.contexts) == (3, 3)


def test_a_document_that_the_answer_leaves_out_is_not_found() -> None:
    found = evaluate_squad(collection([{"d1": 1}, {"d1": 1}], 30), [["d1"], []])
    assert found.percent() == {"top_1": 50, "top_5": 50, "top_10": 50, "top_20": 50, "mrr": 50}


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 5))
def test_the_card_s_definition_is_the_library_s(seed: int, documents: int, questions: int) -> None:
    draw = np.random.default_rng(seed)
    found = [[f"d{n}" for n in draw.permutation(documents)[: draw.integers(0, 25)]] for _ in range(questions)]
    given_ = collection([{f"d{draw.integers(documents)}": 1} for _ in range(questions)], documents)
    by_card, by_library = (measure(given_, found).values for measure in (evaluate_squad, evaluate_beir))
    for name, values in by_card.items():
        assert list(values) == pytest.approx(list(by_library[name])), name


def test_squad_is_compared_by_top_5_and_beir_by_ndcg() -> None:
    questions = collection([{"d6": 1}], 10)
    for measure, name, better in ((evaluate_squad, "top_5", 1), (evaluate_beir, "ndcg_10", 1)):
        found = compared(measure(questions, [down(10)]), measure(questions, [down(10)[::-1]]))
        assert (found.measure, found.better, found.p) == (name, better, 1.0)


@pytest.mark.parametrize(("rank", "found"), [(20, 100), (21, 0)])
def test_a_right_document_after_the_first_20_is_not_found(rank: int, found: float) -> None:
    questions = collection([{f"d{rank - 1}": 1}], 40)
    for measure in (evaluate_squad, evaluate_beir):
        assert measure(questions, [down(40)]).percent()["top_20"] == found
        assert (measure(questions, [down(40)]).percent()["mrr"] > 0) == (found > 0)


def test_a_grade_of_zero_is_wrong_and_a_higher_grade_counts_more() -> None:
    assert evaluate_beir(collection([{"d0": 0, "d1": 1}], 3), [down(3)]).percent()["mrr"] == 50
    better = evaluate_beir(collection([{"d0": 2, "d1": 1}], 3), [down(3)]).values["ndcg_10"]
    worse = evaluate_beir(collection([{"d0": 1, "d1": 2}], 3), [down(3)]).values["ndcg_10"]
    assert (better[0], worse[0]) == (pytest.approx(1), pytest.approx((1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3))))


def test_a_document_that_is_left_out_makes_room_for_another() -> None:
    assert evaluate_beir(collection([{"d20": 1}], 40, ["d3"]), [down(40)]).percent()["top_20"] == 100
