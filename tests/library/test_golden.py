"""Golden questions: stored, asked by each reindex that changes the index, and removed."""

from pathlib import Path

import pytest

from lots import reindex_report, write_lots
from toy import ToyEncoder
from wherein.errors import UsageError, WhereinError
from wherein.ingest.progress.reindex_report import RankChange
from wherein.library import Library
from wherein.library.golden import add_golden_question, remove_golden_questions
from wherein.library.ingesting import RunFactory


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(write_lots(tmp_path / "docs"))])
    return library


def test_golden_questions_are_stored_asked_and_removed(library: Library, tmp_path: Path) -> None:
    first = library.add_golden("Lot 7 has barrels of eel on quay 7", str(tmp_path / "docs" / "lot-0007.txt"))
    assert library.add_golden(first.question, first.uri) == first
    second = library.add_golden(" herring ", "9")
    assert [(row.question, row.rank) for row in library.golden()] == [(first.question, None), ("herring", None)]
    with pytest.raises(UsageError, match="There is no document nothing"):
        library.add_golden("where?", "nothing")
    with pytest.raises(UsageError, match="The question is empty"):
        library.add_golden(" ", "9")
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    assert reindex_report(library).moved == ()
    assert library.golden()[0].rank == 1
    assert library.remove_golden("herring")[0].id == second.id
    with pytest.raises(UsageError, match="There is no golden question herring"):
        library.remove_golden("herring")
    # A moved document stays the right one; a rank that falls because of new documents is reported, not refused.
    (tmp_path / "docs" / "lot-0007.txt").rename(tmp_path / "docs" / "seven.txt")
    (tmp_path / "docs" / "better.txt").write_text(f"{first.question}. {first.question}!")
    report = reindex_report(library)
    (row,) = library.golden()
    assert row.uri.endswith("/seven.txt")
    assert report.moved == (RankChange(row.question, row.uri, 1, 2),)
    assert report.golden == 50


def test_a_question_is_stored_without_surrounding_blanks_and_once_for_each_document(runs: RunFactory) -> None:
    folder = runs.folder
    first = add_golden_question(folder, "  which lot? ", "1")
    assert first.question == "which lot?"
    assert add_golden_question(folder, "which lot?", "1") == first
    assert add_golden_question(folder, "which lot?", "2").id != first.id


@pytest.mark.parametrize("question", ["", " \n\t"])
def test_an_empty_question_is_refused_before_the_library_is_opened(tmp_path: Path, question: str) -> None:
    with pytest.raises(UsageError, match=r"^The question is empty$"):
        add_golden_question(tmp_path / "nowhere", question, "1")


def test_a_number_removes_one_question_and_a_text_removes_all_of_that_text(runs: RunFactory) -> None:
    folder = runs.folder
    rows = [add_golden_question(folder, question, name) for question, name in (("7", "1"), ("a", "1"), ("a", "2"))]
    assert remove_golden_questions(folder, "a") == rows[1:]
    numbered = add_golden_question(folder, str(rows[0].id), "2")
    # A number is an id before it is a text.
    assert remove_golden_questions(folder, str(rows[0].id)) == rows[:1]
    assert remove_golden_questions(folder, numbered.question) == [numbered]
    with pytest.raises(UsageError) as caught:
        remove_golden_questions(folder, "a")
    assert str(caught.value) == "There is no golden question a; see: wherein golden list"


def test_without_a_library_there_is_nothing_to_add_to_or_remove_from(tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match="There is no library"):
        add_golden_question(tmp_path / "nowhere", "which lot?", "1")
    with pytest.raises(WhereinError, match="There is no library"):
        remove_golden_questions(tmp_path / "nowhere", "1")
    assert not (tmp_path / "nowhere").exists()


def test_lone_surrogates_in_a_question_are_replaced(runs: RunFactory, docs: Path) -> None:
    row = add_golden_question(runs.folder, "caf\udce9 \ud800", str(docs / "7.txt"))
    assert row.question == "caf? ?"
    assert remove_golden_questions(runs.folder, "caf\udce9 \ud800") == [row]
