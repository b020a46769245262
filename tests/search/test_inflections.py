"""Other inflections of a question's words count as these, in the main language of the library."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import passage, save
from keyword_oracle import bound
from toy import ToyEncoder
from wherein.library import Library
from wherein.search.inflections import Inflections, as_asked
from wherein.search.query_syntax import ParsedQuestion, parse_question
from wherein.search.vocabulary import Vocabulary
from wherein.storage.catalog.connection import open_writer, snapshot, writing
from wherein.storage.catalog.coverage import Coverage, main_language, save_coverage
from wherein.storage.catalog.documents import delete_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS
from wherein.storage.index.keyword_index import load_keywords

TEXTS = (
    "Das Haus des Nachbarn steht leer.",
    "Die Häuser der Stadt sind alt, und die Häuser am Fluss auch.",
    "Zwischen den Häusern liegt ein Hausboot.",
    "Den Kindern gehört der Hof; jedes Kind spielt dort.",
)


def term(word: str) -> int:
    return next(iter(terms_of(word)))


HOUSES = tuple(sorted(map(term, ("Häuser", "Häusern"))))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_writer(tmp_path)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def model(db: Database) -> StoredModel:
    return bound(db)


def save_in(db: Database, *languages: str, texts: tuple[str, ...] = TEXTS) -> None:
    """Save texts in some languages, in turn."""
    ids = save(db, *(passage(str(number), text) for number, text in enumerate(texts)))
    with writing(db, "test"):
        for number, document in enumerate(ids):
            save_coverage(db, document, Coverage(10, 0, languages[number % len(languages)]))


def inflected(db: Database, folder: Path, question: str, *, strict: bool = False) -> ParsedQuestion:
    with snapshot(db):
        index = load_keywords(db, folder, None)
        return Inflections(partial(main_language, db), Vocabulary(db)).add(
            index, parse_question(question, strict=strict)
        )


@pytest.mark.parametrize("where", ["delta", "generation"])
def test_words_with_the_same_stem_are_found_the_most_frequent_first(
    db: Database, tmp_path: Path, model: StoredModel, where: str
) -> None:
    save_in(db, "de")
    if where == "generation":
        write_generation(db, tmp_path, model, KEYWORDS)
    assert inflected(db, tmp_path, "Wem gehört das Haus?").forms == {term("Haus"): HOUSES}
    assert inflected(db, tmp_path, "ein Kind").forms == {term("Kind"): (term("Kindern"),)}
    assert inflected(db, tmp_path, "Hauses").forms == {term("Haus"): HOUSES}  # the English stemmer has it already
    save(db, *(passage(f"more {number}", "Häusern") for number in range(2)))
    assert inflected(db, tmp_path, "Haus").forms == {term("Haus"): (term("Häusern"), term("Häuser"))}


def test_what_is_asked_in_two_forms_has_the_others_once(db: Database, tmp_path: Path) -> None:
    save_in(db, "de")
    assert inflected(db, tmp_path, "Häuser oder Haus").forms == {term("Häuser"): (term("Häusern"),)}


def test_forms_that_are_gone_are_not_asked_for(db: Database, tmp_path: Path, model: StoredModel) -> None:
    save_in(db, "de")
    write_generation(db, tmp_path, model, KEYWORDS)
    with writing(db, "test"):
        delete_document(db, 2)
    assert inflected(db, tmp_path, "Haus").forms == {term("Haus"): (term("Häusern"),)}


@pytest.mark.parametrize("languages", [("en",), ("",), ("de", "en"), ("zh",), ("de", "en", "en")])
def test_a_library_in_another_language_or_in_several_has_none(
    db: Database, tmp_path: Path, languages: tuple[str, ...]
) -> None:
    save_in(db, *languages)
    assert inflected(db, tmp_path, "Haus Kind").forms == {}


@pytest.mark.parametrize("question", ['"Haus"', '"das Haus"', "-Haus", "H4us", "meinHaus", "東京", "HTTP", ""])
def test_quoted_words_and_identifiers_have_none(db: Database, tmp_path: Path, question: str) -> None:
    save_in(db, "de")
    assert inflected(db, tmp_path, question).forms == {}


@pytest.mark.parametrize(
    ("language", "asked", "stored"),
    [
        ("ca", "cantar", "cantaven"), ("cs", "hrad", "hradem"), ("da", "hus", "husene"), ("es", "hablar", "hablamos"),
        ("fi", "talo", "talossa"), ("fr", "cheval", "chevaux"), ("hu", "ház", "házban"), ("it", "ragazzo", "ragazzi"),
        ("nl", "boek", "boeken"), ("no", "bok", "boken"), ("pl", "kot", "kotami"), ("pt", "cantar", "cantavam"),
        ("ro", "copil", "copilul"), ("sv", "bil", "bilarna"), ("tr", "kitap", "kitabı"),
    ],
)  # fmt: skip
def test_each_language_has_its_stemmer(db: Database, tmp_path: Path, language: str, asked: str, stored: str) -> None:
    save_in(db, language, texts=(stored,))
    assert inflected(db, tmp_path, asked).forms == {term(asked): (term(stored),)}


def test_terms_of_passages_are_read_as_those_that_were_asked() -> None:
    passages = [np.array([5, 1, 9]), np.array([], np.int64), np.array([7, 5])]
    read = as_asked(passages, {1: (5, 7), 2: (8,)})
    assert [one.tolist() for one in map(np.asarray, read)] == [[1, 1, 9], [], [1, 1]]
    assert as_asked(passages, {}) == passages


def test_the_main_language_is_that_of_most_documents(db: Database) -> None:
    assert main_language(db) == ""
    save_in(db, "de", "de", "en", "")
    assert main_language(db) == "de"


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_a_library_answers_with_other_inflections(tmp_path: Path, mode: str) -> None:
    for number, text in enumerate(TEXTS):
        following = "Und das ist nicht die Stadt, die auf der Karte von dem Land ist, auch nicht im Norden."
        (tmp_path / f"{number}.txt").write_text(f"{text} {following}", "utf-8")
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:
        library.ingest([str(tmp_path / f"{number}.txt") for number in range(len(TEXTS))])
        answer = library.query("Haus", 3, mode=mode)
        assert {hit.uri[-5:] for hit in answer.hits if hit.matched} == {"0.txt", "1.txt", "2.txt"}
        assert {hit.matched for hit in answer.hits if hit.matched} == {("Haus",)}
        assert answer.corrections == ()
