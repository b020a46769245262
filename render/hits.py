"""How a hit looks on a terminal: the sentence that answers, then its location, then the passage around it.

Pure functions from a hit to text; the command line decides what to show and prints it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wherein.render.excerpt import GAP, Span, join_prose, shown_end, surroundings, trimmed_lines
from wherein.render.lead import lead_span, line_of, question_marks, span_in
from wherein.render.locations import headings_of, location_of
from wherein.render.scores import describe_score
from wherein.search.limits import MAX_LISTED
from wherein.terminal import (
    Mark,
    Style,
    Terminal,
    collapse,
    display_width,
    keep_end,
    one_line,
    printable,
    wrap,
    wrap_spans,
)

if TYPE_CHECKING:
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.hits import Hit, Place

__all__ = ["BY_OCR", "explain_hit", "format_exact", "format_hit"]

BY_OCR = "read by OCR"
_INDENT = "   "
# The margin of lines that do not begin the passage, as wide as the indent, and the end of lines that do not end it.
_MORE_BEFORE, _MORE_AFTER = " … ", " …"
_SEPARATOR = " · "
_LEAD_LINES = 2
# Lines of a hit, and of the passage in it: three hits and the lines between them fit on a terminal of 24 rows.
_MAX_LINES, _MAX_PASSAGE = 6, 4
_MAX_COPIES = 5
_FRESHNESS = {"fresh": "green", "changed": "yellow", "missing": "red"}
_ALARMING = ("changed", "missing")

# fg None: the answer lies over the question's words, and takes their color away.
_EXACT_STYLE: Style = {"bold": True, "underline": True, "fg": None}
_SENTENCE_STYLE: Style = {"underline": True}
_CONTEXT_STYLE: Style = {"dim": True}


# A whole hit.


def format_hit(
    hit: "Hit",
    question: str,
    terminal: Terminal,
    exact: "ExactAnswer | None" = None,
    *,
    explain: bool = False,
    full: bool = False,
) -> str:
    """Return a hit as lines of text; the first ones hold the sentence that answers, the next one its location.

    At most six lines, unless with `full` or with neighboring passages: then the whole passage. The `exact` answer is
    underlined, or in [[…]] where there are no colors. With `explain` the parts of the score are added.
    """
    room = terminal.width - len(_number(hit)) - len(_MORE_AFTER) if terminal.width else None
    drawing = _Drawing.of(hit, question, terminal, room, exact)
    lead, shown = drawing.lead()
    lines = [*_indented([*lead, location_line(hit, terminal, drawing.line)])]
    if exact:
        lines += _indented(wrap(f"answer: {format_exact(exact)}", room))
    copies = [*_indented([_copies_line(hit, terminal, room)])] if hit.also_in else []
    if full or hit.before or hit.after:
        lines += drawing.whole_passage(printable(hit.before), printable(hit.after))
    else:
        lines += drawing.surroundings(shown, min(_MAX_PASSAGE, _MAX_LINES - len(lines) - len(copies)))
    lines += copies
    if explain:
        lines += _indented([terminal.style(line, dim=True) for part in explain_hit(hit) for line in wrap(part, room)])
    lines[0] = _number(hit) + lines[0].removeprefix(_INDENT)
    return "".join(f"{line}\n" for line in lines)


def _number(hit: "Hit") -> str:
    return f"{hit.rank}. ".ljust(len(_INDENT))


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (_INDENT + line for line in lines)


@dataclass(frozen=True)
class _Drawing:
    """What the lines of a hit are drawn from: spans of its `text`, which is printable, and `room` columns, or None.

    `line` is that of the sentence in its document.
    """

    text: str
    sentence: Span
    exact: Span | None
    line: int
    question: str
    terminal: Terminal
    room: int | None

    @classmethod
    def of(
        cls, hit: "Hit", question: str, terminal: Terminal, room: int | None, exact: "ExactAnswer | None"
    ) -> "_Drawing":
        """Return what a hit is drawn from; without colors its exact answer is in brackets."""
        text = printable(hit.text)  # of the same length, so that all offsets still hold
        span = span_in(hit, exact)
        start, end = lead_span(hit, text, question, span)
        line = line_of(hit, start)
        if span and not terminal.color:
            text, start, end = _add_brackets(text, span, start, end)
        return cls(text, (start, end), span, line, question, terminal, room)

    def lead(self) -> tuple[list[str], int]:
        """Return the sentence that answers, cut after two lines, and where what is shown of it ends in the text."""
        start, end = self.sentence
        source = self.text[start:end]
        lead = collapse(source)
        marks = [(0, len(lead), Style(bold=True)), *question_marks(lead, self.question)]
        marks += _exact_marks(lead, source, self.exact, start)
        spans = wrap_spans(lead, self.room)
        lines = [self.terminal.apply_marks(lead, *span, marks) for span in spans[:_LEAD_LINES]]
        if len(spans) <= _LEAD_LINES:
            return lines, end
        lines[-1] += _MORE_AFTER
        return lines, start + shown_end(source, lead[: spans[_LEAD_LINES - 1][1]])

    def surroundings(self, shown: int, most: int) -> Iterator[str]:
        """Yield at most `most` lines of the passage around the sentence; it has been shown up to `shown`."""
        text = join_prose(self.text)
        marks = [*question_marks(text, self.question), *([(*self.exact, _EXACT_STYLE)] if self.exact else [])]
        around = surroundings(text, (self.sentence[0], shown), self.room, most)
        before, after = self._styled(text, around.before, marks), self._styled(text, around.after, marks)
        if before:
            before[-1] += GAP
        if after and around.is_followed:
            after[-1] += _MORE_AFTER
        for at, line in enumerate((*before, *after)):
            yield (_MORE_BEFORE if at == 0 and before and around.is_preceded else _INDENT) + line

    def whole_passage(self, before: str, after: str) -> Iterator[str]:
        """Return the lines of the passage and its neighbors; none if the sentence is all of it."""
        start, end = self.sentence
        if not (before or after) and collapse(self.text[start:end]) == collapse(self.text):
            return iter(())
        whole, shift = before + self.text + after, len(before)
        first, last, style = (*self.exact, _EXACT_STYLE) if self.exact else (start, end, _SENTENCE_STYLE)
        marks = [
            (0, shift, _CONTEXT_STYLE),
            (shift + len(self.text), len(whole), _CONTEXT_STYLE),
            *question_marks(whole, self.question),
            # Last, because of two marks the later one wins.
            (shift + first, shift + last, style),
        ]
        return _indented(self._styled(whole, trimmed_lines(whole, self.room), marks))

    def _styled(self, text: str, lines: Sequence[Span], marks: Sequence[Mark]) -> list[str]:
        # Each line gets its own marks: to look at all of them for each would take quadratic time.
        own, ends = [list[Mark]() for _ in lines], [end for _, end in lines]
        for mark in marks:
            first, last = bisect_right(ends, mark[0]), bisect_left(lines, (mark[1],))
            for over in own[first:last]:
                over.append(mark)
        return [self.terminal.apply_marks(text, *line, over) for line, over in zip(lines, own, strict=True)]


def location_line(hit: "Hit", terminal: Terminal, line: int) -> str:
    """Return the location of the sentence on this line, how likely the hit answers and whether its file has changed.

    Where the line is full, an unchanged file is not mentioned; then headings are cut, and at last the location.
    """
    location = location_of(hit, hit.media_type, line)
    headings = headings_of(hit, location)
    about = [*([BY_OCR] if hit.recognized else []), describe_score(hit)]
    freshness = [hit.freshness]
    if terminal.width:
        room = terminal.width - len(_INDENT)
        if hit.freshness not in _ALARMING and display_width(_joined(str(location), *about, hit.freshness)) > room:
            freshness = []
        room -= display_width(_joined("", *about, *freshness))
        location = location.fitted(room)
        headings = keep_end(headings, room - display_width(_joined(str(location), "")))
    link = terminal.hyperlink(str(location), hit.uri)
    shown = terminal.style(_joined(link, *filter(None, [headings]), *about, *[""] * len(freshness)), dim=True)
    return shown + "".join(terminal.style(state, fg=_FRESHNESS.get(state)) for state in freshness)


def _joined(*parts: str) -> str:
    return _SEPARATOR.join(parts)


def _copies_line(hit: "Hit", terminal: Terminal, room: int | None) -> str:
    """Return in one line the locations of near-copies: as many of the first as fit, at least one, and how many more."""
    locations = [location_of(copy, _copy_type(hit, copy)) for copy in hit.also_in[:_MAX_COPIES]]
    while room and display_width(_list_copies([*map(str, locations)], hit)) > room:
        if len(locations) == 1:
            locations = [locations[0].fitted(room - display_width(_list_copies([""], hit)))]
            break
        locations.pop()
    copies = zip(locations, hit.also_in, strict=False)
    return terminal.style(_list_copies([terminal.hyperlink(str(one), copy.uri) for one, copy in copies], hit), dim=True)


def _copy_type(hit: "Hit", copy: "Place") -> str:
    """Return the media type of a copy: that of the hit, if their names end alike."""
    return hit.media_type if PurePosixPath(copy.uri).suffix == PurePosixPath(hit.uri).suffix else ""


def _list_copies(shown: Sequence[str], hit: "Hit") -> str:
    least = "at least " if len(hit.also_in) >= MAX_LISTED else ""
    more = f" and {least}{len(hit.also_in) - len(shown)} more" if len(hit.also_in) > len(shown) else ""
    return f"also in: {', '.join(shown)}{more}"


def explain_hit(hit: "Hit") -> list[str]:
    """Return the parts of a hit's score, as lines."""
    parts = [f"score {hit.score:.4f}"]
    if hit.dense_score is not None:
        parts.append(f"meaning {hit.dense_score:.4f}{_format_rank(hit.dense_rank)}")
    if hit.keyword_score is not None:
        parts.append(f"words (BM25) {hit.keyword_score:.4f}{_format_rank(hit.keyword_rank)}")
    if hit.chance is not None:
        parts.append(f"chance {hit.chance:.4f}")
    lines = [f"why: {' · '.join(parts)}"]
    if hit.overlap:
        shares = " · ".join(f"{name} {share:.2f}" for name, share in asdict(hit.overlap).items())
        lines.append(f"overlap with the question: {shares}")
    if hit.trust is not None and hit.trust < 1:
        lines.append(f"weight of meaning beside words: {hit.trust:.2f}, because the model knows little of the question")
    if hit.matched is not None:
        lines.append(f"matched: {one_line(', '.join(hit.matched)) or 'no words'}")
    if hit.phrases:
        lines.append(f"matched phrases: {one_line(', '.join(hit.phrases))}")
    return lines


