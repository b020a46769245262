"""The words that texts spell out, and those of the passages of a catalog."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from catalogs import passage, save
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.terms import terms_of, word_terms, words_in
from wherein.storage.catalog.words import read_words, respell_word, spelled_parts, term_of_word, words_of


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("Lease", ["lease"]),
        ("LEASE", ["lease"]),
        ("École", ["ecole"]),
        ("Straße", ["strasse"]),
        ("ﬁling", ["filing"]),
        ("goverment's", ["goverment"]),
        ("well-known", ["well", "known"]),
        ("l’école", ["ecole"]),
        ("Ελληνικά", ["ελληνικα"]),
        ("договор", ["договор"]),
        ("किराया", ["किराया"]),
        ("of", []),
        ("getUserName", []),
        ("get_user_name", []),
        ("McDonald", []),
        ("x86", []),
        ("E-1234", []),
        ("foo.bar", []),
        ("and/or", []),
        ("C++", []),
        ("m²", []),
        ("红楼梦", []),
        ("データベース", []),
        ("이용자", []),
        ("a" * 33, []),
        ("🎉", []),
    ],
)
def test_the_words_of_a_word(word: str, parts: list[str]) -> None:
    assert [folded for _, folded in spelled_parts(word)] == parts


@pytest.mark.parametrize(
    ("word", "respelled"),
    [
        ("O’Conor's", "O’connor's"),
        ("CONOR-conor-Conors", "connor-connor-Conors"),
        ("Cónor", "connor"),
        ("get_conor", "get_conor"),
        ("conor.txt", "conor.txt"),
    ],
)
def test_a_word_with_other_parts(word: str, respelled: str) -> None:
    assert respell_word(word, {"conor": "connor"}) == respelled


def test_parts_as_they_are_written() -> None:
    assert list(spelled_parts("l’École-Nationale")) == [("École", "ecole"), ("Nationale", "nationale")]


def test_the_words_of_texts() -> None:
    texts = ["The “owner” (and nobody else) signs,", "see lease.pdf; 2 copies. THE OWNER'S copy!"]
    assert words_of(texts) == {"the", "owner", "and", "nobody", "else", "signs", "see", "copies", "copy"}


@pytest.mark.parametrize("word", ["lease", "ecole", "strasse", "ελληνικα", "договор"])
def test_the_term_of_a_word_is_that_of_the_text(word: str) -> None:
    assert [term_of_word(word)] == list(terms_of(word))


def test_the_words_of_passages_headings_and_titles(db: Database) -> None:
    save(db, passage("file:///a", "The owner signs.", "Leases"))
    save(db, passage("file:///b", "Cats sleep.", "Cats", ("Chapter", "Sleeping")))
    with snapshot(db):
        assert read_words(db) == {"the", "owner", "signs", "leases", "cats", "sleep", "chapter", "sleeping"}
        assert read_words(db, above=1) == {"cats", "sleep", "chapter", "sleeping"}
        assert read_words(db, above=2) == set()


def test_damaged_rows_have_no_words(db: Database) -> None:
    save(db, passage("file:///a", "The owner signs."), passage("file:///b", "Cats sleep."))
    with writing(db, "test"):
        db.execute("UPDATE texts SET text = 'Dogs bark.' WHERE document_id = 1")
        db.execute("UPDATE chunks SET heading = '[' WHERE id = 1")
    with snapshot(db):
        assert read_words(db) == {"cats", "sleep"}


PIECES = st.text("aBé日-',.;:)1", max_size=6) | st.text("abcXYZ", min_size=1, max_size=40).map(str.capitalize)


@given(PIECES)
def test_most_pieces_take_a_short_way_to_the_same_words(piece: str) -> None:
    assert words_of([piece]) == {part for word in words_in(piece) for _, part in spelled_parts(word)}


@given(PIECES)
def test_a_single_word_has_the_terms_that_it_has_in_a_text(word: str) -> None:
    # The comma is no part of any word, and the text is no longer a word of letters alone.
    assert list(word_terms(word)) == list(word_terms(f"{word} ,"))
