"""The text of an RTF file: its paragraphs, and after them the footnotes."""

from wherein.ingest.document import Mark
from wherein.ingest.readers.office.text_flow import endnotes_mark
from wherein.ingest.readers.rtf.flow import Paragraph, RtfFlow
from wherein.ingest.readers.rtf.state import BODY, State
from wherein.ingest.readers.rtf.styles import Styles
from wherein.ingest.readers.shared.decode import require_text
from wherein.ingest.readers.shared.headings import heading_marks

__all__ = ["Body"]


class Body:
    """Takes paragraphs and cells as they end; a paragraph with a note or a text box has paragraphs inside it."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._main, self._notes = RtfFlow(), RtfFlow()
        self._open = [Paragraph()]

    @property
    def paragraph(self) -> Paragraph:
        """The innermost open paragraph."""
        return self._open[-1]

    def enter(self) -> None:
        """Begin a note or a text box."""
        self._open.append(Paragraph())

    def leave(self, state: State) -> None:
        """End a note or a text box."""
        if len(self._open) > 1:
            self.end_paragraph(state)
            self._open.pop()

    def end_paragraph(self, state: State) -> None:
        """End a paragraph; `state` is what holds at its end."""
        if state.kind == BODY:
            self._flow(state).add(self.paragraph, self._styles.heading(state), state.in_cell)
            self._open[-1] = Paragraph(level=self.paragraph.level)

    def end_cell(self, state: State) -> None:
        """End a cell of a table with its last paragraph."""
        if state.kind == BODY:
            self._flow(state).end_cell(self.paragraph)
            self._open[-1] = Paragraph()

    def end_row(self, state: State) -> None:
        """End a row of a table."""
        if state.kind == BODY:
            self._flow(state).rows.end_row()

    def join(self) -> tuple[str, tuple[Mark, ...]]:
        """End all paragraphs; return the text, and marks for headings and notes. Raises Skipped without any text."""
        while self._open:
            self.end_paragraph(State())
            self._open.pop()
        self._main.rows.end_table()
        text, headings = self._main.flow.join()
        for block in self._notes.flow.blocks:
            self._main.flow.add_paragraph(block.text)
        full_text, _ = self._main.flow.join()
        require_text(full_text)
        return full_text, (*heading_marks(headings), *endnotes_mark(text, full_text))

    def _flow(self, state: State) -> RtfFlow:
        return self._notes if state.name == "footnote" else self._main
