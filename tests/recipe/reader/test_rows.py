"""Examples as tokens: the answer's tokens are the answer's, wherever the passage is cut."""

import random

import numpy as np
import pytest

from wherein.recipe.reader.examples import Example
from wherein.recipe.reader.rows import Row, Rows, batch

PASSAGE = "The Treaty of Lisbon was signed in Málaga, of all towns, in December 2007."
FILLER = "one two three four five six seven eight nine ten "


def example(answer, passage=PASSAGE, question="Where was it signed?"):
    begin = passage.index(answer)
    return Example(question, passage, ((begin, begin + len(answer)),))


def decoded(words, row, first, last):
    return words.decode(list(row.ids[first : last + 1]))


@pytest.mark.parametrize("answer", ["Málaga", "The", "2007", "December 2007", "Treaty of Lisbon", "alag", "."])
def test_the_tokens_of_an_answer_are_its_own(words, answer):
    answer = answer if answer in PASSAGE else "álag"
    row = Rows(words, 48, 224).row(example(answer), random.Random(0))
    (first,), (last,) = row.starts, row.ends
    expected = "malaga" if answer == "álag" else answer.lower().replace("á", "a")
    assert decoded(words, row, first, last) == expected
    assert words.decode(list(row.ids[1 : row.first - 1])) == "where was it signed?"
    assert row.ids[0] == 101
    assert [number for number, token in enumerate(row.ids) if token == 102] == [row.first - 1, len(row.ids) - 1]


def test_no_answer_is_the_first_token(words):
    none = Rows(words, 48, 224).row(Example("Who?", PASSAGE, ()), random.Random(0))
    assert (none.starts, none.ends) == ((0,), (0,))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("before", [0, 3, 12, 30])
def test_a_long_passage_is_cut_around_the_answer(words, seed, before):
    text = f"{FILLER * before}Lisbon, Portugal {FILLER * (30 - before)}"
    row = Rows(words, 48, 64).row(example("Lisbon, Portugal", text), random.Random(seed))
    assert len(row.ids) - 1 - row.first == 64
    (first,), (last,) = row.starts, row.ends
    assert decoded(words, row, first, last) == "lisbon, portugal"


def test_of_several_places_those_that_are_kept_count(words):
    text = f"Lisbon {FILLER * 3}Lisbon {FILLER * 40}Lisbon"
    spans = tuple((at, at + 6) for at in range(len(text)) if text.startswith("Lisbon", at))
    row = Rows(words, 48, 64).row(Example("Where?", text, spans), random.Random(0))
    assert row.starts == row.ends == (row.first, row.first + 31)


def test_a_long_question_is_cut(words):
    row = Rows(words, 10, 64).row(Example("why " * 50, PASSAGE, ()), random.Random(0))
    assert row.first == 12


@pytest.mark.parametrize("passage", ["", "\u200d"])
def test_an_answer_without_tokens_makes_no_row(words, passage):
    assert Rows(words, 10, 64).row(Example("why", passage + " ", ((0, 1),)), random.Random(0)) is None


def test_a_batch_is_padded():
    one, other = Row((101, 7, 102, 8, 9, 102), 3, (3,), (4,)), Row((101, 102, 8, 102), 2, (0,), (0,))
    inputs, starts, ends = batch([one, other])
    assert inputs["input_ids"].tolist() == [[101, 7, 102, 8, 9, 102], [101, 102, 8, 102, 0, 0]]
    assert inputs["attention_mask"].tolist() == [[1] * 6, [1, 1, 1, 1, 0, 0]]
    assert inputs["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 0, 0]]
    assert inputs["position_ids"].tolist() == [[0, 1, 2, 3, 4, 5]] * 2
    assert np.argwhere(starts).tolist() == [[0, 3], [1, 0]]
    assert np.argwhere(ends).tolist() == [[0, 4], [1, 0]]
