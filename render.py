"""How an answer looks to a person: the sentence that answers, then its location and score, then the whole passage.

Pure functions from a hit to text; the command line decides what to show and prints it.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

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
from wherein.uri import display_path, display_uri

if TYPE_CHECKING:
    from wherein.ingest.progress.reindex_report import ReindexReport
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.hits import Hit, Place
    from wherein.search.provenance import Provenance

__all__ = [
    "display_path",
    "display_uri",
    "format_exact",
    "format_hit",
    "format_provenance",
    "reindex_lines",
]

_INDENT = "   "
_BY_OCR = "read by OCR"
_LEAD_LINES = 2
_MAX_COPIES = 5
# The words of a question are highlighted up to these lengths, in characters; a person writes no longer ones, and the
# pattern that finds them stays small.
_MAX_QUESTION = 2_000
_MAX_WORD = 60
_WORD = re.compile(r"\w{3,}")
# In nearly every sentence, so they say nothing about which sentence answers.
_FUNCTION_WORDS = frozenset(
    _WORD.findall(
        """
        about all and any are been but can could did does for from had has have her his how into its may might must nor
        not off one our out over shall she should some such than that the their them then there these they this those
        upon was were what when where which while who whom whose why will with would you your
        """
    )
)
# The Markdown markup at the start of a line.
_MARKUP = re.compile(r"(?:\s|[|#>]|[*-](?=\s))*(?=\S)")
_FRESHNESS = {"fresh": "green", "changed": "yellow", "missing": "red"}

# fg None: the answer lies over the question's words, and takes their colour away.
_EXACT_STYLE: Style = {"bold": True, "underline": True, "fg": None}
_SENTENCE_STYLE: Style = {"underline": True}
_CONTEXT_STYLE: Style = {"dim": True}
_WORD_STYLE: Style = {"fg": "yellow", "bold": True}


# A whole hit.


def format_hit(
    hit: "Hit", question: str, terminal: Terminal, exact: "ExactAnswer | None" = None, *, explain: bool = False
) -> str:
    """Return a hit as lines of text; the first two hold the sentence that answers.

    The `exact` answer is underlined, or in [[…]] where there are no colours. With `explain` the parts of the score are
    shown.
    """
    text = printable(hit.text)  # of the same length, so that all offsets still hold
    span = (exact.start - hit.start, exact.end - hit.start) if exact else None
    start, end = _lead_span(hit, text, question, span)
    if span and not terminal.color:
        text, start, end = _add_brackets(text, span, start, end)
    room = terminal.width - len(_INDENT) - len(" …") if terminal.width else None  # the lead may end with it
    lines = [*_lead_lines(text, (start, end), span, question, terminal, room), _location_line(hit, terminal)]
    if exact:
        lines += wrap(f"answer: {format_exact(exact)}", room)
    if explain:
        lines += [terminal.style(line, dim=True) for part in _explain(hit) for line in wrap(part, room)]
    if hit.before or hit.after or collapse(text[start:end]) != collapse(text):  # else the lead is all of it
        mark = (*span, _EXACT_STYLE) if span else (start, end, _SENTENCE_STYLE)
        lines += _passage_lines(hit, text, mark, question, terminal, room)
    if hit.also_in:
        lines.append(_copies_line(hit, terminal))
    first, *others = lines
    number = f"{hit.rank}.".ljust(len(_INDENT))
    return "\n".join([number + first, *(_INDENT + line for line in others)]) + "\n"


def _lead_lines(
    text: str,
    sentence: tuple[int, int],
    exact: tuple[int, int] | None,
    question: str,
    terminal: Terminal,
    room: int | None,
) -> list[str]:
    """Return the sentence that answers, cut after two lines."""
    source = text[slice(*sentence)]
    lead = collapse(source)
    marks = [(0, len(lead), Style(bold=True)), *_question_marks(lead, question)]
    marks += _exact_marks(lead, source, exact, sentence[0])
    spans = wrap_spans(lead, room)
    lines = [terminal.apply_marks(lead, start, end, marks) for start, end in spans[:_LEAD_LINES]]
    if len(spans) > _LEAD_LINES:
        lines[-1] += " …"
    return lines


def _passage_lines(
    hit: "Hit", text: str, mark: Mark, question: str, terminal: Terminal, room: int | None
) -> Iterator[str]:
    """Yield the lines of the passage and its neighbours; `mark` is a span of `text`."""
    start, end, style = mark
    before, after = printable(hit.before), printable(hit.after)
    whole, shift = before + text + after, len(before)
    marks = [
        (0, shift, _CONTEXT_STYLE),
        (shift + len(text), len(whole), _CONTEXT_STYLE),
        *_question_marks(whole, question),
        # Last, because of two marks the later one wins.
        (shift + start, shift + end, style),
    ]
    first = len(whole) - len(whole.lstrip())
    for start, end in wrap_spans(whole[first:].rstrip(), room):
        yield terminal.apply_marks(whole, first + start, first + end, marks)


def _location_line(hit: "Hit", terminal: Terminal) -> str:
    """Return the file and line, the headings above the passage, its score and the file's freshness."""
    location, score = _format_location(hit), _format_score(hit)
    read_by = [_BY_OCR] if hit.recognized else []
    title = [hit.title] if hit.title and hit.title not in (*hit.heading, Path(display_uri(hit.uri)).name) else []
    headings = " > ".join(collapse(printable(part)) for part in (*title, *hit.heading))
    if terminal.width:
        others = sum(display_width(part) + len(" · ") for part in (location, *read_by, score, hit.freshness))
        headings = keep_end(headings, terminal.width - len(_INDENT) - others)
    parts = [terminal.hyperlink(location, hit.uri), *([headings] if headings else []), *read_by, score]
    line = terminal.style(" · ".join(parts), dim=True)
    if hit.freshness in _FRESHNESS:
        line += terminal.style(" · ", dim=True) + terminal.style(hit.freshness, fg=_FRESHNESS[hit.freshness])
    return line


