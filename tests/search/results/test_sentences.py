"""Where sentences begin and end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.search.results.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("A line\nthat goes on. Next.", ["A line\nthat goes on.", "Next."]),
        ("# Title\n\nText, e.g. this one.\n- one\n- two", ["# Title", "Text, e.g. this one.", "- one", "- two"]),
        ('He said "No." Then J. Smith left.', ['He said "No."', "Then J. Smith left."]),
        ("日本語です。次の文。", ["日本語です。", "次の文。"]),
        ("Version 2.5 is out. it is small", ["Version 2.5 is out. it is small"]),
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
