"""How an answer looks to a person: the sentence that answers first, then where it stands, then the passage.

Pure functions from a hit to text, apart from the command line, which decides what is shown and prints it.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

import click

if TYPE_CHECKING:
    from wherein.ingest.progress.reindex_report import ReindexReport
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.hits import Hit
    from wherein.search.provenance import Provenance

__all__ = ["Look", "basis", "line", "look_of_stdout", "passage", "said", "shown", "wrapped"]

_INDENT = "   "
_NARROWEST = 30
_LEAD_LINES = 2
_ALSO = 5
_ASKED = 2_000
_LONGEST_WORD = 60
_WORD = re.compile(r"\w{3,}")
# Words that say nothing of what is asked for; they are in nearly every sentence.
_FUNCTION_WORDS = frozenset(
    _WORD.findall(
        """
        about all and any are been but can could did does for from had has have her his how into its may might must nor
        not off one our out over shall she should some such than that the their them then there these they this those
        upon was were what when where which while who whom whose why will with would you your
        """
    )
)
# What a line of Markdown begins with.
_MARKUP = re.compile(r"(?:\s|[|#>]|[*-](?=\s))*(?=\S)")
# A document must not steer the terminal: control characters, and those that change the direction of writing.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FRESHNESS = {"fresh": "green", "changed": "yellow", "missing": "red"}

_ANSWER = {"bold": True, "underline": True, "fg": None}

Style = dict[str, Any]
Mark = tuple[int, int, Style]
"""A span of characters and how `click.style` is to show it."""


@dataclass(frozen=True)
class Look:
    """Columns to wrap at, None to leave lines as they are; whether there are colours, and links that can be clicked."""

    width: int | None
    color: bool
    links: bool


def look_of_stdout() -> Look:
    """Return what standard output can show; lines are wrapped on a terminal, and where COLUMNS is set."""
    terminal = sys.stdout.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size().columns if terminal or os.environ.get("COLUMNS") else None
    return Look(max(width, _NARROWEST) if width else None, not plain, not plain)


def passage(
    hit: "Hit", question: str, look: Look, answer: "ExactAnswer | None" = None, *, explain: bool = False
) -> str:
    """Return a hit as lines of text, the first two of which hold the sentence that answers.

    An exact `answer` is underlined wherever it is shown, and stands in [[…]] where there are no colours. With `explain`
    it is told how the score came about.
    """
    text = _printable(hit.text)
    span = (answer.start - hit.start, answer.end - hit.start) if answer else None
    start, end = _lead(hit, text, question, span)
    if span and not look.color:
        text, start, end = _bracketed(text, span, start, end)
    room = look.width - len(_INDENT) - len(" …") if look.width else None
    lead = _one_line(text[start:end])
    marks = [*_words_of(lead, question, bold=True), *_answer_in(lead, text[start:end], span, start)]
    spans = wrapped(lead, room)
    lines = [_styled(lead, first, last, marks, look) for first, last in spans[:_LEAD_LINES]]
    if len(spans) > _LEAD_LINES:
        lines[-1] += " …"
    lines.append(_where(hit, look))
    if answer:
        told = f"answer: {said(answer)}"
        lines += [told[first:last] for first, last in wrapped(told, room)]
    if explain:
        lines += [_paint(part[first:last], look, dim=True)
                  for part in _reasons(hit) for first, last in wrapped(part, room)]  # fmt: skip
    if hit.before or hit.after or lead != _one_line(text):
        marked = (span, _ANSWER) if span else ((start, end), {"underline": True})
        lines += _body(hit, text, marked, question, look, room)
    if hit.also_in:
        lines.append(_elsewhere(hit, look))
    number = f"{hit.rank}.".ljust(len(_INDENT))
    return "\n".join((number if not place else _INDENT) + line for place, line in enumerate(lines)) + "\n"


def _reasons(hit: "Hit") -> list[str]:
    """Return how a hit's score came about, as lines."""
    parts = [f"score {hit.score:.4f}"]
    if hit.dense_score is not None:
        parts.append(f"meaning {hit.dense_score:.4f}{_ranked(hit.dense_rank)}")
    if hit.keyword_score is not None:
        parts.append(f"words (BM25) {hit.keyword_score:.4f}{_ranked(hit.keyword_rank)}")
    if hit.chance is not None:
        parts.append(f"chance {hit.chance:.4f}")
    lines = [f"why: {' · '.join(parts)}"]
    if hit.overlap:
        shares = " · ".join(f"{name} {share:.2f}" for name, share in asdict(hit.overlap).items())
        lines.append(f"of the question: {shares}")
    if hit.matched is not None:
        lines.append(f"matched: {_one_line(_printable(', '.join(hit.matched))) or 'no word'}")
    return lines


def _ranked(rank: int | None) -> str:
    return f" (rank {rank})" if rank else " (not among the best)"


