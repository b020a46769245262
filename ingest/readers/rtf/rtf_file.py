"""Rich Text Format: paragraphs, lists and tables in order, with headings; bytes are decoded by the font they are in.

Hidden and deleted text, comments, headers and footers are left out. Footnotes come last, the text of a text box before
the paragraph that it is anchored to. Rich Text Format (RTF) Specification 1.9.1.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.office.left_out import left_out_note
from wherein.ingest.readers.office.text_flow import endnotes_mark
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.rtf.charsets import SYMBOLS, WESTERN, codec_of_charset, codec_of_page
from wherein.ingest.readers.rtf.destinations import COUNTED, INFO, INSIDE_UNKNOWN, NO_TEXT, NOTES_AND_BOXES
from wherein.ingest.readers.rtf.flow import Paragraph, RtfFlow
from wherein.ingest.readers.rtf.tokens import CLOSE, OPEN, SYMBOL, TEXT, WORD, Token, tokens
from wherein.ingest.readers.shared.decode import clean, name_as_title, require_text
from wherein.ingest.readers.shared.headings import first_heading, heading_marks
from wherein.ingest.readers.shared.metadata import standard_metadata

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/rtf"
_MAX_DEPTH = 10_000
_BODY, _SKIP, _FONTS, _STYLES, _LABEL, _PROPERTY = "body", "skip", "fonttbl", "stylesheet", "label", "property"
_BODY_LEVEL = 9
_CHARACTERS = {
    "tab": "\t", "line": "\n", "page": "\n", "column": "\n", "emdash": "—", "endash": "–", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
    "nestcell": " | ", "nestrow": "\n",
}  # fmt: skip
_ENDS = frozenset(("par", "sect", "cell", "row"))
_SYMBOLS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}"}
_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_NUMBERS = {"f": "font", "s": "style", "outlinelevel": "outline", "uc": "skipped_after_unicode"}
_CODECS = {"fcharset": codec_of_charset, "cpg": codec_of_page}
_DATES = ("created", "modified")
_TIME = {"yr": 0, "mo": 1, "dy": 2, "hr": 3, "min": 4}


class _State(NamedTuple):
    """What holds until the end of a group."""

    kind: str = _BODY
    name: str = ""  # of a property, or of a group with paragraphs of its own
    font: int = -1
    skipped_after_unicode: int = 1
    hidden: bool = False
    in_cell: bool = False
    style: int = 0
    outline: int = _BODY_LEVEL


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
        self._state = _State()
        self._stack: list[_State] = []
        self._page = WESTERN
        self._default_font = -1
        self._fonts: dict[int, str | None] = {}
        self._styles: dict[int, tuple[str, int]] = {}
        self._style_name: list[str] = []
        self._properties: dict[str, list[str]] = {}
        self._time: dict[str, list[int]] = {}
        self._counts: Counter[str] = Counter()
        self._bytes = bytearray()
        self._pieces: list[str] | None = None  # where the bytes belong
        self._codec = WESTERN
        self._to_skip = 0
        self._ignorable = self._opened = self._has_header = False
        self.is_complete = False
        self._main, self._notes = RtfFlow(), RtfFlow()
        self._open = [Paragraph()]  # a paragraph with a note or a text box has paragraphs inside it

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
        self.is_complete = self._has_header and not self._stack  # whatever follows is no text
        if ended.kind == _STYLES and self._state.kind == _STYLES:
            self._end_style(ended)
        if ended.name in NOTES_AND_BOXES and ended.name != self._state.name and len(self._open) > 1:
            self._end_paragraph(ended)
            self._open.pop()

    def _take_symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._ignorable = self._opened
            self._opened = False
        elif symbol in "\r\n":
            self._end_paragraph(self._state)
        elif symbol in _SYMBOLS:
            self._add(_SYMBOLS[symbol])

    def _take_word(self, word: str, number: int | None) -> None:
        ignorable, self._ignorable = self._ignorable, False
        state = self._state
        if (self._opened or ignorable) and self._enter(word, ignorable):
            return
        if state.kind == _SKIP:
            if word == "ud" and len(self._stack) > 1:  # the group again, in Unicode
                self._state = self._stack[-2]
        elif word == "u" and number is not None:
            self._add(chr(number & 0xFFFF))
            self._to_skip = max(0, state.skipped_after_unicode)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word in _TIME and state.kind == _PROPERTY and state.name in _DATES:
            self._time.setdefault(state.name, [0, 1, 1, 0, 0])[_TIME[word]] = number or 0
        elif word in _ENDS:
            self._end(word)
        else:
            self._set(word, number)

    def _enter(self, word: str, ignorable: bool) -> bool:
        """Whether a group begins with a word that decides what it holds; then it is entered."""
        state = self._state
        if state.kind == _SKIP:
            return False
        if word in COUNTED:
            self._counts[COUNTED[word]] += 1
            self._state = state._replace(kind=_SKIP)
        elif word in (_FONTS, _STYLES):
            self._state = state._replace(kind=word)
        elif word in INFO:
            self._state = state._replace(kind=_PROPERTY, name=INFO[word])
        elif word in ("listtext", "pntext"):
            self._state = state._replace(kind=_LABEL)
            self._open[-1].label.append("")  # a bullet may be no letter
        elif word in NOTES_AND_BOXES:
            self._open.append(Paragraph())
            self._state = _State(name=word, font=self._default_font)
        elif word in NO_TEXT or (ignorable and word not in INSIDE_UNKNOWN and not self._in_styles(word)):
            self._state = state._replace(kind=_SKIP)
        else:
            return False
        return True

    def _in_styles(self, word: str) -> bool:
        """Whether a group that older programs may pass over is a style, or characters are set in one."""
        return word in ("cs", "ts", "ds") and self._state.kind != _STYLES

    def _end(self, word: str) -> None:
        if self._state.kind != _BODY:
            return
        paragraph = self._open[-1]
        if word in ("par", "sect"):
            self._end_paragraph(self._state)
        elif word == "cell":
            self._target().end_cell(paragraph)
            self._open[-1] = Paragraph()
        else:
            self._target().end_row()

    def _set(self, word: str, number: int | None) -> None:
        """Take a word that sets a property."""
        state = self._state
        value = number or 0
        if word in _NUMBERS:
            changes: dict[str, Any] = {_NUMBERS[word]: value}
            self._state = state._replace(**changes)
        elif state.kind == _FONTS and word in _CODECS:
            self._fonts[state.font] = _CODECS[word](value)
        elif word in ("v", "deleted"):
            self._state = state._replace(hidden=number != 0)
        elif word == "plain":
            self._state = state._replace(font=self._default_font, hidden=False)
        elif word == "pard":
            self._state = state._replace(in_cell=False, style=0, outline=_BODY_LEVEL)
            self._open[-1].level = 0
        elif word == "intbl":
            self._state = state._replace(in_cell=True)
        elif word == "ilvl":
            self._open[-1].level = max(0, min(value, 8))
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
        if state.kind == _BODY:
            return None if state.hidden else self._open[-1].pieces
        if state.kind == _LABEL:
            return None if self._fonts.get(state.font) == SYMBOLS else self._open[-1].label
        if state.kind == _PROPERTY:
            return self._properties.setdefault(state.name, [])
        return self._style_name if state.kind == _STYLES else None

    def _flush(self) -> None:
        """Decode the bytes so far: a character may be made of several."""
        if not self._bytes or self._pieces is None:
            return
        codec = (self._fonts.get(self._state.font) if self._state.kind != _STYLES else None) or self._page
        if codec == SYMBOLS:
            self._pieces.append(self._bytes.decode("ascii", "ignore"))
        else:
            self._pieces.append(self._bytes.decode(codec, "replace"))
        self._bytes.clear()

    def _add(self, text: str) -> None:
        pieces = self._sink()
        if pieces is not None:
            pieces.append(text)

    def _end_style(self, state: _State) -> None:
        name = "".join(self._style_name).strip(" ;").lower()
        self._style_name.clear()
        self._styles[state.style] = (name, state.outline)

    def _target(self) -> RtfFlow:
        return self._notes if self._state.name == "footnote" else self._main

    def _end_paragraph(self, state: _State) -> None:
        if state.kind == _BODY:
            target = self._notes if state.name == "footnote" else self._main
            target.add(self._open[-1], self._heading(state), state.in_cell)
            self._open[-1] = Paragraph(level=self._open[-1].level)

    def _heading(self, state: _State) -> int:
        """Return the level of the heading that a paragraph is; 0 for none."""
        name, outline = self._styles.get(state.style, ("", _BODY_LEVEL))
        if 0 <= state.outline < _BODY_LEVEL:
            return state.outline + 1
        match = re.match(r"heading ([1-9])\b", name)
        if match:
            return int(match[1])
        return 1 if name == "title" else outline + 1 if 0 <= outline < _BODY_LEVEL else 0

    def document(self, name: str) -> Document:
        """Return the document. Raises Skipped when it has no text."""
        self._flush()
        self._state = _State()
        while self._open:
            self._end_paragraph(self._state)
            self._open.pop()
        self._main.end_table()
        text, headings = self._main.flow.join()
        for block in self._notes.flow.blocks:
            self._main.flow.add_paragraph(block.text)
        full_text, _ = self._main.flow.join()
        require_text(full_text)
        marks = (*heading_marks(headings), *endnotes_mark(text, full_text))
        texts = {key: " ".join(clean("".join(pieces)).split()) for key, pieces in self._properties.items()}
        times = {key: "{:04}-{:02}-{:02}T{:02}:{:02}".format(*parts) for key, parts in self._time.items()}
        texts = {key: text for key, text in texts.items() if key not in _DATES}
        title = texts.pop("title", "") or first_heading(marks) or name_as_title(name)
        return Document(
            title, full_text, _MEDIA_TYPE, metadata=standard_metadata(**texts, **times), marks=marks,
            notes=left_out_note(self._counts),
        )  # fmt: skip


READER = Reader("rtf", 1, _MEDIA_TYPE, read, takes_fields=False, takes_encoding=False)
