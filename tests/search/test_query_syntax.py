"""Parsing questions: what is an operator, what is a word, and that no text is an error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.search.query_syntax import ParsedQuestion, Phrase, parse_question
from wherein.storage.catalog.terms import folded_text, terms_of


def asked(phrases: tuple[Phrase, ...]) -> list[str]:
    return [phrase.asked for phrase in phrases]


def operators(parsed: ParsedQuestion) -> tuple[list[str], list[str], list[str]]:
    """Return what a question requires, wants and excludes."""
    return asked(parsed.phrases), asked(parsed.wanted), asked(parsed.excluded)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('"“”„«»「」-*():^~ \0')), max_size=60))
@settings(max_examples=200)
def test_any_question_can_be_parsed(text: str) -> None:
    parsed = parse_question(text)
    assert parsed.meaning or not text
    assert not (parsed.phrases and parsed.wanted)
    strict = parse_question(text, strict=True)
    assert (strict.phrases, strict.wanted) == (parsed.phrases or parsed.wanted, ())
    assert (strict.meaning, strict.excluded) == (parsed.meaning, parsed.excluded)
    parse_question(text * 200)


def phrase(*words: str) -> Phrase:
    return Phrase(f" {' '.join(words)} ", tuple(((term,),) for term in terms_of(" ".join(words))))


def test_phrases_and_exclusions_are_taken_out_of_the_meaning() -> None:
    parsed = parse_question('who "Signed IT" -here -"not this" the lease')
    assert (parsed.phrases, parsed.wanted) == ((), (phrase("signed", "it"),))
    assert parsed.excluded == (phrase("here"), phrase("not", "this"))
    assert parsed.meaning.split() == ["who", "Signed", "IT", "the", "lease"]
    assert parsed.order == tuple(terms_of("who Signed IT the lease"))
    assert list(parsed.terms.values()) == ["who", "Signed", "IT", "the", "lease"]
    assert (parsed.is_plain, parsed.restricts, parsed.cut) == (False, True, False)
    assert not parse_question('a "b c"', operators=False).wanted


@pytest.mark.parametrize(
    ("question", "required", "excluded"),
    [
        ('"force majeure" -draft', ["force majeure"], ["draft"]),
        ('-draft "force majeure"', ["force majeure"], ["draft"]),
        ('"Who signed the lease?"', ["Who signed the lease?"], []),
        ('"force majeure"?', ["force majeure"], []),
        ('("force majeure")', ["force majeure"], []),
        ('"red box" , "blue box".', ["red box", "blue box"], []),
        ('"lease"', ["lease"], []),
        ("「红楼梦」", ["红楼梦"], []),
        ("« force majeure »", ["force majeure"], []),
        ('"red box" "Red box"', ["red box"], []),
        ('"foo"/"bar"', ["foo", "bar"], []),
        ('-"red box" "lease" -„alte Fassung“', ["lease"], ["red box", "alte Fassung"]),
        ("-lease", [], ["lease"]),
        ("“-draft”", ["-draft"], []),
    ],
)
def test_a_question_that_is_nothing_but_operators_is_strict(
    question: str, required: list[str], excluded: list[str]
) -> None:
    assert operators(parse_question(question)) == (required, [], excluded)


@pytest.mark.parametrize(
    ("question", "wanted", "meaning"),
    [
        ('"To Kill a Mockingbird" author', ["To Kill a Mockingbird"], "To Kill a Mockingbird author"),
        ('who said "To be, or not to be,"?', ["To be, or not to be,"], "who said To be, or not to be,?"),
        ("“Good night,” said “Ada.”", ["Good night,", "Ada."], "Good night, said Ada."),
        ('what does "lease" mean', ["lease"], "what does lease mean"),
        ('what does "-rf" do in rm', ["-rf"], "what does -rf do in rm"),
        ('who wrote "don\'t look back"', ["don't look back"], "who wrote don't look back"),
        ("who said “c'est la vie”", ["c'est la vie"], "who said c'est la vie"),
        ("„höhere Gewalt“ im Vertrag", ["höhere Gewalt"], "höhere Gewalt im Vertrag"),
        ("„wyższa siła” w umowie", ["wyższa siła"], "wyższa siła w umowie"),
        ('„höhere Gewalt" im Vertrag', ["höhere Gewalt"], "höhere Gewalt im Vertrag"),
        ("»höhere Gewalt« im Vertrag", ["höhere Gewalt"], "höhere Gewalt im Vertrag"),
        ("«force majeure» dans le bail", ["force majeure"], "force majeure dans le bail"),
        ("« force majeure » et bail", ["force majeure"], "force majeure et bail"),
        ("qui a écrit l'«école»", ["école"], "qui a écrit l'école"),
        ("”citat här” vem", ["citat här"], "citat här vem"),
        ("谁写了「红楼梦」?", ["红楼梦"], "谁写了 红楼梦?"),
        ("谁写了“红楼梦”？", ["红楼梦"], "谁写了 红楼梦？"),
        ('谁写了"红楼梦"这本书', ["红楼梦"], "谁写了 红楼梦 这本书"),
        ("『吾輩は猫である』の作者", ["吾輩は猫である"], "吾輩は猫である の作者"),
        ("iPhone「新機能」とは", ["新機能"], "iPhone 新機能 とは"),
        ("＂red box＂ owner", ["red box"], "red box owner"),
        ('“red box" owner', ["red box"], "red box owner"),
        ('""red box"" owner', ["red box"], "red box owner"),
        ('"""red box""" owner', ["red box"], "red box owner"),
        ('"" owner "red box"', ["red box"], "owner red box"),
        ('"red"box', ["red"], "red box"),
        ('"red"-box owner', ["red"], "red-box owner"),
        ('19" monitor with "wide gamut"', ["wide gamut"], '19" monitor with wide gamut'),
        ('5\' 10" tall "giant"', ["giant"], "5' 10\" tall giant"),
        ('"27" monitor"', ["27"], '27 monitor"'),
        ('"red box" 😀', ["red box"], "red box 😀"),
        ('a "red box" and "lost', ["red box"], 'a red box and "lost'),
        ('the "old\nbox" here', ["old\nbox"], "the old\nbox here"),
        ('"red box" "red box" owner', ["red box"], "red box red box owner"),
        ("„Die „rote“ Kiste", ["rote"], "„Die rote Kiste"),
        ('"red box" lease -5', ["red box"], "red box lease -5"),
    ],
)
def test_inside_a_sentence_a_phrase_is_wanted(question: str, wanted: list[str], meaning: str) -> None:
    parsed = parse_question(question)
    assert operators(parsed) == ([], wanted, [])
    assert parsed.meaning.split() == meaning.split()
    assert (parsed.is_plain, parsed.restricts) == (False, False)


@pytest.mark.parametrize(
    "question",
    [
        'a 5" x 7" board', 'a 5 " x 7 " board', 'what is 19" or 21" better', "ein 19“ Monitor oder 21“ Monitor",
        'say "hello', 'hello" she said', "'force majeure' clause", "don't, can't and 'tis", "''red box'' lease", '"',
        "19″ rack, 5′ deep", '""', '"—" lease', "E-1234 --flag x - y -5", "the lease –signed here– ends", "see «", "「",
        "« lease «", "5» 6«", "wi-fi x-ray", "-5 -", "lease -", 'a " b', "`red box` lease", "《红楼梦》的作者",
    ],
)  # fmt: skip
def test_what_is_no_operator_belongs_to_the_words(question: str) -> None:
    parsed = parse_question(question)
    assert parsed.is_plain, operators(parsed)
    assert parsed.terms == parse_question(question, operators=False).terms


@pytest.mark.parametrize(
    ("question", "excluded", "meaning"),
    [
        ("lease -draft", ["draft"], "lease"),
        ("-draft lease", ["draft"], "lease"),
        ("lease -draft, -copy", ["draft,", "copy"], "lease"),
        ("lease -x-ray", ["x-ray"], "lease"),
        ('lease -"red box" house', ["red box"], "lease house"),
        ("lease -「草案」 house", ["草案"], "lease house"),
        ("mietvertrag -entwürfe", ["entwürfe"], "mietvertrag"),
    ],
)
def test_what_a_sentence_excludes(question: str, excluded: list[str], meaning: str) -> None:
    parsed = parse_question(question)
    assert operators(parsed) == ([], [], excluded)
    assert parsed.meaning.split() == meaning.split()


@given(
    st.lists(
        st.sampled_from(["red", "Box", "x-ray", "getUserName", "C++", "F16", "1,000", "don't", "foo_bar"]), max_size=6
    ),
    st.text(alphabet=st.sampled_from(" -_.,'x1"), max_size=3),
    st.integers(0, 5),
    st.integers(1, 3),
)
@settings(max_examples=200)
def test_a_text_that_holds_a_phrase_has_its_letters(words: list[str], between: str, first: int, count: int) -> None:
    text = between.join(words)
    for phrase in parse_question(f'"{" ".join(words[first : first + count])}"').phrases:
        if phrase.pattern.search(folded_text(text)):
            assert phrase.letters.decode() in "".join(filter(str.isalnum, text.lower()))


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
        (" ".join(f"word{n}" for n in range(400)), True),
        (" ".join(f'"a b{n}"' for n in range(16)), False),
        (" ".join(f'"a b{n}"' for n in range(17)), True),
        (" ".join(f'-"a b{n}"' for n in range(17)), True),
    ],
    ids=["longest", "too long", "400 words", "16 phrases", "17 phrases", "17 exclusions"],
)
def test_the_limits_of_keyword_search(question: str, cut: bool) -> None:
    parsed = parse_question(question)
    assert parsed.cut is cut
    assert max(len(parsed.phrases), len(parsed.excluded)) <= 16


@pytest.mark.parametrize("mark", ['"', "“", "„", "«", "»", "「", '" ', '«"', "-", ' -"', "„“", '5 " '])
def test_many_marks_take_linear_time(mark: str) -> None:
    """A quadratic expression would take hours for these."""
    assert parse_question(mark * 300_000).meaning
