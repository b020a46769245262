"""The sentence that is shown first."""

import pytest

from made_hits import made_hit
from wherein.render.lead import lead_span
from wherein.search.hits import Sentence


def lead(text: str, question: str, **others: object) -> str:
    hit = made_hit(text, **others)
    return text[slice(*lead_span(hit, text, question, None))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Signing\nThe owner may sign.", "The owner may sign."),
        ("2.1 Signing\nThe owner may sign.", "2.1 Signing\nThe owner may sign."),  # not the heading as it is known
        ("Signing", "Signing"),
        ("The owner\nmay sign.", "The owner\nmay sign."),
        ("- The owner may sign.", "The owner may sign."),
        ("# Signing\nThe owner may sign.", "The owner may sign."),
    ],
)
def test_a_heading_and_markup_before_the_sentence_are_left_out(text: str, shown: str) -> None:
    assert lead(text, "who may sign?", heading=("1 Houses", "2 Signing")) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| who | when |\n|---|---|\n| a tenant | in May |\n| an owner | in June |", "an owner | in June"),
        ("backup     Write a copy\nowners     List who owns it", "owners     List who owns it"),
        ("One line    with a gap of an owner.\nAnother line.", "One line    with a gap of an owner."),
        ("an owner may sign\nthe lease", "an owner may sign\nthe lease"),
    ],
)
def test_of_a_table_the_row_with_most_words_is_shown(text: str, shown: str) -> None:
    assert lead(text, "what about the owner?") == shown
    sentence = Sentence(start=0, end=len(text), score=1.0)
    assert lead(text, "what about the owner?", sentence=sentence).startswith(shown[:20])


@pytest.mark.parametrize(
    ("uri", "shown"),
    [("file:///r.csv", "Bob,Łódź,900"), ("file:///r.csv#7", "Ann,Berlin,1200\nBob,Łódź,900")],
)
def test_of_a_csv_file_the_row_with_most_words_is_shown(uri: str, shown: str) -> None:
    assert lead("Ann,Berlin,1200\nBob,Łódź,900", "lodz", media_type="text/csv", uri=uri) == shown


@pytest.mark.parametrize(
    ("text", "question", "shown"),
    [
        ("房东住在北京。租约由房主签署。", "谁可以签署租约？", "租约由房主签署。"),
        ("सूर्य उगता है। पट्टे पर हस्ताक्षर है।", "पट्टे पर कौन हस्ताक्षर करता है?", "पट्टे पर हस्ताक्षर है।"),
        ("The owner signs it.\n\n```python\ndef close_lease():\n```", "close lease", "def close_lease():"),
        ("# House\n\nIt stands.", "lease", "It stands."),
        ("Das Haus steht. Der Eigentümer unterschreibt.", "wer ist Eigentumer?", "Der Eigentümer unterschreibt."),
    ],
)  # fmt: skip
def test_the_sentence_with_most_words_is_shown_in_any_language(text: str, question: str, shown: str) -> None:
    assert lead(text, question).strip() == shown
