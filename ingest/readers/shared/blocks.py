"""The blocks of a text (paragraphs, headings, items of lists, rows of tables), written element by element."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from wherein.ingest.readers.shared.headings import Heading

__all__ = ["HYPHEN", "Block", "Page", "Part", "joined"]

_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_VERBATIM = frozenset(("pre", "listing", "xmp", "plaintext"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = frozenset(("td", "th"))
_CONTAINERS = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
    figure footer form frameset header hgroup hr legend li main nav p search section summary table tbody
    tfoot thead tr
"""
_BLOCKS = _LISTS | _VERBATIM | _HEADINGS.keys() | _CELLS | frozenset(_CONTAINERS.split())
HYPHEN = "-"
"""With which items of lists begin."""
_BREAK = "\0"  # stands for <br>; the parser lets no NUL through
_BLANK_LINES = re.compile(r"\n{3,}")
_ROW_LIMIT = 2000
"""A row with more characters than this lays out a page and is no line of a table."""


@dataclass(slots=True)
class Block:
    """A paragraph, heading (`level` 1 to 6), list item, table row or verbatim text.

    Neighbours of one `group` (0 is none) stand on lines of their own without a blank line between them.
    """

    text: str
    level: int = 0
    group: int = 0
    rigid: bool = False


@dataclass(slots=True)
class Part:
    """The blocks from `start` to before `end` are a candidate for the main content."""

    rank: int
    start: int
    end: int


@dataclass(slots=True)
class _Row:
    start: int
    cells: list[int] = field(default_factory=list)
    is_layout: bool = False


@dataclass(slots=True)
class Page:
    """A page while it is rendered: `enter`, `text` and `leave` are called in document order."""

    blocks: list[Block] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    marker: str = HYPHEN  # with which the next item of a list begins
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

    def text(self, text: str) -> None:
        """Add running text."""
        self._inline.append(text)

    def enter(self, tag: str) -> None:
        """Begin an element."""
        if tag == "br":
            self._inline.append("\n" if self._verbatim else _BREAK)
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
        """Keep a term, its synonyms and the first words of its description on neighbouring lines."""
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
        """Make one line of the row's cells, unless headings, tables or long texts are laid out in it."""
        row = self._rows.pop()
        inside = self.blocks[row.start :] if row.cells and not row.is_layout else []
        is_layout = row.is_layout or sum(len(block.text) for block in inside) > _ROW_LIMIT
        if is_layout or inside:
            self._make_layout()
        if is_layout or not inside:
            return
        # A row of one cell holds its columns as paragraphs, as PostgreSQL's function tables do.
        starts = row.cells if len(row.cells) > 1 else range(row.start, len(self.blocks))
        ends = [*starts[1:], len(self.blocks)]
        cells = (_one_line(self.blocks[start:end]) for start, end in zip(starts, ends, strict=True))
        group = self._tables[-1] if self._tables else 0
        self.blocks[row.start :] = [Block(" | ".join(cells), group=group, rigid=True)]
        self.parts[:] = [part for part in self.parts if part.end <= row.start]

    def _make_layout(self) -> None:
        """Note that the row that is open holds what cannot stand on one line, and so do those around it."""
        if self._rows:
            self._rows[-1].is_layout = True

    def flush(self) -> None:
        """End the block that is being written, if there is one."""
        if not self._inline:
            return
        raw = "".join(self._inline)
        self._inline.clear()
        text = raw.strip("\n") if self._verbatim else _collapsed(raw)
        if not text or text.isspace():
            return
        if self._level or self._verbatim:
            self._make_layout()
        if self._level:
            self.blocks.append(Block(text, self._level))
            return
        self.blocks.append(Block(self._bullet + text, 0, self._next_group, self._verbatim > 0))
        self._bullet, self._next_group = "", 0


def joined(blocks: Sequence[Block]) -> tuple[str, list[Heading]]:
    """Join blocks by a blank line, those of one group (a list, a table) by a newline; say where headings begin."""
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


def _collapsed(raw: str) -> str:
    if _BREAK not in raw:
        return " ".join(raw.split())
    lines = (" ".join(line.split()) for line in raw.split(_BREAK))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _one_line(blocks: list[Block]) -> str:
    return " ".join(" ".join(block.text.split()) for block in blocks)