def basis(found: "Provenance") -> str:
    """Return from what an answer was made, in one line."""
    parts = [f"model {found.model} {found.fingerprint}, {found.precision}"] if found.model else []
    if found.model:
        parts.append(f"vectors of generation {found.generation or 'none'} and {found.delta:,} later ones")
    if found.keywords_generation or found.keywords_delta:
        kept = found.keywords_generation or "none"
        parts.append(f"keywords of generation {kept} and {found.keywords_delta:,} later passages")
    return _printable(f"answered from: {'; '.join(parts)}")


def night_lines(night: "ReindexReport") -> list[str]:
    """Return what a reindex found out, one thing a line: the check, the golden questions, why it ended early."""
    lines = []
    if night.recall is not None:
        lines.append(f"checked: recall@10 {night.recall:.3f} against exact search")
    if night.golden is not None:
        lines.append(f"golden questions: mean reciprocal rank {night.golden:.1f} %")
    for moved in night.moved:
        places = f"rank {moved.before or 'none'}, now {moved.after or 'none'}"
        lines.append(_printable(f"  {moved.question}: {places} ({shown(moved.uri)})"))
    if night.outcome == "stopped":
        lines.append(f"stopped: {night.reason}")
    return lines


def line(text: str) -> str:
    """Return any text as one line that a terminal can show."""
    return _one_line(_printable(text))


def said(answer: "ExactAnswer") -> str:
    """Return an exact answer and its score in one printable line."""
    return f"{_one_line(_printable(answer.text))} ({answer.score:.2f})"


def _bracketed(text: str, span: tuple[int, int], start: int, end: int) -> tuple[str, int, int]:
    """Return a text with brackets around `span`, and where `start` and `end` are then; neither was inside of it."""
    first, last = span
    added = len("[[]]")
    marked = f"{text[:first]}[[{text[first:last]}]]{text[last:]}"
    return marked, start + added if start >= last else start, end + added if end >= last else end


def _answer_in(lead: str, original: str, span: tuple[int, int] | None, start: int) -> list[Mark]:
    """Return the mark of an exact answer in the line that was made of `original`, which begins at `start`."""
    if span is None or span[0] < start or span[1] > start + len(original):
        return []
    before = original[: span[0] - start]
    first = len(_one_line(before)) + bool(before.strip() and before[-1:].isspace())
    return [(first, min(len(lead), first + len(_one_line(original[span[0] - start : span[1] - start]))), _ANSWER)]


def _lead(hit: "Hit", text: str, question: str, answer: tuple[int, int] | None) -> tuple[int, int]:
    """Return the span of the nearest sentence, else of that with the exact answer, else with most of the words asked.

    It holds either all of the exact answer or nothing of it.
    """
    from wherein.search.results.sentences import sentence_spans

    spans = sentence_spans(text) or [(0, len(text))]
    if hit.sentence:
        start, end = hit.sentence.start - hit.start, hit.sentence.end - hit.start
    elif answer:
        start, end = next((span for span in spans if span[0] <= answer[0] < span[1]), answer)
    else:
        asked = {word.lower() for word in _asked(question)}
        start, end = max(spans, key=lambda span: _answers(text[slice(*span)], asked))
    if answer and start < answer[1] and answer[0] < end:
        return min(start, answer[0]), max(end, answer[1])
    markup = _MARKUP.match(text, start, end)
    return markup.end() if markup else start, end


def _asked(question: str) -> list[str]:
    """Return the words of a question that tell what is asked for; no more is looked at than a person would write."""
    words = [word for word in _WORD.findall(question[:_ASKED]) if len(word) <= _LONGEST_WORD]
    return [word for word in words if word.lower() not in _FUNCTION_WORDS] or words


def _answers(sentence: str, asked: set[str]) -> float:
    """Return how many words of the question are in a sentence, endings left out; a heading is worth less."""
    words = {word.lower() for word in _WORD.findall(sentence)}
    shared = sum(any(word.startswith(one) or one.startswith(word) for word in words) for one in asked)
    return shared + (1.5 if sentence.endswith((".", "!", "?", ":", "。")) else 0)


def _body(
    hit: "Hit", text: str, marked: tuple[tuple[int, int], Style], question: str, look: Look, room: int | None
) -> Iterator[str]:
    """Yield the lines of a passage and of what stands around it; a span of it is `marked`."""
    (first, last), style = marked
    before, after = _printable(hit.before), _printable(hit.after)
    whole, shift = before + text + after, len(before)
    marks = [(0, shift, {"dim": True}), (shift + len(text), len(whole), {"dim": True}),
             *_words_of(whole, question), (shift + first, shift + last, style)]  # fmt: skip
    first = len(whole) - len(whole.lstrip())
    for start, end in wrapped(whole[first:].rstrip(), room):
        yield _styled(whole, first + start, first + end, marks, look)


