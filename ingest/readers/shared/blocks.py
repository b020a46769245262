"""Blocks of text (paragraphs, headings, list items, table rows), made from elements with the names of HTML's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from wherein.ingest.readers.shared.headings import Heading

__all__ = ["HYPHEN", "Block", "BlockWriter", "Candidate", "join_blocks"]

_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_VERBATIM = frozenset(("pre", "listing", "xmp", "plaintext"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = frozenset(("td", "th"))
_CONTAINERS = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
    figure footer form frameset header hgroup hr legend li main nav optgroup option p search section summary
    table tbody tfoot thead tr
"""
_BLOCKS = _LISTS | _VERBATIM | _HEADINGS.keys() | _CELLS | frozenset(_CONTAINERS.split())
HYPHEN = "-"
"""What list items begin with."""
_CLOSING = frozenset(".,;:!?%)]}\"'”’»")
_UNIT = re.compile(r"(?<![^\W\d_])(?:[kcdmµμ]?m|ft|mi|yd)\Z")  # of length, whose powers are written together
_SIGNS = frozenset("+-−")
_BREAK = "\0"  # stands for a line break; no reader lets a NUL character through
_BLANK_LINES = re.compile(r"\n{3,}")
# Pages of the older web are laid out by tables, whose cells hold whole columns of text.
_MAX_ROW_LENGTH = 2000
"""A row with more characters than this lays out a page; it is not a row of data."""


@dataclass(slots=True)
class Block:
    """A paragraph, heading (`level` 1 to 6), list item, table row or verbatim text.

    Adjacent blocks of one `group` (0 is none) are separated by a newline instead of a blank line.
    """

    text: str
    level: int = 0
    group: int = 0


@dataclass(slots=True)
class Candidate:
    """The blocks from `start` to before `end` may be the main content; the lowest `rank` is preferred."""

    rank: int
    start: int
    end: int


class _Edge(Enum):
    """The position of the next piece in the running text, as far as superscripts matter."""

    NONE = auto()
    BEGIN = auto()
    END = auto()


@dataclass(slots=True)
class _Row:
    start: int
    cells: list[int] = field(default_factory=list)
    is_layout: bool = False


