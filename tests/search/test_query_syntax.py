"""Parsing questions: what is an operator, what is a word, and that no text is an error."""

from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.search.query_syntax import parse_question


def test_quotes_and_signs_that_are_no_operators_belong_to_words() -> None:
    assert parse_question('a 5" x 7" board').is_plain
    assert parse_question('say "hello').is_plain
    assert parse_question("E-1234 --flag x - y -5").is_plain
    assert parse_question("-lease").meaning == "-lease"
    asked = parse_question('who "signed it" -here')
    assert (asked.meaning.split(), [p.words for p in asked.phrases]) == (["who", "signed", "it"], [("signed", "it")])
    assert not parse_question('a "b c"', operators=False).phrases
    assert parse_question(" ".join(f"word{n}" for n in range(400))).cut


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('"“”„«»-*():^~ \0')), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_question_can_be_parsed(text: str) -> None:
    asked = parse_question(text)
    assert asked.meaning or not text
    parse_question(text * 200)
