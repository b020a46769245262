"""The paragraphs and rows of an RTF file, written in order."""

import re
from dataclasses import dataclass, field

from wherein.ingest.readers.office.text_flow import Flow
from wherein.ingest.readers.shared.decode import clean

__all__ = ["Paragraph", "RtfFlow"]

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BULLETS = frozenset("o•·-–*")


@dataclass
class Paragraph:
    """A paragraph while it is read; `level` is that of a list item."""

    pieces: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    level: int = 0

    @property
    def text(self) -> str:
        """The text so far, with each pair of surrogates as one character."""
        return clean(_PAIR.sub(_character, "".join(self.pieces)))

    @property
    def number(self) -> str:
        """The label of a list item if it is a number or letter, "" for a bullet."""
        label = clean("".join(self.label)).strip()
        return label if any(map(str.isalnum, label)) and label not in _BULLETS else ""


class RtfFlow:
    """Writes a flow; the cells of a row are collected until it ends."""

    def __init__(self) -> None:
        self.flow = Flow()
        self._cells: list[list[str]] = []
        self._cell: list[str] = []
        self._in_table = False

    def add(self, paragraph: Paragraph, heading: int, in_cell: bool) -> None:
        """Add a paragraph, or a heading of this level (0 for none)."""
        if in_cell:
            self._cell.append(paragraph.text)
            return
        self.end_table()
        item = paragraph.level + 1 if paragraph.label and not heading else 0
        text = paragraph.text
        if heading and paragraph.number and text.strip():
            text = f"{paragraph.number} {text}"
        self.flow.add_paragraph(text, heading, item, paragraph.number)

    def end_cell(self, paragraph: Paragraph) -> None:
        """End a cell with its last paragraph."""
        self._cells.append([*self._cell, paragraph.text])
        self._cell = []

    def end_row(self) -> None:
        """End a row."""
        if not self._cells:
            return
        if not self._in_table:
            self.flow.enter("table")
            self._in_table = True
        self.flow.enter("tr")
        for cell in self._cells:
            self.flow.enter("td")
            for text in cell:
                self.flow.add_paragraph(text)
            self.flow.leave("td")
        self.flow.leave("tr")
        self._cells = []

    def end_table(self) -> None:
        """End the table, also one whose last row does not end."""
        if self._cell:
            self.end_cell(Paragraph())
        self.end_row()
        if self._in_table:
            self.flow.leave("table")
            self._in_table = False


def _character(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
