"""From the sheets of a workbook to one text."""

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.office import sheets
from wherein.ingest.readers.office.sheets import Row, Sheet, hidden_sheets_note, join_sheets
from wherein.ingest.readers.shared.skipped import Skipped


def text(*rows: Row) -> str:
    return join_sheets([Sheet("S", rows)])[0].removeprefix("S\n\n")


def test_cells_and_gaps_between_them() -> None:
    assert text((1, [(1, "a"), (2, "b"), (4, "c"), (900, "d")])) == "a | b |  | c |  | d"
    assert text((1, [(1, " a\nb "), (2, " "), (3, "c")])) == "a b |  | c"


def test_empty_rows_end_a_paragraph() -> None:
    assert (
        text((1, [(1, "a")]), (2, [(1, "b")]), (3, [(1, " ")]), (4, [(1, "c")]), (900, [(1, "d")])) == "a\nb\n\nc\n\nd"
    )


def test_each_sheet_has_a_heading() -> None:
    found = join_sheets([Sheet("One", [(1, [(1, "a")])]), Sheet("Empty", []), Sheet("", [(1, [(1, "b")])])])
    assert found == ("One\n\na\n\n\n\nb", (Mark(0, heading=("One",)), Mark(8)))


def test_no_text() -> None:
    for rows in ([], [(1, [])], [(1, [(1, " \n")])]):
        with pytest.raises(Skipped, match="no text in its cells"):
            join_sheets([Sheet("S", rows)])


def test_the_text_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "TEXT_LIMIT", 2_000_000)
    rows = [(number, [(1, "x" * 1_000)]) for number in range(1, 1_900)]
    join_sheets([Sheet("S", rows)])
    with pytest.raises(Unreadable, match="more than 2 million characters in its cells; split it into several files"):
        join_sheets([Sheet("S", rows), Sheet("T", rows)])


def test_hidden_sheets_are_named() -> None:
    assert list(hidden_sheets_note([])) == []
    assert list(hidden_sheets_note(["a"])) == ["1 hidden sheet is left out: a"]
    assert list(hidden_sheets_note(["a", "b"])) == ["2 hidden sheets are left out: a, b"]
    assert len(next(hidden_sheets_note(["x" * 400] * 9))) == 500
