"""Word documents of 1997 to 2003 (.doc): paragraphs, lists and tables in order, with headings.

Deleted and hidden text, comments, headers and footers are left out. Footnotes, endnotes and text boxes come last. The
numbers of headings and lists are not in the file as text.
"""

import re

from wherein.ingest.document import Document
from wherein.ingest.readers.office.doc_fib import WordFile, open_word
from wherein.ingest.readers.office.doc_formats import ParagraphFormat, Runs, hidden_runs, paragraph_runs
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.ole import OleFile, ole_reader
from wherein.ingest.readers.office.text_flow import Flow, Rows, endnotes_mark
from wherein.ingest.readers.shared.decode import clean, name_as_title, require_text
from wherein.ingest.readers.shared.headings import first_heading, heading_marks

__all__ = ["READER"]

_MEDIA_TYPE = "application/msword"
_CELL_END = "\7"
_PARAGRAPH = re.compile("[^\r\7\f]*(?:[\r\7\f]|\\Z)")
# A field is 13 code 14 result 15; what is shown is the result. Fields may be nested.
_FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15")
_MAX_NESTED = 50
_CHARACTERS = str.maketrans({
    "\x01": "", "\x02": "", "\x03": "", "\x04": "", "\x05": "", "\x08": "", "\x0b": "\n", "\x0e": "\n", "\x13": "",
    "\x14": "", "\x15": "", "\x1e": "-", "\x1f": "", "\xad": "", "\xa0": " ", "\0": "", "\r": "", "\7": "", "\f": "",
})  # fmt: skip


def _document(ole: OleFile, name: str) -> Document:
    word = open_word(ole)
    text = _visible(word)
    parts = word.parts
    writer = _Writer(word)
    writer.write(text, 0, parts.main)
    main_text, headings = writer.flow.join()
    for start, end in ((parts.main, parts.footnotes), (parts.comments, parts.endnotes), (parts.endnotes, parts.boxes)):
        writer.write(text, start, end)
    full_text, _ = writer.flow.join()
    require_text(full_text)
    marks = (*heading_marks(headings), *endnotes_mark(main_text, full_text))
    comments = text[parts.macros : parts.comments].count("\5")
    headers = bool(text[parts.footnotes : parts.headers].translate(_CHARACTERS).strip())
    notes = left_out_note({"comments": comments, "headers and footers": 2 * headers})
    default_title = first_heading(marks) or name_as_title(name)
    return ole.properties().document(default_title, full_text, _MEDIA_TYPE, marks, notes)


def _visible(word: WordFile) -> str:
    """Return the text with each character of a field code as NUL, so that positions stay the same."""
    text = word.text()
    for _ in range(_MAX_NESTED):
        text, count = _FIELD.subn(_result, text)
        if not count:
            break
    return text


def _result(field: re.Match[str]) -> str:
    result = field[1] or ""
    return result.rjust(len(field[0]) - 1, "\0") + "\0"


class _Writer:
    """Writes a flow of the paragraphs of a part."""

    def __init__(self, word: WordFile) -> None:
        self.flow = Flow()
        self._word = word
        self._formats: Runs[ParagraphFormat] = paragraph_runs(word)
        self._hidden: Runs[bool] = hidden_runs(word)
        self._some_hidden = self._hidden.any()
        self._rows = Rows(self.flow)

    def write(self, text: str, start: int, end: int) -> None:
        """Write the paragraphs from one position to another."""
        position = start
        for match in _PARAGRAPH.finditer(text, start, min(end, len(text))):
            if match[0]:
                last = match.end() - 1
                self._add(match[0], self._shown(match[0], position), self._formats[self._word.offset(last)])
            position = match.end()
        self._rows.end_table()

    def _shown(self, text: str, start: int) -> str:
        """Return what a person sees of a paragraph."""
        if self._some_hidden:
            offset, hidden = self._word.offset, self._hidden
            text = "".join(character for number, character in enumerate(text, start) if not hidden[offset(number)])
        return clean(text.translate(_CHARACTERS))

    def _add(self, raw: str, text: str, form: ParagraphFormat) -> None:
        ends_cell = raw.endswith(_CELL_END)
        if form.ends_row:
            self._rows.end_row()
        elif form.in_table or ends_cell:
            self._rows.add(text)
            if ends_cell:
                self._rows.end_cell()
        else:
            self._rows.end_table()
            self.flow.add_paragraph(text, form.heading, form.item)


READER = ole_reader("doc", 1, _MEDIA_TYPE, _document)
