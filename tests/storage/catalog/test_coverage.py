"""How much of the texts the model's vocabulary covers."""

import pytest
from sqlite_utils import Database

from catalogs import hashes, save
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.coverage import Coverage, Covered, coverage_of, covered, recognized_spans, save_coverage
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, delete_document


def row(uri: str, text: str, end: int, coverage: Coverage | None, notes: tuple[str, ...] = ()) -> DocumentRow:
    """A document, the first `end` characters of which are in a passage."""
    chunks = [ChunkRow(0, end, hashes(0, 1)[0], None, ())] if end else []
    return DocumentRow(uri, None, uri, "text/plain", text, {}, notes, chunks, coverage)


def test_an_empty_library_covers_nothing(db: Database) -> None:
    assert covered(db) == Covered(0, 0, 0, 0, 0, 0, 0, {}, ())


def test_the_figures_of_all_documents_are_added_up(db: Database) -> None:
    save(
        db,
        row("a", "x" * 10, 10, Coverage(8, 2, "en"), ("page 3 has no text",)),
        row("b", "x" * 20, 15, Coverage(4, 3, "de")),
        row("c", "x" * 30, 0, Coverage(0, 0, "")),
        row("d", "ä" * 5, 5, None),
        row("e", "x", 1, Coverage(1, 0, "en")),
    )
    figures = covered(db)
    assert (figures.documents, figures.measured, figures.noted) == (5, 4, 1)
    assert (figures.characters, figures.dropped) == (66, 5 + 30)
    assert (figures.tokens, figures.unknown) == (13, 5)
    assert list(figures.languages.items()) == [("en", 2), ("", 1), ("de", 1)]
    assert figures.worst == (("b", 0.75), ("a", 0.25))


def test_the_ten_worst_documents_are_named(db: Database) -> None:
    save(db, *(row(f"{n:02}", "x", 1, Coverage(100, n, "en")) for n in range(15)))
    assert covered(db).worst == tuple((f"{n:02}", n / 100) for n in range(14, 4, -1))


def test_a_measurement_is_replaced_and_is_deleted_with_its_document(db: Database) -> None:
    (number,) = save(db, row("a", "x", 1, Coverage(8, 2, "en")))
    assert coverage_of(db, number) == Coverage(8, 2, "en")
    with writing(db, "test"):
        save_coverage(db, number, Coverage(9, 1, "de"))
    assert coverage_of(db, number) == Coverage(9, 1, "de")
    with writing(db, "test"):
        delete_document(db, number)
    assert coverage_of(db, number) is None
    assert covered(db).measured == 0


def test_a_damaged_row_is_not_decoded(db: Database) -> None:
    (number,) = save(db, row("a", "x", 1, Coverage(8, 2, "en")))
    with writing(db, "test"):
        db.execute("ALTER TABLE coverage RENAME TO strict_coverage")
        db.execute(
            "CREATE TABLE coverage AS"
            " SELECT id, tokens, unknown, x'656e' AS language, '[]' AS recognized FROM strict_coverage"
        )
    with pytest.raises(Damaged, match="table coverage is damaged"):
        coverage_of(db, number)


def test_recognized_text_is_counted_and_found_by_document(db: Database) -> None:
    numbers = save(
        db,
        row("a", "x" * 30, 10, Coverage(8, 2, "en", ((0, 10), (20, 25)))),
        row("b", "x" * 20, 15, Coverage(4, 3, "de")),
        row("c", "x" * 9, 9, Coverage(1, 0, "", ((3, 9),))),
        row("d", "x", 1, None),
    )
    assert covered(db).recognized == 15 + 6
    assert coverage_of(db, numbers[0]) == Coverage(8, 2, "en", ((0, 10), (20, 25)))
    assert recognized_spans(db, numbers) == {numbers[0]: ((0, 10), (20, 25)), numbers[2]: ((3, 9),)}
    assert recognized_spans(db, numbers[1:2]) == {}


@pytest.mark.parametrize("stored", ["", "[", "[1]", "[[1]]", '[["a", 2]]', "{}x"])
def test_damaged_spans(db: Database, stored: str) -> None:
    numbers = save(db, row("a", "x", 1, Coverage(8, 2, "en")))
    with writing(db, "test"):
        db.execute("UPDATE coverage SET recognized = ?", [stored])
    with pytest.raises(Damaged, match="table coverage is damaged"):
        recognized_spans(db, numbers)
