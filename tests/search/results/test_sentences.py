"""Where sentences begin and end, and which one of a hit is marked."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_hits import made_hit
from wherein.search.results.sentences import sentence_spans, with_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("A line\nthat goes on. Next.", ["A line\nthat goes on.", "Next."]),
        ("# Title\n\nText, e.g. this one.\n- one\n- two", ["# Title", "Text, e.g. this one.", "- one", "- two"]),
        ('He said "No." Then J. Smith left.', ['He said "No."', "Then J. Smith left."]),
        ("日本語です。次の文。", ["日本語です。", "次の文。"]),
        ("Version 2.5 is out. it is small", ["Version 2.5 is out. it is small"]),
        ("---\nyear: 2019\n---\nThe baker dances.", ["year: 2019", "The baker dances."]),
        ("---\r\nyear: 2019\r\n---\r\nThe baker dances.", ["year: 2019", "The baker dances."]),
        ("A title\n=======\nText\n* * *\nMore\n\n___\n", ["A title", "Text", "More"]),
        ("| a | b |\n|---|:-:|\n| c | d |", ["| a | b |", "| c | d |"]),
        ("+++\na = 1\n+++\nBody", ["a = 1", "Body"]),
        ("A -- b\n--\nc", ["A -- b", "--\nc"]),
        (" \n ... \n", []),
        ("", []),
    ],
)  # fmt: skip
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('ab .!?\n"。-1#é\0'), max_size=80))
def test_sentences_follow_each_other(text: str) -> None:
    spans = sentence_spans(text)
    ends = [0, *(end for span in spans for end in span), len(text)]
    assert ends == sorted(ends)
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(at in covered for at, character in enumerate(text) if character.isalnum())


def by_length(texts: Sequence[str]) -> np.ndarray:
    """Return vectors `[n, 1]`: the numbers of characters."""
    return np.array([[len(text)] for text in texts], np.float32).reshape(-1, 1)


def test_the_first_of_the_nearest_sentences_is_marked_in_characters_of_the_document() -> None:
    hits = [made_hit("A. Four four. More more. B.", start=100), made_hit("..."), made_hit("Only one.", start=7)]
    marked = with_sentences(hits, np.array([2], np.float32), by_length)
    first, none, last = (hit.sentence for hit in marked)
    assert first is not None
    assert last is not None
    assert (first.start, first.end, first.score) == (100, 113, 26.0)  # "A." does not end a sentence
    assert none is None
    assert (last.start, last.end, last.score) == (7, 16, 18.0)
    assert [hit.text for hit in marked] == [hit.text for hit in hits]


def test_hits_without_a_sentence_are_not_encoded() -> None:
    def encode(texts: Sequence[str]) -> np.ndarray:
        raise AssertionError(texts)

    assert with_sentences([made_hit("..."), made_hit("")], np.zeros(1, np.float32), encode) == [
        made_hit("..."),
        made_hit(""),
    ]
    assert with_sentences([], np.zeros(1, np.float32), encode) == []
