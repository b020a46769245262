"""The sentence of a passage that is shown first, and the words of the question in it."""

import re
from typing import TYPE_CHECKING

from wherein.render.excerpt import COLUMNS, Span
from wherein.search.results.question_words import QuestionWords, question_words
from wherein.search.results.sentences import SENTENCE_ENDS, sentence_spans
from wherein.terminal import Mark, Style, collapse, printable

if TYPE_CHECKING:
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.hits import Hit, Sentence

__all__ = ["lead_span", "line_of", "question_marks", "span_in"]

_WORD_STYLE: Style = {"fg": "yellow", "bold": True}
_ENDS = (*SENTENCE_ENDS, ":")

_LINE = re.compile(r"[^\n]+")
# The Markdown markup at the start of a line.
_MARKUP = re.compile(r"(?:\s|[|#>]|[*-](?=\s))*(?=\S)")


def span_in(hit: "Hit", part: "ExactAnswer | Sentence | None") -> Span | None:
    """Return the span in a hit's text of a part that is given by its offsets in the document."""
    return (part.start - hit.start, part.end - hit.start) if part else None


def lead_span(hit: "Hit", text: str, question: str, exact: Span | None) -> Span:
    """Return the span of the sentence to show first.

    That is the nearest sentence if it is known, else the one with the exact answer, else the one with most words of the
    question. It contains either all of the exact answer or none of it.
    """
    spans = sentence_spans(text) or [(0, len(text))]
    asked = question_words(question)
    if nearest := span_in(hit, hit.sentence):
        start, end = nearest
    elif exact:
        start, end = next((span for span in spans if span[0] <= exact[0] < span[1]), exact)
    else:
        start, end = max(spans, key=lambda span: _rate_sentence(text[slice(*span)], asked))
    if exact and start < exact[1] and exact[0] < end:
        return min(start, exact[0]), max(end, exact[1])
    start, end = _best_row(hit, text, _after_heading(hit, text, start, end), end, asked)
    markup = _MARKUP.match(text, start, end)
    return markup.end() if markup else start, end


def _after_heading(hit: "Hit", text: str, start: int, end: int) -> int:
    """Return where a sentence begins that follows its heading without a blank line."""
    line = text.find("\n", start, end)
    heading = collapse(text[start:line]).lstrip("# ") if line > 0 else ""
    is_heading = heading and any(collapse(printable(title)).endswith(heading) for title in (hit.title, *hit.heading))
    return line + 1 if is_heading else start


def _best_row(hit: "Hit", text: str, start: int, end: int, asked: QuestionWords) -> tuple[int, int]:
    """Return the span of the row with most of the words where a "sentence" is a table, which has no full stops."""
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text, start, end)]
    is_table = hit.media_type == "text/csv" and "#" not in hit.uri  # else it is the text of one row
    rows = [
        line
        for line in lines
        if (is_table or COLUMNS.search(text, *line)) and any(map(str.isalnum, text[slice(*line)]))
    ]
    if len(rows) > 1:
        start, end = max(rows, key=lambda row: _rate_sentence(text[slice(*row)], asked))
    return start, start + len(text[start:end].rstrip(" |"))


def line_of(hit: "Hit", start: int) -> int:
    """Return the line of its document on which character `start` of a hit's text is."""
    return hit.line + hit.text.count("\n", 0, start)


def _rate_sentence(sentence: str, asked: QuestionWords) -> tuple[bool, float]:
    """Return whether a sentence has words of the question, and how many; a heading is worth less."""
    count = asked.count(sentence)
    return count > 0, count + (1.5 if sentence.endswith(_ENDS) else 0)


def question_marks(text: str, question: str) -> list[Mark]:
    """Return a mark for each word of the question in a text."""
    return [(start, end, _WORD_STYLE) for start, end in question_words(question).spans(text)]
