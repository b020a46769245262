"""The paragraphs and rows of an RTF file, written in order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from wherein.ingest.readers.office.text_flow import Flow, Rows
from wherein.ingest.readers.shared.decode import clean

__all__ = ["Paragraph", "RtfFlow", "joined"]

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
        """The text so far."""
        return joined(self.pieces)

    @property
    def number(self) -> str:
        """The label of a list item if it is a number or letter, "" for a bullet."""
        label = joined(self.label).strip()
        return label if any(map(str.isalnum, label)) and label not in _BULLETS else ""


class RtfFlow:
    """Writes a flow of paragraphs and rows."""

    def __init__(self) -> None:
        self.flow = Flow()
        self.rows = Rows(self.flow)

    def add(self, paragraph: Paragraph, heading: int, in_cell: bool) -> None:
        """Add a paragraph, or a heading of this level (0 for none)."""
        if in_cell:
            self.rows.add(paragraph.text)
            return
        self.rows.end_table()
        item = paragraph.level + 1 if paragraph.label and not heading else 0
        text = paragraph.text
        if heading and paragraph.number and text.strip():
            text = f"{paragraph.number} {text}"
        self.flow.add_paragraph(text, heading, item, paragraph.number)

    def end_cell(self, paragraph: Paragraph) -> None:
        """End a cell with its last paragraph."""
        self.rows.add(paragraph.text)
        self.rows.end_cell()


def joined(pieces: Iterable[str]) -> str:
    """Return the pieces as one text, with each pair of surrogates as one character."""
    return clean(_PAIR.sub(_character, "".join(pieces)))


def _character(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
