"""What is one word to keyword search, whatever the script, and that nothing makes it slow or fail."""

import random
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.terms import JOINT, folded_text, required_terms, terms_of, terms_version, word_terms


def terms(text: str) -> set[int]:
    return set(terms_of(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("leases", "Lease"),
        ("signing", "SIGNED"),
        ("ñandú", "n\u0303andu\u0301"),
        ("Straße", "STRASSE"),
        ("ｆｕｌｌ", "full"),
        ("Łódź", "lodz"),
        ("smørrebrød", "smorrebrod"),
        ("đường", "duong"),
        ("cœur", "coeur"),
        ("Encyclopædia", "encyclopaedia"),
        ("wi-fi", "WiFi"),
        ("covid-19", "COVID19"),
        ("the owner's", "the owner"),
        ("the owner’s", "the owner's"),
        ("1,000,000", "1000000"),
        ("1,299.99", "1299.99"),
        ("1.299,99", "1299,99"),
        ("1'299.99", "1299.99"),
        ("1’299’000", "1299000"),
        ("12,34,567.89", "1234567.89"),
        ("Йод", "йод"),
        ("soft\u00adhyphen", "softhyphen"),
    ],
)
def test_forms_of_a_word_share_a_term(one: str, other: str) -> None:
    whole = next(iter(terms_of(one.split()[-1])))
    assert whole in terms(other)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("getUserName", "user"),
        ("HTTPServer", "server"),
        ("snake_case_name", "case"),
        ("foo.bar()", "bar"),
        ("E-1234", "1234"),
        ("std::vector", "vector"),
        ("user@example.com", "example"),
        ("3.11.4", "11"),
        ("東京都の天気", "天気"),
        ("東京2020", "2020"),
        ("state-of-the-art", "art"),
    ],
)
def test_a_name_is_found_whole_and_by_its_parts(name: str, part: str) -> None:
    assert terms(part) <= terms(f"see {name}, please")
    assert len(terms(name) - terms(part)) >= 1
    assert terms(name) <= terms(f"({name})")


def test_different_names_and_signs_have_different_terms() -> None:
    assert not terms("E-1234") <= terms("E-1235")
    assert not terms("3.11.4") <= terms("3114")
    assert not terms("C++") <= terms("C#")
    assert next(iter(terms_of("he'll"))) == next(iter(terms_of("he")))
    assert list(terms_of("— … !? \0 • \ufe0f \u200d \u0301")) == []
    assert terms("दिन") != terms("दीन")


@pytest.mark.parametrize(
    "forms",
    [
        "книга книги книгой КНИГАМИ",
        "синий синего синему",
        "ёлка елка ёлки",
        "άνθρωπος άνθρωποι ανθρωπος ΑΝΘΡΩΠΟΣ ἄνθρωπος",
        "الكتاب كتاب",
        "كُتُب كتب",
        "کتاب کتاب‌ها",
        "लड़का लड़के लड़कों",
        "աշխատանք աշխատանքի",
        "Сине-зелёный сине-зеленого синезелёная",
    ],
)
def test_forms_of_a_word_are_one_term_in_scripts_that_have_a_stemmer(forms: str) -> None:
    first, *others = map(terms, forms.split(" "))
    assert all(other & first for other in others)


@pytest.mark.parametrize(
    "pair",
    ["книга рука", "мир мера", "λόγος λογικός", "αεί ακμή", "αμέ ανε", "αγα αεί", "قلم كتاب", "ראש ראשון", "день дно"],
)
def test_different_words_stay_different_terms_in_scripts_that_have_a_stemmer(pair: str) -> None:
    one, other = map(terms, pair.split(" "))
    assert not one & other


@given(st.text("абвгдежзийклмнопрстуфхцчшщъыьэюяё", min_size=1, max_size=12))
def test_case_and_decomposed_letters_never_change_the_terms_of_a_russian_word(word: str) -> None:
    assert terms(word.upper()) == terms(unicodedata.normalize("NFD", word)) == terms(word)


def test_the_folded_words_of_a_phrase() -> None:
    text = folded_text("The Red-Box holds  naïve\u0301 東京2020, getUserName C++")
    assert text.replace(JOINT, "|") == " the red|box holds naive 東|京|2020 get|user|name c++ "


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a." * 50_000,
        pytest.param("\u0315\u0300" * 50_000, marks=pytest.mark.slow),
        "東" * 100_000,
        "-" * 100_000,
        "\ufdfa" * 10_000,
        "".join(map(chr, random.Random(1).choices(range(0x20, 0xD7FF), k=10_000))),
    ],
    ids=str.__len__,
)
def test_time_is_linear_in_the_length_of_the_text(text: str) -> None:
    began = time.process_time()
    sum(1 for _ in terms_of(text))
    folded_text(text)
    assert time.process_time() - began < 60  # what is not linear would take much longer


def test_words_are_returned_as_they_are_written_with_their_terms() -> None:
    found = list(word_terms("The getUserName() — 東京!"))
    assert [word for word, _ in found] == ["The", "getUserName", "東京"]
    assert all(set(stems) == terms(word) for word, stems in found)


def test_the_version_names_the_stemmer() -> None:
    assert re.fullmatch(r"\d+ snowball \d+\.\d+\.\d+(\.\d+)?", terms_version())


@pytest.mark.parametrize("word", ["x-ray", "go-go", "F16", "foo_bar", "getUserName", "state-of-the-art"])
def test_a_joined_word_requires_its_own_term_or_those_of_its_parts(word: str) -> None:
    whole, *parts = dict.fromkeys(terms_of(word))
    assert required_terms(word) == ((whole,), tuple(parts))


def test_other_words_require_all_of_their_terms() -> None:
    for word in ("lease", "C++", "1,000", "東京2020", "👩‍💻"):
        assert required_terms(word) == (tuple(dict.fromkeys(terms_of(word))),)
    assert required_terms("s") == ((),)