def _copies_line(hit: "Hit", terminal: Terminal) -> str:
    copies = [terminal.hyperlink(_format_location(copy), copy.uri) for copy in hit.also_in[:_MAX_COPIES]]
    least = "at least " if len(hit.also_in) >= MAX_LISTED else ""
    more = f" and {least}{len(hit.also_in) - _MAX_COPIES} more" if len(hit.also_in) > _MAX_COPIES else ""
    return terminal.style(f"also in: {', '.join(copies)}{more}", dim=True)


def _explain(hit: "Hit") -> list[str]:
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
    if hit.matched is not None:
        lines.append(f"matched: {one_line(', '.join(hit.matched)) or 'no words'}")
    if hit.phrases:
        lines.append(f"matched phrases: {one_line(', '.join(hit.phrases))}")
    return lines


# Values on one line.


def format_provenance(provenance: "Provenance") -> str:
    """Return in one line the model and the generations that an answer came from."""
    parts = []
    if provenance.model:
        parts.append(f"model {provenance.model} {provenance.fingerprint}, {provenance.precision}")
        generation = provenance.generation or "none"
        parts.append(f"vectors of generation {generation} and {provenance.delta:,} newer ones")
    if provenance.keywords_generation or provenance.keywords_delta:
        generation = provenance.keywords_generation or "none"
        parts.append(f"keywords of generation {generation} and {provenance.keywords_delta:,} newer passages")
    return printable(f"answered from: {'; '.join(parts)}")


def reindex_lines(report: "ReindexReport") -> list[str]:
    """Return the findings of a reindex as lines: the check, the golden questions, why it ended early."""
    lines = []
    if report.recall is not None:
        lines.append(f"checked: recall@10 {report.recall:.3f} against exact search")
    if report.golden is not None:
        lines.append(f"golden questions: mean reciprocal rank {report.golden:.1f} %")
    for change in report.moved:
        ranks = f"rank {change.before or 'none'}, now {change.after or 'none'}"
        lines.append(printable(f"  {change.question}: {ranks} ({display_uri(change.uri)})"))
    if report.outcome == "stopped":
        lines.append(f"stopped: {report.reason}")
    return lines


