"""The sentences about operators: a phrase that occurs nowhere, and what leaves nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toy import ToyEncoder
from wherein.library import Library, ResultOptions, parse_filter
from wherein.search.phrase_check import PhraseCheck

NOTES = {
    "lease": "The owner may sign the lease.",
    "red": "A red box and a blue box.",
    "draft": "A draft of the red lease, not to sign.",
    "cats": "Cats sleep all day; owners do not.",
}
MODES = ["hybrid", "keyword"]


@pytest.fixture
def library(fill: Callable[..., Path]) -> Library:
    return Library(fill(NOTES), encoder=ToyEncoder())  # type: ignore[arg-type]


def asked(library: Library, question: str, mode: str, **options: Any) -> tuple[set[str], tuple[str, ...]]:
    """Return the titles of the hits and the notes."""
    answer = library.query(question, 9, mode=mode, **options)
    return {hit.title for hit in answer.hits}, answer.notes


NOWHERE = "no passage contains {} exactly as quoted; {}"
SEARCHED, STRICT = "its words were searched for separately", "without the quotes, its words are searched for separately"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("question", "notes"),
    [
        ('who may "sign the lease"', []),
        ('what is a "red box" or a "blue box"', []),
        ('who may "lease the owner"', ['"lease the owner"']),
        ('the "red leases" and the "signed lease"', ['"red leases"', '"signed lease"']),
        ('the "red lease" of "zorblatt"', ['"zorblatt"']),
        ("the „rote Kiste“ box", ['"rote Kiste"']),
        ('the "box\tred" lease', ['"box\\tred"']),
        ('the "red box" -nothing', []),
    ],
)
def test_a_sentence_is_answered_and_a_phrase_that_stands_nowhere_is_named(
    library: Library, mode: str, question: str, notes: list[str]
) -> None:
    titles, found = asked(library, question, mode)
    assert titles
    assert list(found) == [NOWHERE.format(phrase, SEARCHED) for phrase in notes]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("question", "titles", "notes"),
    [
        ('"sign the lease"', {"lease"}, []),
        ('"sign the lease" -draft', {"lease"}, []),
        ('"lease the owner"', set(), [NOWHERE.format('"lease the owner"', STRICT)]),
        ('"red box" "zorblatt" "of no one"', set(), [
            NOWHERE.format('"zorblatt"', STRICT), NOWHERE.format('"of no one"', STRICT),
        ]),
        ('"red box" "the lease"', set(), ['no passage contains all of "red box", "the lease"']),
        ('"red lease" "to sign" -draft', set(), [
            '"red lease" occurs only in passages that are excluded (-draft)',
            '"to sign" occurs only in passages that are excluded (-draft)',
        ]),
        ('"red" "sign" -draft', set(), [
            'no passage without the excluded words (-draft) contains all of "red", "sign"',
        ]),
        ('"red lease" -draft', set(), ['"red lease" occurs only in passages that are excluded (-draft)']),
        ('"red lease" -"draft of"', set(), ['"red lease" occurs only in passages that are excluded (-"draft of")']),
        ('the "red lease" -draft', {"lease", "red", "cats"}, [
            '"red lease" occurs only in passages that are excluded (-draft)',
        ]),
    ],
)  # fmt: skip
def test_a_strict_question_says_which_phrase_left_nothing(
    library: Library, mode: str, question: str, titles: set[str], notes: list[str]
) -> None:
    found, said = asked(library, question, mode)
    assert found <= titles
    assert bool(found) == bool(titles)
    assert list(said) == notes


@pytest.mark.parametrize("mode", MODES)
def test_with_strict_a_phrase_in_a_sentence_is_required(library: Library, mode: str) -> None:
    strict = {"options": ResultOptions(strict=True)}
    assert asked(library, 'who may "sign the lease"', mode, **strict) == ({"lease"}, ())
    assert asked(library, 'who may "lease the owner"', mode, **strict) == (
        set(), (NOWHERE.format('"lease the owner"', STRICT),),
    )  # fmt: skip
    assert asked(library, "who may sign the lease", mode, **strict) == asked(library, "who may sign the lease", mode)


@pytest.mark.parametrize(
    ("question", "mode", "note"),
    [
        ("sign -the", "keyword", "every passage that would otherwise be found is excluded (-the)"),
        ("red -box -draft", "keyword", "every passage that would otherwise be found is excluded (-box, -draft)"),
        ('box -"red box"', "keyword", 'every passage that would otherwise be found is excluded (-"red box")'),
        ("zorblatt -the", "keyword", None),
        (
            "-the -cats",
            "keyword",
            "the question consists only of excluded words (-the, -cats); add a word to search for",
        ),
        (
            "lease -the -red -cats",
            "hybrid",
            "every passage that would otherwise be found is excluded (-the, -red, -cats)",
        ),
        ("-the -red -cats", "hybrid", "every passage that would otherwise be found is excluded (-the, -red, -cats)"),
    ],
)
def test_excluded_words_that_leave_nothing_are_named(
    library: Library, question: str, mode: str, note: str | None
) -> None:
    assert asked(library, question, mode) == (set(), (note,) if note else ())


@pytest.mark.parametrize("mode", MODES)
def test_under_a_filter_only_its_documents_count(library: Library, mode: str) -> None:
    only = {"only": parse_filter(where="name IN ('red', 'draft')")}
    nowhere = 'no passage of the documents that pass the filter contains "sign the lease" exactly as quoted; {}'
    assert asked(library, 'the "sign the lease" box', mode, **only) == ({"red", "draft"}, (nowhere.format(SEARCHED),))
    assert asked(library, '"sign the lease"', mode, **only) == (set(), (nowhere.format(STRICT),))
    assert asked(library, 'the "red lease" box', mode, **only) == ({"red", "draft"}, ())
    none = {"only": parse_filter(where="name = 'zorblatt'")}
    for question in ('"sign the lease"', 'the "sign the lease"', "lease -the"):
        assert asked(library, question, mode, **none) == (set(), ())


@pytest.mark.parametrize("mode", MODES)
def test_where_not_all_texts_may_be_read_nothing_is_claimed(
    library: Library, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PhraseCheck.__init__, "__defaults__", (0,))
    for question in ('"lease the sign"', 'the "lease the sign" box', '"sign the lease" -draft'):
        (note,) = library.query(question, 9, mode=mode).notes
        assert note.startswith("phrases were searched for only in the 3,000 best passages"), question
    assert library.query("sign -the", 9, mode="keyword").notes == (
        "every passage that would otherwise be found is excluded (-the)",
    )


def test_in_the_mode_semantic_there_are_no_operators(library: Library) -> None:
    for question in ('"lease the owner"', 'the "lease the owner" box', "lease -the -red -cats"):
        titles, notes = asked(library, question, "semantic")
        assert (titles, notes) == (set(NOTES), ())
