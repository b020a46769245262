"""Parsing questions: what is an operator, what is a word, and that no text is an error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.search.query_syntax import Phrase, parse_question
from wherein.storage.catalog.terms import terms_of


def test_quotes_and_signs_that_are_no_operators_belong_to_words() -> None:
    assert parse_question('a 5" x 7" board').is_plain
    assert parse_question('say "hello').is_plain
    assert parse_question("E-1234 --flag x - y -5").is_plain
    assert parse_question("-lease").meaning == "-lease"
    asked = parse_question('who "signed it" -here')
    assert (asked.meaning.split(), [p.text for p in asked.phrases]) == (["who", "signed", "it"], [" signed it "])
    assert not parse_question('a "b c"', operators=False).phrases
    assert parse_question(" ".join(f"word{n}" for n in range(400))).cut


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('"“”„«»-*():^~ \0')), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_question_can_be_parsed(text: str) -> None:
    asked = parse_question(text)
    assert asked.meaning or not text
    parse_question(text * 200)


def phrase(*words: str) -> Phrase:
    return Phrase(f" {' '.join(words)} ", tuple(((term,),) for term in terms_of(" ".join(words))))


def test_phrases_and_exclusions_are_taken_out_of_the_meaning() -> None:
    parsed = parse_question('who "Signed IT" -here -"not this" the lease')
    assert parsed.phrases == (phrase("signed", "it"),)
    assert parsed.excluded == (phrase("not", "this"), phrase("here"))
    assert parsed.meaning.split() == ["who", "Signed", "IT", "the", "lease"]
    assert parsed.order == tuple(terms_of("who Signed IT the lease"))
    assert list(parsed.terms.values()) == ["who", "Signed", "IT", "the", "lease"]
    assert (parsed.is_plain, parsed.cut) == (False, False)


@pytest.mark.parametrize("question", ["“signed it”", "„signed it“", "«signed it»"])
def test_quotes_of_other_languages(question: str) -> None:
    assert parse_question(question).phrases == (phrase("signed", "it"),)


def test_a_question_of_exclusions_alone_means_its_words() -> None:
    parsed = parse_question("-lease -house")
    assert (parsed.meaning, parsed.terms) == ("-lease -house", {})
    assert parsed.excluded == (phrase("lease"), phrase("house"))


def test_a_repeated_word_is_one_term_and_keeps_its_order() -> None:
    parsed = parse_question("box red Box")
    assert len(parsed.order) == 3
    assert parsed.order[0] == parsed.order[2]
    assert list(parsed.terms.values()) == ["box", "red"]


@pytest.mark.parametrize(
    ("question", "cut"),
    [
        ("a" * 20_000, False),
        ("a" * 20_001, True),
        ('"a b" ' * 16, False),
        ('"a b" ' * 17, True),
        ('-"a b" ' * 17, True),
    ],
    ids=["longest", "too long", "16 phrases", "17 phrases", "17 exclusions"],
)
def test_the_limits_of_keyword_search(question: str, cut: bool) -> None:
    parsed = parse_question(question)
    assert parsed.cut is cut
    assert max(len(parsed.phrases), len(parsed.excluded)) <= 16