def format_exact(exact: "ExactAnswer") -> str:
    """Return an exact answer and its score in one printable line."""
    return f"{one_line(exact.text)} ({exact.score:.2f})"


def _format_location(place: "Hit | Place") -> str:
    return f"{display_uri(place.uri)}:{place.line}" + (f" (page {place.page})" if place.page else "")


def _format_score(hit: "Hit") -> str:
    score = f"{hit.score:.2f}" if hit.distance is None else f"distance {hit.distance:.2f}"
    return score if hit.chance is None else f"{score} ({100 * hit.chance:.0f} %)"


def _format_rank(rank: int | None) -> str:
    return f" (rank {rank})" if rank else " (not a candidate)"


# The sentence that answers.


def _lead_span(hit: "Hit", text: str, question: str, exact: tuple[int, int] | None) -> tuple[int, int]:
    """Return the span of the sentence to show first.

    That is the nearest sentence if it is known, else the one with the exact answer, else the one with most words of the
    question. It contains either all of the exact answer or none of it.
    """
    from wherein.search.results.sentences import sentence_spans

    spans = sentence_spans(text) or [(0, len(text))]
    if hit.sentence:
        start, end = hit.sentence.start - hit.start, hit.sentence.end - hit.start
    elif exact:
        start, end = next((span for span in spans if span[0] <= exact[0] < span[1]), exact)
    else:
        words = {word.lower() for word in _content_words(question)}
        start, end = max(spans, key=lambda span: _rate_sentence(text[slice(*span)], words))
    if exact and start < exact[1] and exact[0] < end:
        return min(start, exact[0]), max(end, exact[1])
    markup = _MARKUP.match(text, start, end)
    return markup.end() if markup else start, end


def _content_words(question: str) -> list[str]:
    """Return the words of a question that say what it is about, or all if there are none."""
    words = [word for word in _WORD.findall(question[:_MAX_QUESTION]) if len(word) <= _MAX_WORD]
    return [word for word in words if word.lower() not in _FUNCTION_WORDS] or words


def _rate_sentence(sentence: str, question_words: set[str]) -> float:
    """Return how many words of the question a sentence has, ignoring endings; a heading is worth less."""
    words = {word.lower() for word in _WORD.findall(sentence)}
    shared = sum(any(word.startswith(one) or one.startswith(word) for word in words) for one in question_words)
    return shared + (1.5 if sentence.endswith((".", "!", "?", ":", "。")) else 0)


def _add_brackets(text: str, span: tuple[int, int], start: int, end: int) -> tuple[str, int, int]:
    """Return a text with `span` in brackets, and `start` and `end` moved accordingly; neither is inside the span."""
    first, last = span
    added = len("[[]]")
    marked = f"{text[:first]}[[{text[first:last]}]]{text[last:]}"
    return marked, start + added if start >= last else start, end + added if end >= last else end


# Marks.


def _question_marks(text: str, question: str) -> list[Mark]:
    """Return a mark for each word of the question in a text, with up to three more letters as its ending."""
    words = {re.escape(word) for word in _content_words(question)}
    if not words:
        return []
    pattern = re.compile(rf"\b({'|'.join(sorted(words))})\w{{0,3}}\b", re.IGNORECASE)
    return [(match.start(), match.end(), _WORD_STYLE) for match in pattern.finditer(text)]


def _exact_marks(lead: str, source: str, exact: tuple[int, int] | None, start: int) -> list[Mark]:
    """Return the mark of the exact answer in `lead`, which is `source` on one line; `source` begins at `start`."""
    if exact is None or exact[0] < start or exact[1] > start + len(source):
        return []
    before, answer = source[: exact[0] - start], source[exact[0] - start : exact[1] - start]
    # Plus the one blank that remains of the white space before the answer.
    first = len(collapse(before)) + bool(before.strip() and before[-1:].isspace())
    return [(first, min(len(lead), first + len(collapse(answer))), _EXACT_STYLE)]