def _where(hit: "Hit", look: Look) -> str:
    place = _linked(_place(hit), hit.uri, look)
    title = [hit.title] if hit.title and hit.title not in (*hit.heading, Path(shown(hit.uri)).name) else []
    above = " > ".join(_one_line(_printable(part)) for part in (*title, *hit.heading))
    if look.width:
        around = sum(_columns(part) + len(" · ") for part in (_place(hit), _near(hit), hit.freshness))
        above = _ending(above, look.width - len(_INDENT) - around)
    parts = [place, *([above] if above else []), _near(hit)]
    line = _paint(" · ".join(parts), look, dim=True)
    if hit.freshness in _FRESHNESS:
        line += _paint(" · ", look, dim=True) + _paint(hit.freshness, look, fg=_FRESHNESS[hit.freshness])
    return line


def _ending(text: str, columns: int) -> str:
    """Return as much of the end of a line as fits, nothing where that would tell nothing."""
    if _columns(text) <= columns:
        return text
    words = text.split(" ")
    while words and _columns(" ".join(["…", *words])) > columns:
        del words[0]
    return " ".join(["…", *words]) if words else ""


def _near(hit: "Hit") -> str:
    near = f"{hit.score:.2f}" if hit.distance is None else f"distance {hit.distance:.2f}"
    return near if hit.chance is None else f"{near} ({hit.chance:.0%})".replace("%", " %")


def _place(hit: Any) -> str:
    return f"{shown(hit.uri)}:{hit.line}" + (f" (page {hit.page})" if hit.page else "")


def _elsewhere(hit: "Hit", look: Look) -> str:
    places = [_linked(_place(other), other.uri, look) for other in hit.also_in[:_ALSO]]
    more = f" and {len(hit.also_in) - _ALSO} more" if len(hit.also_in) > _ALSO else ""
    return _paint(f"also in: {', '.join(places)}{more}", look, dim=True)


def shown(uri: str) -> str:
    """Return a file's path in one printable line, relative to the current folder when it lies below it."""
    from wherein.ingest.uri import display, file_path

    path = file_path(uri)
    if path is None:
        return display(uri)
    _, _, key = uri.partition("#")
    here = str(Path.cwd()) + os.sep
    return display(path.removeprefix(here)) + (f"#{key}" if key else "")


def _linked(text: str, uri: str, look: Look) -> str:
    """Return a text that opens the file when it is clicked (OSC 8); a file's URI is printable ASCII."""
    if not look.links or not uri.startswith("file://"):
        return text
    return f"\x1b]8;;{uri.partition('#')[0]}\x1b\\{text}\x1b]8;;\x1b\\"


def wrapped(text: str, width: int | None) -> list[tuple[int, int]]:
    """Return the spans of the lines into which a text falls: its own, those that are too wide cut between words.

    `width` in columns, of which a Chinese character takes two; None leaves the lines as they are.
    """
    spans, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        spans += [(start, end)] if width is None or _columns(line) <= width else _folded(text, start, end, width)
        start = end + 1
    return spans


_PIECE = re.compile(r"\s*\S+")


def _folded(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
    spans, first, last, used = list[tuple[int, int]](), start, start, 0
    for match in _PIECE.finditer(text, start, end):
        begin = match.start()
        if last > first and used + _columns(match.group()) > width:
            spans.append((first, last))
            begin = first = match.end() - len(match.group().lstrip())
            used = 0
        for place in range(begin, match.end()):
            columns = _columns(text[place])
            if used + columns > width:  # a word that is wider than a line
                spans.append((first, place))
                first, used = place, 0
            used += columns
        last = match.end()
    return [*spans, (first, last)]


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _words_of(text: str, question: str, **style: Any) -> list[Mark]:
    words = {re.escape(word) for word in _asked(question)}
    marks: list[Mark] = [(0, len(text), style)] if style else []
    if words:
        pattern = re.compile(rf"\b({'|'.join(sorted(words))})\w{{0,3}}\b", re.IGNORECASE)
        marks += [(match.start(), match.end(), {"fg": "yellow", "bold": True}) for match in pattern.finditer(text)]
    return marks


def _styled(text: str, start: int, end: int, marks: Sequence[Mark], look: Look) -> str:
    """Return characters `start` to `end`, each as the marks over it say."""
    if not look.color:
        return text[start:end]
    here = [mark for mark in marks if mark[0] < end and mark[1] > start]
    edges = sorted({start, end, *(min(max(edge, start), end) for mark in here for edge in mark[:2])})
    parts = list[tuple[str, Style]]()
    for first, last in pairwise(edges):
        style: Style = {}
        for mark in here:
            if mark[0] <= first and last <= mark[1]:
                style |= mark[2]
        before = parts.pop()[0] if parts and parts[-1][1] == style else ""
        parts.append((before + text[first:last], style))
    return "".join(click.style(part, **style) if style else part for part, style in parts)


def _paint(text: str, look: Look, **style: Any) -> str:
    return click.style(text, **style) if look.color else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _printable(text: str) -> str:
    """Return a text of the same length without what would steer a terminal."""
    return _CONTROL.sub("\ufffd", text.replace("\t", " ").replace("\r", " ").replace("\f", " "))
