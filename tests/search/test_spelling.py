"""Which words of a question are misspelt, and for what."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import passage, save
from keyword_oracle import bound
from old_postings import writing_without_words
from wherein.search.query_syntax import parse_question
from wherein.search.spelling import Correction, Speller, respelled
from wherein.search.vocabulary import Vocabulary
from wherein.storage.catalog.connection import open_writer, snapshot, writing
from wherein.storage.catalog.documents import delete_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.terms import terms_of
from wherein.storage.catalog.words import read_words
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords
from wherein.storage.index.segment_writer import write_segment_if_due

TEXTS = (
    "The transaction is rolled back by the database, and the trail ends.",
    "A transaction in the catalogue; its trial and its trial again, and the NASA report.",
    "Der Straßenbahnfahrer prüft die Überweisung. Договор подписан владельцем. 关系数据库管理系统",
    "The hill, a hill and its gull.",
    "Over the hill.",
    "getUserName returns the x86 register; see /usr/share/common-licenses. A trial.",
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_writer(tmp_path)) as opened:
        yield opened


@pytest.fixture
def model(db: Database) -> StoredModel:
    return bound(db)


def corrected(db: Database, folder: Path, question: str, *, strict: bool = False) -> list[tuple[str, str]]:
    with snapshot(db):
        index = load_keywords(db, folder, None)
        _, corrections = Speller(Vocabulary(db)).correct(index, parse_question(question, strict=strict))
    return [(one.word, one.searched) for one in corrections]


@pytest.fixture(params=["delta", "generation", "both", "segment"])
def library(request: pytest.FixtureRequest, db: Database, tmp_path: Path, model: StoredModel) -> Path:
    """The texts in the delta, in a generation, in both, or in a generation, a segment and the delta."""
    for number, text in enumerate(TEXTS):
        if number == 2 and request.param in ("both", "segment"):
            write_generation(db, tmp_path, model, KEYWORDS)
        if number == 3 and request.param == "segment":
            assert write_segment_if_due(db, tmp_path, model, KEYWORDS, at_least=0)
        save(db, passage(f"file:///{number}", text))
    if request.param == "generation":
        write_generation(db, tmp_path, model, KEYWORDS)
    return tmp_path


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("why is a transaciton rolled back", [("transaciton", "transaction")]),  # two letters swapped
        ("the databse", [("databse", "database")]),  # one is missing
        ("the dattabase", [("dattabase", "database")]),  # one too many
        ("the detabasa", [("detabasa", "database")]),  # two wrong ones
        ("the detabas", []),  # two wrong ones of seven letters
        ("tranzakcion", []),  # three of them
        ("Databse TRANSACTION", [("Databse", "database")]),
        ("traol", [("traol", "trail")]),
        ("trisl", [("trisl", "trial")]),
        ("traal", [("traal", "trial")]),  # as near to trail, but more frequent
        ("drial", [("drial", "trial")]),  # the first letter may be wrong, too
        ("rrail", [("rrail", "trail")]),
        ("gill", [("gill", "gull")]),  # hill is more frequent, and begins with another letter
        ("bakc to the tral", [("bakc", "back"), ("tral", "trial")]),
        ("teh edn", []),  # too short
        ("ctaalogue", [("ctaalogue", "catalogue")]),
        ("strassenbanfahrer", [("strassenbanfahrer", "strassenbahnfahrer")]),
        ("Straßenbanfahrer", [("Straßenbanfahrer", "strassenbahnfahrer")]),
        ("Uberweisnug", [("Uberweisnug", "uberweisung")]),
        ("догвор", [("догвор", "договор")]),
        ("the databse's end", [("databse", "database")]),
        ("a databse-backed trial", [("databse", "database")]),
        ("the O’Databse, and a Trial-Databse", [("Databse", "database")]),
        ("数据厍", []),
        ("who will trall", [("trall", "trail")]),  # will is one letter from hill
    ],
)
def test_a_word_is_searched_as_the_nearest_one(
    db: Database, library: Path, question: str, found: list[tuple[str, str]]
) -> None:
    assert corrected(db, library, question) == found


@pytest.mark.parametrize(
    "question",
    [
        '"databse"',
        'the "databse transaciton"',
        'the "databse" or the databse',
        "trial -databse",
        "trial -“databse end”",
        "getUserNaem",
        "get_user_naem",
        "/usr/shar/common-licnses",
        "catalogue.databse",
        "x68",
        "E-1234",
        "databse2",
        "NASSA",
        "DATABSE of the trial",
    ],
)
def test_quoted_words_operators_identifiers_and_abbreviations_stay(db: Database, library: Path, question: str) -> None:
    assert corrected(db, library, question) == []


def test_a_question_in_capitals_has_no_abbreviations(db: Database, library: Path) -> None:
    assert corrected(db, library, "WHERE IS THE DATABSE") == [("DATABSE", "database")]


def test_the_words_of_a_strict_question_stay(db: Database, library: Path) -> None:
    assert corrected(db, library, 'the "databse" or the databse', strict=True) == []


def test_a_corrected_question_has_the_terms_of_the_words_that_are_searched(db: Database, library: Path) -> None:
    question = parse_question("the databse and the trial of the databse")
    with snapshot(db):
        better, corrections = Speller(Vocabulary(db)).correct(load_keywords(db, library, None), question)
    assert better.order == tuple(terms_of("the database and the trial of the database"))
    assert list(better.terms) == list(dict.fromkeys(better.order))
    assert list(better.terms.values()) == ["the", "database", "and", "trial", "of"]
    assert corrections == (Correction("databse", "database"),)


def test_words_of_removed_passages_are_not_searched(db: Database, library: Path) -> None:
    assert corrected(db, library, "catalogeu") == [("catalogeu", "catalogue")]
    delete(db, 2)
    assert corrected(db, library, "catalogeu") == []
    assert corrected(db, library, "traal") == [("traal", "trail")]


def delete(db: Database, document_id: int) -> None:
    with writing(db, "test"):
        delete_document(db, document_id)


def test_a_new_generation_forgets_words_that_no_passage_has(
    db: Database, tmp_path: Path, model: StoredModel, library: Path
) -> None:
    write_generation(db, tmp_path, model, KEYWORDS)
    delete(db, 2)
    write_generation(db, tmp_path, model, KEYWORDS)
    with snapshot(db):
        assert words_in_files(db, tmp_path) == read_words(db)


def words_in_files(db: Database, folder: Path) -> set[str]:
    index = load_keywords(db, folder, None)
    return {word for part in index.parts[:-1] for group in part.postings.words for word in group}  # type: ignore[union-attr]


def test_an_old_generation_has_no_words_until_it_is_written_again(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    save(db, passage("file:///a", TEXTS[0]))
    with writing_without_words():
        write_generation(db, tmp_path, model, KEYWORDS)
    save(db, passage("file:///b", "The owner may sign."))
    assert corrected(db, tmp_path, "databse ownre") == [("ownre", "owner")]
    write_generation(db, tmp_path, model, KEYWORDS)
    assert corrected(db, tmp_path, "databse ownre") == [("databse", "database"), ("ownre", "owner")]


def test_of_many_unknown_words_the_first_few_are_looked_up(db: Database, library: Path) -> None:
    unknown = "alpha bravo charlie delta foxtrot golf hotel "
    assert corrected(db, library, f"{unknown} databse") == [("databse", "database")]
    assert corrected(db, library, f"{unknown} india databse") == []


def test_words_are_looked_up_once_per_state(db: Database, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speller, question = Speller(Vocabulary(db)), parse_question("databse")

    def correct(index: KeywordIndex) -> tuple[Correction, ...]:
        with snapshot(db):
            return speller.correct(index, question)[1]

    with snapshot(db):
        index = load_keywords(db, library, None)
    first = correct(index)
    with monkeypatch.context() as patch:
        patch.setattr("wherein.search.spelling._near_words", None)
        assert correct(index) == first == (Correction("databse", "database"),)
    save(db, passage("file:///new", "databse"))
    with snapshot(db):
        changed = load_keywords(db, library, index)
    assert correct(changed) == ()


def test_a_text_with_the_words_that_are_searched() -> None:
    corrections = [Correction("Databse", "database"), Correction("tral", "trial")]
    text = "The Databse, its trals and a tral (Databse)"
    assert respelled(text, corrections) == "The database, its trals and a trial (database)"
    assert respelled(text, []) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Databse databse DATABSE", "database database database"),
        ("the O’Databse's trial-Databse", "the O’database's trial-database"),
        ("my_databse databse.txt databse2", "my_databse databse.txt databse2"),
        ("dâtabse, “databse”", "database, “database”"),
    ],
)
def test_words_are_replaced_in_every_case_and_as_parts_of_others(text: str, expected: str) -> None:
    assert respelled(text, [Correction("databse", "database")]) == expected
