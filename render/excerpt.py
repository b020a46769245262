"""The text around the sentence that answers, in a few lines."""

import re
from dataclasses import dataclass

from wherein.terminal import wrap_spans

__all__ = ["COLUMNS", "GAP", "Excerpt", "Span", "join_prose", "shown_end", "surroundings", "trimmed_lines"]

GAP = " […]"
"""Stands for the sentence, which was shown already, after what precedes it."""

COLUMNS = re.compile(r"\||\S {3,}\S")
"""Found in a row of a table."""

Span = tuple[int, int]

# A long line before one that begins with a word: a paragraph that was broken to fit a page, unless it is code or a row
# of a table, which have more signs than prose has.
_BROKEN = re.compile(r"""^([^\n]{50,})\n(?=[^\W\d_]|\d+(?![\d.)])|["'“‘(`])""", re.MULTILINE)
_MIN_LETTERS = 0.85
# What draws a line: under a heading, between the rows of a table, around code.
_RULE = re.compile(r"[-=_*+~`|:.>#\s]*")


@dataclass(frozen=True)
class Excerpt:
    """The spans of lines before and after a sentence, and whether more precede and follow these."""

    before: list[Span]
    after: list[Span]
    is_preceded: bool
    is_followed: bool


def surroundings(text: str, sentence: Span, width: int | None, most: int) -> Excerpt:
    """Return at most `most` lines of what follows a sentence, and where that is less, of what precedes it.

    Lines are no wider than `width`, with the gap after the last one before the sentence. Blank lines, rules and the
    indentation that all lines share are left out.
    """
    before = _lines(text, 0, sentence[0], width and width - len(GAP))
    after = _lines(text, sentence[1], len(text), width)
    most = max(most, 0)
    last, first = after[:most], len(before) - min(len(before), max(0, most - len(after)))
    shown = [*before[first:], *last]
    shared = min((_indentation(text, line) for line in shown if _begins_line(text, line)), default=0)
    spans = [(start + min(shared, _indentation(text, (start, end))), end) for start, end in shown]
    count = len(before) - first
    return Excerpt(spans[:count], spans[count:], first > 0, len(last) < len(after))


def _lines(text: str, start: int, end: int, width: int | None) -> list[Span]:
    """Return the lines of a part of a text that say something."""
    spans = [(start + first, start + last) for first, last in wrap_spans(text[start:end], width)]
    if spans and not _begins_line(text, spans[0]):  # the rest of a line
        first, last = spans[0]
        spans[0] = first + _indentation(text, spans[0]), last
    lines = [(first, first + len(text[first:last].rstrip())) for first, last in spans]
    return [line for line in lines if not _RULE.fullmatch(text, *line)]


def _begins_line(text: str, span: Span) -> bool:
    return span[0] == 0 or text[span[0] - 1] == "\n"


def _indentation(text: str, span: Span) -> int:
    line = text[slice(*span)]
    return len(line) - len(line.lstrip())


def trimmed_lines(text: str, width: int | None) -> list[Span]:
    """Return all lines of a text, no wider than `width`, without the blanks before the first and after the last."""
    first = len(text) - len(text.lstrip())
    return [(first + start, first + end) for start, end in wrap_spans(text[first:].rstrip(), width)]


def join_prose(text: str) -> str:
    """Return a text of the same length in which the lines of a paragraph are one line."""
    return _BROKEN.sub(lambda broken: f"{broken[1]}{' ' if _is_prose(broken[1]) else chr(10)}", text)


def _is_prose(line: str) -> bool:
    letters = sum(char.isalpha() or char.isspace() for char in line)
    return letters >= _MIN_LETTERS * len(line) and not COLUMNS.search(line)


def shown_end(source: str, shown: str) -> int:
    """Return the end of `shown`, the beginning of a text with its blanks collapsed, in that text."""
    letters = len("".join(shown.split()))
    ends = (at for at, char in enumerate(source, 1) if not char.isspace())
    return next((at for count, at in enumerate(ends, 1) if count == letters), 0)
