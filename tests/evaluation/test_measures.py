"""Ranking measures, and the test of a difference, by hand-made figures."""

import re
import sys
from math import log2

import numpy as np
import pytest

from wherein.errors import WhereinError
from wherein.evaluation.measures import compare, measures
from wherein.installation import install_command


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


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [(5, 0, 2 / 32), (6, 0, 2 / 64), (0, 6, 2 / 64), (5, 1, 14 / 64), (3, 3, 1), (1, 0, 1), (0, 0, 1)],
)
def test_the_p_value_of_a_difference_by_hand(better: int, worse: int, p: float) -> None:
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


@pytest.mark.parametrize(("missing", "work"), [("ir_measures", "Measuring"), ("scipy.stats", "Comparing")])
def test_a_missing_extra_is_an_error_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, work: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(WhereinError, match=f"{work} needs .*{re.escape(install_command('evaluate'))}"):
        measures([{"a": 1}], [["a"]])
        compare("mrr", np.zeros(3), np.ones(3))


def test_what_is_measured_needs_no_question_and_no_answer() -> None:
    assert {name: len(values) for name, values in measures([], []).items()} == dict.fromkeys(
        ["top_1", "top_5", "top_10", "top_20", "mrr", "ndcg_10", "recall_10"], 0
    )
    assert [value.tolist() for value in measures([{"a": 1}], [[]]).values()] == [[0]] * 7


def test_a_difference_by_rounding_only_is_none() -> None:
    found = compare("mrr", np.array([0.1 + 0.2, 0.5]), np.array([0.3, 0.5]))
    assert (found.better, found.worse, found.equal, found.p, found.difference) == (0, 0, 2, 1.0, 0.0)
