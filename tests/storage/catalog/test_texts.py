"""Texts in blocks: every span and its line are those of the whole text, and damage is noticed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from catalogs import document, save
from wherein.errors import Damaged
from wherein.storage.catalog import texts
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import document_text, find_document
from wherein.storage.catalog.texts import (
    BLOCK_CHARACTERS,
    Span,
    SpanText,
    StoredText,
    is_stored_block,
    read_span,
    read_spans,
    read_text,
    save_text,
    save_text_bytes,
)

# Characters of one to four bytes, line ends of every kind, and NUL, which ends a text for SQLite's own functions.
ODD = "a\u00e9\u4e2d\U0001f600\r\n\0\u2028\u0085 "


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    db = open_writer(tmp_path_factory.mktemp("library"))
    yield db
    db.close()


def saved(db: Database, text: str) -> int:
    (number,) = save(db, document("a", text=text))
    return number


@given(st.text(st.sampled_from(ODD), max_size=60), st.integers(1, 9), st.data())
@settings(max_examples=150)
def test_every_span_and_its_line_are_those_of_the_whole_text(db: Database, text: str, size: int, data: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "BLOCK_CHARACTERS", size)
        number = saved(db, text)
        ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
        spans = [(a, b) for a, b in data.draw(st.lists(ends, max_size=9)) if a < b]
        found = read_spans(db, [Span(number, a, b) for a, b in spans])
        assert found == [SpanText(text[a:b], text[:a].count("\n") + 1) for a, b in spans]
        assert read_text(db, number) == StoredText(text, True)
    listed = find_document(db, "a")
    assert listed is not None
    assert listed.characters == len(text)


@pytest.mark.parametrize(
    "text", ["", "\0", "\r", "x" * BLOCK_CHARACTERS, "\U0001f600\r\n" * BLOCK_CHARACTERS, "\n" * (2 * BLOCK_CHARACTERS)]
)
def test_a_text_comes_back_whole(db: Database, text: str) -> None:
    number = saved(db, text)
    assert document_text(db, number) == text
    expected = [min(BLOCK_CHARACTERS, len(text) - at) for at in range(0, len(text), BLOCK_CHARACTERS)]
    stored = db.execute("SELECT text FROM texts WHERE document_id = ? ORDER BY number", [number]).fetchall()
    assert [len(block) for (block,) in stored] == expected


def test_spans_of_several_documents_come_in_the_order_that_is_asked_for(db: Database) -> None:
    first, second = save(db, document("a", text="One\ntwo"), document("b", text="Three\n\nfour"))
    wanted = [Span(second, 7, 11), Span(first, 4, 7), Span(second, 0, 5), Span(first, 4, 7)]
    assert read_spans(db, wanted) == [
        SpanText("four", 3), SpanText("two", 2), SpanText("Three", 1), SpanText("two", 2)
    ]  # fmt: skip
    assert read_spans(db, []) == []


class Counting:
    """A catalog that counts the rows that are read."""

    def __init__(self, db: Database) -> None:
        self.rows = 0
        self._db = db

    def execute(self, statement: str, parameters: Any = (), /) -> Any:
        found = self._db.execute(statement, parameters).fetchall()
        self.rows += len(found)
        return _Rows(found)

    def rollback(self) -> None:
        self._db.rollback()


class _Rows:
    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        return self._rows


def test_a_passage_reads_no_more_of_a_long_text_than_its_own_blocks(db: Database) -> None:
    number = saved(db, "Some words.\n" * 20_000)
    counting: Any = Counting(db)
    assert read_span(counting, number, 201_000, 202_200).line == 16_751
    assert counting.rows == 2
    # Each block once, for any number of passages in it.
    counting.rows = 0
    read_spans(counting, [Span(number, at, at + 1_200) for at in range(100_000, 101_000, 10)])
    assert counting.rows == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE texts SET text = replace(text, 'w', 'v') WHERE number = 1",
        "UPDATE texts SET lines = lines + 1 WHERE number = 1",
        "UPDATE texts SET checksum = 0 WHERE number = 1",
        "UPDATE texts SET number = 7 WHERE number = 1",
        "UPDATE texts SET text = CAST(x'ff' AS TEXT) WHERE number = 1",
        "DELETE FROM texts WHERE number = 1",
    ],
)
def test_a_damaged_block_is_noticed_where_it_is_and_nowhere_else(db: Database, statement: str) -> None:
    text = "Some words.\n" * 500
    number = saved(db, text)
    with writing(db, "test"):
        db.execute(f"{statement} AND document_id = {number}")
    assert not read_text(db, number).sound
    with pytest.raises(Damaged):
        document_text(db, number)
    inner = BLOCK_CHARACTERS + 10
    assert read_spans(db, [Span(number, 0, 10), Span(number, 5, inner), Span(number, inner, inner + 5)]) == [
        SpanText(text[:10], 1), SpanText(None), SpanText(None)
    ]  # fmt: skip
    last = 2 * BLOCK_CHARACTERS
    assert read_span(db, number, last, last + 9).text == text[last : last + 9]


@pytest.mark.parametrize("span", [(0, 9), (8, 1 << 62), (-5, 3), (1 << 62, (1 << 62) + 1), (3, 2)])
def test_a_damaged_span_is_not_a_text_that_was_stored(db: Database, span: tuple[int, int]) -> None:
    number = saved(db, "Some text.")
    assert read_span(db, number, *span).text in (None, "", "Some text")
    assert read_span(db, number + 1_000, *span) == SpanText(None)


@pytest.mark.parametrize("damaged", [(b"\x07", 5), (0, b"5"), (None, 5), (0, "5"), (0.5, 5)])
def test_a_span_without_numbers_is_not_a_text_and_others_are_read(db: Database, damaged: tuple[Any, Any]) -> None:
    number = saved(db, "The quay.\nThe brooch.")
    sound = [Span(number, 10, 13), Span(number, 0, 3)]
    assert read_spans(db, [sound[0], Span(number, *damaged), sound[1], Span(b"d", 0, 3)]) == [  # type: ignore[arg-type]
        ("The", 2), (None, 1), ("The", 1), (None, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [b"a\xffb", b"\xe9" * 5_000, b"\xed\xa0\x80", b"caf\xc3\xa9"])
def test_a_text_that_is_no_utf_8_is_stored_as_it_is(db: Database, raw: bytes) -> None:
    number = saved(db, "x")
    with writing(db, "test"):
        save_text_bytes(db, number, raw)
    rows = db.execute("SELECT CAST(text AS BLOB) FROM texts WHERE document_id = ? ORDER BY number", [number]).fetchall()
    assert b"".join(block for (block,) in rows) == raw
    assert read_text(db, number).text == raw.decode("utf-8", "surrogateescape")


def test_a_shorter_text_leaves_no_block_of_the_longer_one(db: Database) -> None:
    number = saved(db, "x" * 10_000)
    with writing(db, "test"):
        save_text(db, number, "short")
    assert db.execute("SELECT number, text FROM texts WHERE document_id = ?", [number]).fetchall() == [(0, "short")]
    with writing(db, "test"):
        db.execute("DELETE FROM documents WHERE id = ?", [number])
    assert db.execute("SELECT count(*) FROM texts WHERE document_id = ?", [number]).fetchone() == (0,)


def test_a_stored_block_is_one_by_all_its_columns(db: Database) -> None:
    number = saved(db, "One\ntwo")
    row = db.execute("SELECT document_id, number, lines, text, checksum FROM texts WHERE document_id = ?", [number])
    columns = row.fetchone()
    assert is_stored_block(*columns)
    for at in range(5):
        for other in (None, b"", "x", 99, 1.5):
            assert not is_stored_block(*columns[:at], other, *columns[at + 1 :])


def test_texts_are_found_again_by_another_connection(tmp_path: Path) -> None:
    db = open_writer(tmp_path)
    number = saved(db, "One\0two\r\n" * 1_000)
    db.close()
    again = open_writer(tmp_path)
    assert read_span(again, number, 4_500, 4_509) == SpanText("One\0two\r\n", 501)
    again.close()
