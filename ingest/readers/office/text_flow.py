"""A flow of paragraphs, lists and tables, written as blocks of text."""

from collections.abc import Sequence

from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.blocks import HYPHEN, Block, BlockWriter, join_blocks
from wherein.ingest.readers.shared.headings import Heading

__all__ = ["Flow", "Rows", "endnotes_mark"]

_MAX_LIST_DEPTH = 9


class Flow:
    """A text that is written paragraph by paragraph; tables enclose some of them."""

    def __init__(self) -> None:
        self._writer = BlockWriter()
        self._depth = 0

    def add_paragraph(self, text: str, heading: int = 0, item: int = 0, label: str = "") -> None:
        """Add a heading of level `heading`, a list item at depth `item`, or (both 0) a plain paragraph.

        A newline in `text` is a line break. A list item begins with its `label`, or with a hyphen.
        """
        self._set_list_depth(0 if heading else min(item, _MAX_LIST_DEPTH))
        tag = f"h{min(heading, 6)}" if heading else "li" if item else "p"
        self._writer.marker = label or HYPHEN
        self._writer.enter(tag)
        for number, line in enumerate(text.split("\n")):
            if number:
                self._writer.enter("br")
            self._writer.text(line)
        self._writer.leave(tag)

    def enter(self, tag: str) -> None:
        """Begin a `table`, row (`tr`) or cell (`td`)."""
        self._set_list_depth(0)
        self._writer.enter(tag)

    def leave(self, tag: str) -> None:
        """End a `table`, row (`tr`) or cell (`td`)."""
        self._set_list_depth(0)
        self._writer.leave(tag)

    def add_blocks(self, blocks: Sequence[Block]) -> None:
        """Add what another flow or a web page holds."""
        self._set_list_depth(0)
        self._writer.flush()
        self._writer.blocks.extend(blocks)

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks written so far."""
        return self._writer.blocks

    def join(self) -> tuple[str, list[Heading]]:
        """Return the text and its headings."""
        return join_blocks(self._writer.blocks)

    def _set_list_depth(self, depth: int) -> None:
        while self._depth > depth:
            self._writer.leave("ul")
            self._depth -= 1
        while self._depth < depth:
            self._writer.enter("ul")
            self._depth += 1


class Rows:
    """Writes rows into a flow, for formats that say where cells and rows end, but not where they begin."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._row: list[list[str]] = []
        self._cell: list[str] = []
        self._in_table = False

    def add(self, text: str) -> None:
        """Add a paragraph to the cell."""
        self._cell.append(text)

    def end_cell(self) -> None:
        """End a cell."""
        self._row.append(self._cell)
        self._cell = []

    def end_row(self) -> None:
        """End a row, also one whose last cell does not end."""
        if self._cell:
            self.end_cell()
        if not self._row:
            return
        if not self._in_table:
            self._flow.enter("table")
            self._in_table = True
        self._flow.enter("tr")
        for cell in self._row:
            self._flow.enter("td")
            for text in cell:
                self._flow.add_paragraph(text)
            self._flow.leave("td")
        self._flow.leave("tr")
        self._row = []

    def end_table(self) -> None:
        """End the table, also one whose last row does not end."""
        self.end_row()
        if self._in_table:
            self._flow.leave("table")
            self._in_table = False


def endnotes_mark(text: str, full_text: str) -> tuple[Mark, ...]:
    """Return the mark of the notes that follow `text` in `full_text`; they are under no heading."""
    notes = full_text[len(text) :].lstrip()
    return (Mark(len(full_text) - len(notes)),) if notes and text else ()
