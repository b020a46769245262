"""Quotes and -words through the public API: no answer is emptied in silence, at whichever door the question comes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from toy import toy_library
from wherein.errors import UsageError
from wherein.library import Library, ResultOptions

TEXTS = {
    "lease": "The owner may sign the lease. A case of force majeure ends it.",
    "draft": "This draft of the lease knows no force majeure, and nobody may sign it.",
    "books": "Harper Lee wrote To Kill a Mockingbird. Its sequel came in 2015.",
    "screens": 'A 27" screen costs more than one of 19", and so does the stand.',
    "bail": "Le bail prend fin en cas de force majeure. L'école reste ouverte.",
    "vertrag": "Der Vertrag endet bei höherer Gewalt. Die Schule bleibt offen.",
    "honglou": "曹雪芹写了红楼梦。这本书很长。",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    return toy_library(tmp_path / "library", docs)


def titles(library: Library, question: str, mode: str = "hybrid", *, strict: bool = False) -> list[str]:
    answer = library.query(question, 9, mode=mode, options=ResultOptions(strict=strict))
    return [Path(hit.uri).stem for hit in answer.hits]


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize(
    ("question", "first", "nowhere"),
    [
        ('"To Kill a Mockingbird" author', "books", ()),
        ('who wrote "To Kill a Mockingbird"?', "books", ()),
        ("who wrote “To Kill a Mockingbird,” and when", "books", ()),
        ('who wrote "Go Set a Watchman" and To Kill a Mockingbird', "books", ("Go Set a Watchman",)),
        ('what does a 27" screen cost, and its "stand"', "screens", ()),
        ('a 27" screen or one of 19"', "screens", ()),
        ("quand le « bail » prend fin", "bail", ()),
        ("l'«école» reste-t-elle ouverte", "bail", ()),
        ("wann endet der „Vertrag“", "vertrag", ()),
        ("bei »höherer Gewalt« endet was", "vertrag", ()),
        ("bei „höhere Gewalt“ endet der Vertrag", "vertrag", ("höhere Gewalt",)),
        ("谁写了「红楼梦」？", "honglou", ()),
        ("谁写了“红楼梦”", "honglou", ()),
        ("红楼梦「西游记」", "honglou", ("西游记",)),
        ("'force majeure' -draft -bail", "lease", ()),
        ('the lease "ends -draft" -draft', "lease", ("ends -draft",)),
        ('may the "owner" sign the lease', "lease", ()),
        ('may the "owners" sign the lease', "lease", ("owners",)),
        ('who may "sign the lease', "lease", ()),
        ('"owner', "lease", ()),
        ('"may" "sign the lease" owner?', "lease", ()),
        ('when "To Kill a Mockingbird" -draft came', "books", ()),
    ],
)
def test_odd_questions_are_answered_and_what_stands_nowhere_is_said(
    library: Library, mode: str, question: str, first: str, nowhere: tuple[str, ...]
) -> None:
    answer = library.query(question, 9, mode=mode)
    assert [Path(hit.uri).stem for hit in answer.hits if hit.keyword_rank == 1] == [first]
    said = 'no passage contains "{}" exactly as quoted; its words were searched for separately'
    assert answer.notes == tuple(map(said.format, nowhere))
    assert list(library.query_many([question], 9, mode=mode)) == [answer]


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize(
    ("question", "strict", "expected"),
    [
        ('"force majeure" -draft', False, {"lease", "bail"}),
        ('"force majeure"', False, {"lease", "draft", "bail"}),
        ("«force majeure»", False, {"lease", "draft", "bail"}),
        ('"force majeure" "the lease"', False, {"lease", "draft"}),
        ('"force majeure" in the lease', True, {"lease", "draft", "bail"}),
        ('does "force majeure" end the lease -draft -bail', True, {"lease"}),
        ('"To Kill a Mockingbird," author', True, {"books"}),
        ("谁写了「红楼梦」", True, {"honglou"}),
        ("「红楼梦」", False, {"honglou"}),
    ],
)
def test_strict_questions_have_only_passages_with_their_phrases(
    library: Library, mode: str, question: str, strict: bool, expected: set[str]
) -> None:
    assert set(titles(library, question, mode, strict=strict)) == expected


def test_in_a_sentence_the_passages_with_the_phrase_come_first_and_the_others_follow(library: Library) -> None:
    assert set(titles(library, 'the lease and "force majeure"')) == set(TEXTS)
    assert set(titles(library, 'the lease and "force majeure"')[:3]) == {"lease", "draft", "bail"}
    hits = library.query('the lease and "force majeure"', 9).hits
    assert {Path(hit.uri).stem for hit in hits if hit.phrases} == {"lease", "draft", "bail"}
    assert {hit.phrases for hit in hits} == {("force majeure",), ()}
    assert {hit.phrases for hit in library.query("the lease", 9, mode="semantic").hits} == {None}


def test_in_the_mode_semantic_no_question_can_be_strict(library: Library) -> None:
    with pytest.raises(UsageError, match="choose hybrid or keyword"):
        library.query("lease", mode="semantic", options=ResultOptions(strict=True))
    with pytest.raises(UsageError, match="choose hybrid or keyword"):
        list(library.query_many(["lease"], mode="semantic", options=ResultOptions(strict=True)))
    with pytest.raises(TypeError, match=r"options\.strict must be True or False"):
        library.query("lease", options=ResultOptions(strict="yes"))  # type: ignore[arg-type]


def test_with_the_shipped_model_a_phrase_that_stands_nowhere_does_not_cost_the_answer(
    open_library: Callable[[], Library], docs: Path
) -> None:
    open_library().ingest([docs])
    answer = open_library().query('which clause ends the lease in a case of "vis maior"?', 3)
    assert Path(answer.hits[0].uri).stem == "lease"
    assert (
        answer.notes[0] == 'no passage contains "vis maior" exactly as quoted; its words were searched for separately'
    )
    best = open_library().query('who is the author of "To Kill a Mockingbird"?', 1)
    assert (Path(best.hits[0].uri).stem, best.notes) == ("books", ())
