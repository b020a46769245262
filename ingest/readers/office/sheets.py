"""From the sheets of a workbook to one text: a heading for each, a line for each row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.uri import display

__all__ = ["Row", "Sheet", "hidden_sheets_note", "join_sheets"]

TEXT_LIMIT = 64 << 20
"""Characters of one workbook at most; a text that many cells share takes little room in the file."""

_GAP = "\n\n"

Row = tuple[int, list[tuple[int, str]]]
"""The number of a row, and its cells that are not empty, each with the number of its column."""


@dataclass(frozen=True)
class Sheet:
    """A visible sheet; the numbers of rows and cells ascend, with gaps of any size."""

    name: str
    rows: Iterable[Row]


def join_sheets(sheets: Iterable[Sheet]) -> tuple[str, tuple[Mark, ...]]:
    """Return the text, and a mark for each sheet that has cells with text.

    Cells are separated by ` | `; any number of empty cells count as one, and any number of empty rows end a paragraph.
    Raises Skipped when there is no text, Unreadable when it is longer than `TEXT_LIMIT`.
    """
    parts: list[str] = []
    marks: list[Mark] = []
    start = 0
    for sheet in sheets:
        pieces = list(_pieces(sheet.rows, TEXT_LIMIT - start))
        if pieces:
            text = "".join((sheet.name, _GAP, *pieces))
            marks.append(Mark(start, heading=(sheet.name,) if sheet.name else ()))
            parts.append(text)
            start += len(text) + len(_GAP)
    if not parts:
        raise Skipped("no text in its cells")
    return _GAP.join(parts), tuple(marks)


def hidden_sheets_note(names: Sequence[str]) -> Iterator[str]:
    """Yield a note that names the hidden sheets."""
    if names:
        shown = ", ".join(map(display, names))
        yield f"{len(names)} hidden sheet{'s are' if len(names) > 1 else ' is'} left out: {shown}"[:500]


def _pieces(rows: Iterable[Row], limit: int) -> Iterator[str]:
    """Yield the lines and the separators between them."""
    last: int | None = None
    for number, cells in rows:
        line = _line(cells)
        if not line:
            continue
        if last is not None:
            yield "\n" if number <= last + 1 else _GAP
        yield line
        last = number
        limit -= len(line) + len(_GAP)
        if limit < 0:
            raise Unreadable(
                f"more than {TEXT_LIMIT / 1e6:.0f} million characters in its cells; split it into several files"
            )


def _line(cells: Iterable[tuple[int, str]]) -> str:
    pieces: list[str] = []
    last = 0
    for column, text in cells:
        words = " ".join(text.split())
        if words:
            if pieces:
                pieces.append(" | " if column <= last + 1 else " |  | ")
            pieces.append(words)
            last = column
    return "".join(pieces)