# Values on one line.


def format_exact(exact: "ExactAnswer") -> str:
    """Return an exact answer and its score in one printable line."""
    return f"{one_line(exact.text)} ({exact.score:.2f})"


def _format_rank(rank: int | None) -> str:
    return f" (rank {rank})" if rank else " (not a candidate)"


# The exact answer.


def _add_brackets(text: str, span: tuple[int, int], start: int, end: int) -> tuple[str, int, int]:
    """Return a text with `span` in brackets, and `start` and `end` moved accordingly; neither is inside the span."""
    first, last = span
    added = len("[[]]")
    marked = f"{text[:first]}[[{text[first:last]}]]{text[last:]}"
    return marked, start + added if start >= last else start, end + added if end >= last else end


def _exact_marks(lead: str, source: str, exact: tuple[int, int] | None, start: int) -> list[Mark]:
    """Return the mark of the exact answer in `lead`, which is `source` on one line; `source` begins at `start`."""
    if exact is None or exact[0] < start or exact[1] > start + len(source):
        return []
    before, answer = source[: exact[0] - start], source[exact[0] - start : exact[1] - start]
    # Plus the one blank that remains of the white space before the answer.
    first = len(collapse(before)) + bool(before.strip() and before[-1:].isspace())
    return [(first, min(len(lead), first + len(collapse(answer))), _EXACT_STYLE)]
