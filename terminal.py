"""Text for a terminal: what it can show, lines that fit it, styles, and nothing that would control it."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self
from unicodedata import category, east_asian_width

import click

__all__ = [
    "Mark",
    "Style",
    "Terminal",
    "collapse",
    "display_width",
    "keep_end",
    "keep_start",
    "one_line",
    "printable",
    "row_count",
    "shorten_path",
    "wrap",
    "wrap_spans",
]

_MIN_WIDTH = 30
_SEPARATORS = " ,;:"
_PIECE = re.compile(r"\s*\S+")
# A document must not control the terminal: control characters, and those that change the direction of writing.
# Some terminals obey U+0080 to U+009F like an escape. `printable` replaces tab, carriage return and form feed.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# As `Terminal.hyperlink` writes them.
_HYPERLINK = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\")

Style = dict[str, Any]
"""Keyword arguments of `click.style`."""

Mark = tuple[int, int, Style]
"""A span of characters, from start to end, and its style."""


@dataclass(frozen=True)
class Terminal:
    """What the output can show: `width` columns (None: lines are not wrapped), colors, and clickable links.

    `height` is in rows; None where the output is no terminal.
    """

    width: int | None
    color: bool
    links: bool
    height: int | None = None

    @classmethod
    def of_stdout(cls) -> Self:
        """Return what standard output can show; lines are wrapped on a terminal, and where COLUMNS is set."""
        is_terminal = sys.stdout.isatty()
        # NO_COLOR counts unless it is empty (https://no-color.org).
        is_rich = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        columns, rows = shutil.get_terminal_size()
        width = max(columns, _MIN_WIDTH) if is_terminal or os.environ.get("COLUMNS") else None
        return cls(width, is_rich, is_rich, rows if is_terminal else None)

    def style(self, text: str, **style: Any) -> str:
        """Return a text in a style of `click.style`, or as it is where there are no colors."""
        return click.style(text, **style) if self.color else text

    def hyperlink(self, text: str, uri: str) -> str:
        """Return a text that opens its file when it is clicked (OSC 8); a file's URI is printable ASCII."""
        if not self.links or not uri.startswith("file://"):
            return text
        # Without the key of a record, which the program that opens the file does not know.
        return f"\x1b]8;;{uri.partition('#')[0]}\x1b\\{text}\x1b]8;;\x1b\\"

    def apply_marks(self, text: str, start: int, end: int, marks: Sequence[Mark]) -> str:
        """Return characters `start` to `end` in the styles of the marks over them; of two marks the later one wins."""
        if not self.color:
            return text[start:end]
        over = [mark for mark in marks if mark[0] < end and mark[1] > start]
        edges = sorted({start, end, *(min(max(edge, start), end) for mark in over for edge in mark[:2])})
        parts = list[tuple[str, Style]]()
        for first, last in pairwise(edges):
            style: Style = {}
            for mark in over:
                if mark[0] <= first and last <= mark[1]:
                    style |= mark[2]
            # Neighbors of one style are joined, so that no more escapes are printed than necessary.
            before = parts.pop()[0] if parts and parts[-1][1] == style else ""
            parts.append((before + text[first:last], style))
        return "".join(click.style(part, **style) if style else part for part, style in parts)


def one_line(text: str) -> str:
    """Return any text as one printable line."""
    return collapse(printable(text))


def wrap_spans(text: str, width: int | None) -> list[tuple[int, int]]:
    """Return the spans of the lines of a text; lines that are too wide are split between words.

    `width` is in columns, of which a Chinese character takes two; None keeps the lines as they are.
    """
    spans, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        spans += (
            [(start, end)] if width is None or display_width(line) <= width else _wrap_line(text, start, end, width)
        )
        start = end + 1
    return spans


def _wrap_line(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
    spans, first, last, used = list[tuple[int, int]](), start, start, 0
    for match in _PIECE.finditer(text, start, end):
        begin = match.start()
        if last > first and used + display_width(match.group()) > width:
            spans.append((first, last))
            begin = first = match.end() - len(match.group().lstrip())
            used = 0
        for index in range(begin, match.end()):
            taken = display_width(text[index])
            if used + taken > width:  # a word that is wider than a line
                spans.append((first, index))
                first, used = index, 0
            used += taken
        last = match.end()
    return [*spans, (first, last)]


def wrap(line: str, width: int | None) -> list[str]:
    """Return a text as lines that are no wider than `width`, see `wrap_spans`."""
    return [line[start:end] for start, end in wrap_spans(line, width)]


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    # Not by `combining`, which is 0 for most vowels above and below Thai and Indian letters.
    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def collapse(text: str) -> str:
    """Return a text on one line, with each run of blanks as one space."""
    return " ".join(text.split())


def printable(text: str) -> str:
    """Return a text of the same length without characters that control the terminal."""
    return _CONTROL.sub("\ufffd", text.replace("\t", " ").replace("\r", " ").replace("\f", " "))


def row_count(text: str, width: int) -> int:
    """Return how many rows of a terminal of `width` columns the lines of a text take; its styles take none."""
    lines = click.unstyle(_HYPERLINK.sub("", text)).splitlines()
    return sum(max(1, -(-display_width(line) // width)) for line in lines)


def keep_start(text: str, width: int) -> str:
    """Return the beginning of a line, with an ellipsis after the last word that fits whole, if any does."""
    if display_width(text) <= width:
        return text
    cut = _fitting(text, width - 1)
    words = cut if text[len(cut) : len(cut) + 1].isspace() else cut.rpartition(" ")[0]
    return f"{(words or cut).rstrip(_SEPARATORS)}…"


def shorten_path(path: str, width: int) -> str:
    """Return the end of a path, with an ellipsis for its first folders; of a long name, its last characters."""
    if display_width(path) <= width:
        return path
    rest = path
    while (rest := rest.partition("/")[2]) and display_width(rest) > width - 2:
        pass
    return f"…/{rest}" if rest else f"…{_fitting(path[::-1], width - 1)[::-1]}"


def _fitting(text: str, width: int) -> str:
    """Return as many of the first characters of a line as fit."""
    used = 0
    for index, char in enumerate(text):
        used += display_width(char)
        if used > width:
            return text[:index]
    return text


def keep_end(text: str, width: int) -> str:
    """Return as many of the last words of a line as fit, with an ellipsis; nothing if none fits."""
    if display_width(text) <= width:
        return text
    words = text.split(" ")
    while words and display_width(" ".join(["…", *words])) > width:
        del words[0]
    return " ".join(["…", *words]) if words else ""