@dataclass(slots=True)
class BlockWriter:
    """Makes blocks of a document whose elements are reported in order, by `enter`, `text` and `leave`.

    `marker` is what the next list item begins with. `candidates` is filled by whoever looks for the main content.
    """

    blocks: list[Block] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    marker: str = HYPHEN
    _inline: list[str] = field(default_factory=list)
    _verbatim: int = 0
    _level: int = 0
    _bullet: str = ""
    _lists: int = 0
    _list_group: int = 0
    _term_group: int = 0
    _after_term: bool = False
    _next_group: int = 0  # the group of the next block
    _groups: int = 0
    _tables: list[int] = field(default_factory=list)
    _rows: list[_Row] = field(default_factory=list)
    _edge: _Edge = _Edge.NONE

    def text(self, text: str) -> None:
        """Add running text."""
        if self._edge is not _Edge.NONE and text:
            if self._inline and _is_apart(self._inline[-1], self._edge, text):
                self._inline.append(" ")
            self._edge = _Edge.NONE
        self._inline.append(text)

    def enter(self, tag: str) -> None:
        """Begin an element."""
        if tag == "br":
            self._inline.append("\n" if self._verbatim else _BREAK)
        elif tag == "sup":
            self._edge = _Edge.BEGIN
        elif tag not in _BLOCKS:
            return
        elif self._verbatim:
            self._end_line()
            self._verbatim += tag in _VERBATIM
        else:
            self.flush()
            self._begin(tag)

    def leave(self, tag: str) -> None:
        """End an element."""
        if tag == "sup":
            self._edge = _Edge.END
        if tag not in _BLOCKS:
            return
        if self._verbatim:
            self._end_line()
            if tag in _VERBATIM:
                if self._verbatim == 1:
                    self.flush()
                self._verbatim -= 1
            return
        self.flush()
        self._end(tag)

    def _begin(self, tag: str) -> None:
        if tag in _LISTS or tag == "li":
            self._begin_list(tag)
        elif tag in ("dt", "dd"):
            self._begin_term(tag)
        elif tag in ("table", "tr") or tag in _CELLS:
            self._begin_table(tag)
        elif tag in _VERBATIM:
            self._verbatim = 1
        elif tag in _HEADINGS:
            self._level = _HEADINGS[tag]

    def _end(self, tag: str) -> None:
        if tag in _LISTS:
            self._lists -= 1
        elif tag == "li":
            self._bullet, self._next_group = "", 0
        elif tag == "dt":
            self._after_term = True
        elif tag == "table":
            self._tables.pop()
        elif tag == "tr":
            self._end_row()
        elif tag in _HEADINGS:
            self._level = 0

    def _begin_list(self, tag: str) -> None:
        if tag == "li":
            self._bullet = f"{'  ' * (self._lists - 1)}{self.marker} "
            self._next_group = self._list_group
            return
        if not self._lists:
            self._list_group = self._new_group()
        self._lists += 1

    def _begin_term(self, tag: str) -> None:
        """Keep a term, its synonyms and the start of its description on adjacent lines."""
        if tag == "dt" and not self._after_term:
            self._term_group = self._new_group()
        self._after_term = False
        self._next_group = self._term_group

    def _begin_table(self, tag: str) -> None:
        if tag == "table":
            self._tables.append(self._new_group())
        elif tag == "tr":
            self._rows.append(_Row(len(self.blocks)))
        elif self._rows:
            self._rows[-1].cells.append(len(self.blocks))

    def _new_group(self) -> int:
        self._groups += 1
        return self._groups

    def _end_line(self) -> None:
        if self._inline and not self._inline[-1].endswith("\n"):
            self._inline.append("\n")

    def _end_row(self) -> None:
        """Make one line of the row's cells, unless the row lays out headings, tables or long texts."""
        row = self._rows.pop()
        content = self.blocks[row.start :] if row.cells and not row.is_layout else []
        is_layout = row.is_layout or sum(len(block.text) for block in content) > _MAX_ROW_LENGTH
        if is_layout or content:
            self._mark_row_as_layout()
        if is_layout or not content:
            return
        # A row of one cell holds its columns as paragraphs, as PostgreSQL's function tables do.
        starts = row.cells if len(row.cells) > 1 else range(row.start, len(self.blocks))
        ends = [*starts[1:], len(self.blocks)]
        cells = (_one_line(self.blocks[start:end]) for start, end in zip(starts, ends, strict=True))
        group = self._tables[-1] if self._tables else 0
        self.blocks[row.start :] = [Block(" | ".join(cells), group=group)]
        while self.candidates and self.candidates[-1].end > row.start:
            self.candidates.pop()

    def _mark_row_as_layout(self) -> None:
        """Note that the content of the open row, and so of the rows around it, does not fit on one line."""
        if self._rows:
            self._rows[-1].is_layout = True

    def flush(self) -> None:
        """End the current block, if there is one."""
        if not self._inline:
            return
        raw = "".join(self._inline)
        self._inline.clear()
        text = raw.strip("\n") if self._verbatim else _collapsed(raw)
        if not text or text.isspace():
            return
        if self._level or self._verbatim:
            self._mark_row_as_layout()
        if self._level:
            self.blocks.append(Block(text, self._level))
            return
        self.blocks.append(Block(self._bullet + text, 0, self._next_group))
        self._bullet, self._next_group = "", 0


def join_blocks(blocks: Sequence[Block]) -> tuple[str, list[Heading]]:
    """Return the text and its headings; blocks of one group (list, table) are joined by one newline, others by two."""
    parts: list[str] = []
    headings: list[Heading] = []
    length = group = 0
    for block in blocks:
        gap = "" if not parts else "\n" if block.group and block.group == group else "\n\n"
        length += len(gap)
        if block.level:
            headings.append(Heading(length, block.level, " ".join(block.text.split())))
        parts += (gap, block.text)
        length += len(block.text)
        group = block.group
    return "".join(parts), headings


def _is_apart(before: str, edge: _Edge, text: str) -> bool:
    """Whether a blank keeps digits in a superscript apart: those of a note, an exponent or an isotope, but not m²."""
    last = before[-1:]
    if edge is _Edge.END:
        return last.isdigit() and text[0].isalpha()
    is_number = text[0].isdigit() or (text[0] in _SIGNS and text[1:2].isdigit())
    is_unit = text in ("2", "3") and _UNIT.search(before) is not None
    return is_number and not is_unit and (last.isalnum() or last in _CLOSING)


def _collapsed(raw: str) -> str:
    if _BREAK not in raw:
        return " ".join(raw.split())
    lines = (" ".join(line.split()) for line in raw.split(_BREAK))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _one_line(blocks: list[Block]) -> str:
    return " ".join(" ".join(block.text.split()) for block in blocks)
