"""Rich Text Format: paragraphs, lists and tables in order, with headings; bytes are decoded by the font they are in.

Hidden and deleted text, comments, headers and footers are left out. Footnotes come last, the text of a text box before
the paragraph that it is anchored to. Rich Text Format (RTF) Specification 1.9.1.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.rtf.body import Body
from wherein.ingest.readers.rtf.charsets import SYMBOLS, codec_of_charset
from wherein.ingest.readers.rtf.destinations import COUNTED, INFO, INSIDE_UNKNOWN, NO_TEXT, NOTES_AND_BOXES
from wherein.ingest.readers.rtf.info import TIME_WORDS, Info
from wherein.ingest.readers.rtf.state import BODY, BODY_LEVEL, FONTS, LABEL, PROPERTY, SKIP, STYLES, State
from wherein.ingest.readers.rtf.styles import Styles
from wherein.ingest.readers.rtf.tokens import CLOSE, OPEN, SYMBOL, TEXT, WORD, Token, tokens
from wherein.ingest.readers.shared.code_pages import WESTERN, codec_of_page
from wherein.ingest.readers.shared.decode import name_as_title
from wherein.ingest.readers.shared.headings import first_heading

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/rtf"
_MAX_DEPTH = 10_000
_CHARACTERS = {
    "tab": "\t", "line": "\n", "page": "\n", "column": "\n", "emdash": "—", "endash": "–", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
    "nestcell": " | ", "nestrow": "\n",
}  # fmt: skip
_ENDS = {"par": Body.end_paragraph, "sect": Body.end_paragraph, "cell": Body.end_cell, "row": Body.end_row}
_SYMBOLS = {"~": " ", "_": "-"}
_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_NUMBERS = {"f": "font", "s": "style", "outlinelevel": "outline", "uc": "skipped_after_unicode"}
_CODECS = {"fcharset": codec_of_charset, "cpg": codec_of_page}


def read(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    """Yield the file as one document; see `Reader` for the errors."""
    parser = _Parser()
    for token in tokens(stream.read()):
        parser.take(token)
        if parser.is_complete:
            break
    yield parser.document(name)


class _Parser:
    """Takes the tokens of a file."""

    def __init__(self) -> None:
        self._state = State()
        self._stack: list[State] = []
        self._page = WESTERN
        self._default_font = -1
        self._fonts: dict[int, str | None] = {}
        self._styles = Styles()
        self._info = Info()
        self._body = Body(self._styles)
        self._counts: Counter[str] = Counter()
        self._bytes = bytearray()
        self._pieces: list[str] | None = None  # where the bytes belong
        self._to_skip = 0
        self._ignorable = self._opened = self._has_header = False
        self.is_complete = False

    def take(self, token: Token) -> None:
        """Take the next token. Raises Unreadable."""
        if token.kind is TEXT:
            self._take_bytes(token)
            return
        if self._to_skip and token.kind in (WORD, SYMBOL) and not (token.word == "u" and token.number is not None):
            self._to_skip -= 1  # a word counts as one character of the replacement
            return
        self._flush()
        self._to_skip = 0
        if token.kind is OPEN:
            self._open_group()
        elif token.kind is CLOSE:
            self._close_group()
        elif token.kind is SYMBOL:
            self._take_symbol(token.word)
        else:
            self._take_word(token.word, token.number)
        self._opened = token.kind is OPEN

    def _open_group(self) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise Unreadable(f"groups are nested more than {_MAX_DEPTH:,} deep")
        self._stack.append(self._state)
        self._ignorable = False

    def _close_group(self) -> None:
        if not self._stack:
            return
        ended, self._state = self._state, self._stack.pop()
        self.is_complete = self._has_header and not self._stack  # whatever follows is not text
        if ended.kind == STYLES and self._state.kind == STYLES:
            self._styles.end(ended)
        if ended.name in NOTES_AND_BOXES and ended.name != self._state.name:
            self._body.leave(ended)

    def _take_symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._ignorable = self._opened
            self._opened = False
        elif symbol in "\r\n":
            self._body.end_paragraph(self._state)
        elif symbol in _SYMBOLS:
            self._add(_SYMBOLS[symbol])

    def _take_word(self, word: str, number: int | None) -> None:
        ignorable, self._ignorable = self._ignorable, False
        state = self._state
        if (self._opened or ignorable) and self._enter(word, ignorable):
            return
        if state.kind == SKIP:
            if word == "ud" and len(self._stack) > 1:  # the group again, in Unicode
                self._state = self._stack[-2]
        elif word == "u" and number is not None:
            self._add(chr(number & 0xFFFF))
            self._to_skip = max(0, state.skipped_after_unicode)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word in TIME_WORDS and state.kind == PROPERTY:
            self._info.set_time(state.name, word, number or 0)
        elif word in _ENDS:
            _ENDS[word](self._body, state)
        else:
            self._set(word, number)

    def _enter(self, word: str, ignorable: bool) -> bool:
        """Whether a group begins with a word that decides what it holds; then it is entered."""
        state = self._state
        if state.kind == SKIP:
            return False
        if word in COUNTED:
            self._counts[COUNTED[word]] += 1
            self._state = state._replace(kind=SKIP)
        elif word in (FONTS, STYLES):
            self._state = state._replace(kind=word)
        elif word in INFO:
            self._state = state._replace(kind=PROPERTY, name=INFO[word])
        elif word in ("listtext", "pntext"):
            self._state = state._replace(kind=LABEL)
            self._body.paragraph.label.append("")  # a bullet may not be a letter
        elif word in NOTES_AND_BOXES:
            self._body.enter()
            self._state = State(name=word, font=self._default_font)
        elif word in NO_TEXT or (ignorable and word not in INSIDE_UNKNOWN and not self._in_styles(word)):
            self._state = state._replace(kind=SKIP)
        else:
            return False
        return True

    def _in_styles(self, word: str) -> bool:
        """Whether a group that older programs may pass over is a style, or characters are set in one."""
        return word in ("cs", "ts", "ds") and self._state.kind != STYLES

    def _set(self, word: str, number: int | None) -> None:
        """Take a word that sets a property."""
        state = self._state
        value = number or 0
        if word in _NUMBERS:
            changes: dict[str, Any] = {_NUMBERS[word]: value}
            self._state = state._replace(**changes)
        elif state.kind == FONTS and word in _CODECS:
            self._fonts[state.font] = _CODECS[word](value)
        elif word in ("v", "deleted"):
            self._state = state._replace(hidden=number != 0)
        elif word == "plain":
            self._state = state._replace(font=self._default_font, hidden=False)
        elif word == "pard":
            self._state = state._replace(in_cell=False, style=0, outline=BODY_LEVEL)
            self._body.paragraph.level = 0
        elif word == "intbl":
            self._state = state._replace(in_cell=True)
        elif word == "ilvl":
            self._body.paragraph.level = max(0, min(value, 8))
        else:
            self._set_page(word, value)

    def _set_page(self, word: str, value: int) -> None:
        if word == "ansicpg" and value:
            self._page = codec_of_page(value)
        elif word in _PAGES:
            self._page = _PAGES[word]
        elif word == "rtf":
            self._has_header = True
        elif word == "deff":
            self._default_font = value
            self._state = self._state._replace(font=value)

    def _take_bytes(self, token: Token) -> None:
        data = token.data
        self._opened = self._opened and data.isspace()
        self._ignorable = False
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        pieces = self._sink() if self._stack else None
        if data and pieces is not None:
            self._pieces = pieces
            self._bytes += data

    def _sink(self) -> list[str] | None:
        """Return where text belongs at present; None when it is left out."""
        state = self._state
        if state.kind == BODY:
            return None if state.hidden else self._body.paragraph.pieces
        if state.kind == LABEL:
            return None if self._fonts.get(state.font) == SYMBOLS else self._body.paragraph.label
        if state.kind == PROPERTY:
            return self._info.text(state.name)
        return self._styles.name if state.kind == STYLES else None

    def _flush(self) -> None:
        """Decode the bytes so far: a character may be made of several."""
        if not self._bytes or self._pieces is None:
            return
        codec = (self._fonts.get(self._state.font) if self._state.kind != STYLES else None) or self._page
        codec, errors = ("ascii", "ignore") if codec == SYMBOLS else (codec, "replace")
        self._pieces.append(self._bytes.decode(codec, errors))
        self._bytes.clear()

    def _add(self, text: str) -> None:
        pieces = self._sink()
        if pieces is not None:
            pieces.append(text)

    def document(self, name: str) -> Document:
        """Return the document. Raises Skipped when it has no text."""
        self._flush()
        text, marks = self._body.join()
        title = self._info.title or first_heading(marks) or name_as_title(name)
        notes = left_out_note(self._counts)
        return Document(title, text, _MEDIA_TYPE, metadata=self._info.metadata, marks=marks, notes=notes)


READER = Reader("rtf", 1, _MEDIA_TYPE, read, takes_fields=False, takes_encoding=False)
