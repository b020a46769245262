"""Which passages the operators leave by their terms alone."""

from collections.abc import Callable

import numpy as np
import pytest

from text_index import index_texts
from wherein.search.operators import allowed, has_excluded_word, has_words, selected
from wherein.search.query_syntax import parse_question
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex

TEXTS = ["red fox", "fox red", "x-ray of a fox", "x ray", "owl"]


@pytest.fixture(scope="module")
def index() -> KeywordIndex:
    return index_texts(TEXTS)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('"red fox"', [0, 1]),  # the order of the words needs the text
        ('"red fox" -owl', [0, 1]),
        ('"fox" -red', [2]),
        ('"fox" -"red fox"', [0, 1, 2]),  # the phrase needs the text
        ("owl -fox", [3, 4]),
        ('owl "fox"', [0, 1, 2, 3, 4]),
        ('"x ray"', [2, 3]),
        ("owl", [0, 1, 2, 3, 4]),
    ],
)
def test_what_is_allowed(index: KeywordIndex, question: str, expected: list[int]) -> None:
    assert np.flatnonzero(allowed(index, 0, parse_question(question), None)).tolist() == expected


def test_what_a_filter_selects(index: KeywordIndex) -> None:
    none = np.zeros(0, np.int64)
    selection = Selection(frozenset((1,)), np.array([1, 4]), none, np.zeros(0, np.uint8))
    assert np.flatnonzero(selected(index, 0, selection)).tolist() == [1, 4]
    assert np.flatnonzero(selected(index, 0, None)).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(allowed(index, 0, parse_question('"fox" "red"'), selection)).tolist() == [1]


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (lambda index: has_words(index, 0, parse_question('"fox red"').phrases[0]), [0, 1]),
        (lambda index: has_words(index, 0, parse_question('"x-ray"').phrases[0]), [2, 3]),
        (lambda index: has_words(index, 0, parse_question('"no"').phrases[0]), []),
        (lambda index: has_excluded_word(index, 0, parse_question('a -owl -red -"x ray"')), [0, 1, 4]),
        (lambda index: has_excluded_word(index, 0, parse_question("a -foxes")), [0, 1, 2]),
        (lambda index: has_excluded_word(index, 0, parse_question("a")), []),
    ],
)
def test_words_of_phrases_and_excluded_ones(
    index: KeywordIndex, find: Callable[[KeywordIndex], np.ndarray], expected: list[int]
) -> None:
    assert np.flatnonzero(find(index)).tolist() == expected
