"""Misspelt questions through the public API: what is searched in place of a word is reported at every door."""

from collections.abc import Callable
from pathlib import Path

import pytest

from library_of_texts import library_of_texts
from wherein.library import Correction, Library

TEXTS = {
    "lease": "The attorney of the owner may sign the lease.",
    "database": "A transaction of the database is rolled back.",
    "herring": "Herring is sold by the barrel at the quay.",
}
NOTE = 'no passage contains the word "{}"; "{}" was searched for as well'


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_of_texts(tmp_path, TEXTS)


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize(
    ("question", "first", "word", "searched"),
    [
        ("transaciton rolled back", "database", "transaciton", "transaction"),
        ("Atorney?", "lease", "Atorney", "attorney"),
        ("barel at the quay", "herring", "barel", "barrel"),
    ],
)
def test_a_misspelt_word_is_searched_and_reported(
    library: Library, mode: str, question: str, first: str, word: str, searched: str
) -> None:
    answer = library.query(question, 3, mode=mode)
    assert Path(answer.hits[0].uri).stem == first
    assert answer.hits[0].matched is not None
    assert searched in answer.hits[0].matched
    assert answer.corrections == (Correction(word, searched),)
    assert NOTE.format(word, searched) in answer.notes
    assert answer.question == question
    assert answer.respelled == question.replace(word, searched)
    assert list(library.query_many([question], 3, mode=mode)) == [answer]


def test_the_vector_is_that_of_the_corrected_question(library: Library) -> None:
    wrong, right = (library.query(text, 3).hits for text in ("the transaciton", "the transaction"))
    assert [(hit.uri, hit.score, hit.dense_score) for hit in wrong] == [
        (hit.uri, hit.score, hit.dense_score) for hit in right
    ]


@pytest.mark.parametrize("question", ["the transaction", 'the "transaciton"', "lease -transaciton", "tranx", "id42"])
def test_other_questions_have_no_corrections(library: Library, question: str) -> None:
    assert library.query(question, 3).corrections == ()


def test_by_meaning_alone_nothing_is_corrected(library: Library) -> None:
    assert library.query("the transaciton", 3, mode="semantic").corrections == ()


def test_the_sentence_is_marked_by_the_word_that_was_searched(library: Library, tmp_path: Path) -> None:
    from wherein.library import ResultOptions

    (tmp_path / "docs" / "long.txt").write_text("Nothing happens here. The Zeppelin lands at noon. Nothing follows.")
    library.ingest([tmp_path / "docs"])
    (hit, *_) = library.query("when does the zepelin arrive", 3, options=ResultOptions(sentence=True)).hits
    assert hit.sentence is not None
    assert hit.text[hit.sentence.start - hit.start : hit.sentence.end - hit.start] == "The Zeppelin lands at noon."


def test_what_was_added_or_removed_counts_at_once(library: Library, tmp_path: Path) -> None:
    ask: Callable[[], tuple[Correction, ...]] = lambda: library.query("zepelin", 3).corrections  # noqa: E731
    assert ask() == ()
    (tmp_path / "docs" / "new.txt").write_text("The Zeppelin lands at noon.")
    library.ingest([tmp_path / "docs"])
    assert ask() == (Correction("zepelin", "zeppelin"),)
    library.remove_documents([str(tmp_path / "docs" / "new.txt")])
    assert ask() == ()


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("the Transaciton transaciton", "the transaction transaction"),
        ("a Herring-Barel", "a Herring-barrel"),
        ("the atorney's and the Atorney’s", "the attorney's and the attorney’s"),
    ],
)
def test_every_form_of_a_word_is_replaced_in_what_is_embedded(library: Library, question: str, right: str) -> None:
    wrong, expected = library.query(question, 3), library.query(right, 3)
    assert wrong.respelled == right
    assert [(hit.uri, hit.score) for hit in wrong.hits] == [(hit.uri, hit.score) for hit in expected.hits]
