"""Exact match and F1 as SQuAD's script counts them."""

import pytest

from toy_reader import write_reader
from wherein.embed.answer_extractor import load_answer_model
from wherein.recipe.reader import answers
from wherein.recipe.reader.answers import Asked
from wherein.recipe.reader.examples import Example


@pytest.mark.parametrize(
    ("found", "right", "match", "overlap"),
    [
        ("The Denver Broncos", "denver broncos!", 1, 1),
        ("Denver", "Denver Broncos", 0, 2 / 3),
        ("an  apple a day", "apple day", 1, 1),
        ("in 2007", "2007", 0, 2 / 3),
        ("", "2007", 0, 0),
        ("a", "", 1, 0),
        ("New York, New York", "New York", 0, 2 / 3),
        ("atheist", "theist", 0, 0),
    ],
)
def test_words_that_count(found, right, match, overlap):
    assert answers.exact_match(found, right) == match
    assert answers.f1(found, right) == pytest.approx(overlap)


def test_the_best_of_several_right_answers_counts():
    assert answers.best(answers.f1, "Denver", ["Broncos", "Denver Broncos", "the Denver"]) == 1
    assert answers.best(answers.f1, "Denver", []) == 0


def test_what_is_asked_of_examples():
    asked = answers.of_examples([Example("q", "Lisbon, 2007", ((0, 6), (8, 12))), Example("r", "x", ())])
    assert asked == [Asked("q", "Lisbon, 2007", ("Lisbon", "2007"))]


def test_a_model_is_measured(tmp_path):
    folder = write_reader(tmp_path / "reader", {"lisbon": 9.0}, {"portugal": 9.0, "lisbon": 8.0})
    asked = [
        Asked("Where?", "It is in Lisbon, Portugal.", ("Lisbon, Portugal",)),
        Asked("Where?", "In Lisbon then.", ("the Lisbon", "Porto")),
        Asked("Where?", "In Lisbon, Portugal.", ("Lisbon",)),
        Asked("Where?", "", ("Lisbon",)),
    ]
    assert answers.measure(load_answer_model(folder), "w8a32", asked) == {
        "exact_match": 50.0,
        "f1": round(100 * (2 + 2 / 3) / 4, 2),
    }
