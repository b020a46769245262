"""The sentence of a passage that is shown first, and the words of the question in it."""

import re
from typing import TYPE_CHECKING

from wherein.render.excerpt import COLUMNS, Span
from wherein.terminal import Mark, Style, collapse, printable

if TYPE_CHECKING:
    from wherein.search.exact_answer import ExactAnswer
    from wherein.search.hits import Hit, Sentence

__all__ = ["lead_span", "line_of", "question_marks", "span_in"]

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
_LINE = re.compile(r"[^\n]+")
# The Markdown markup at the start of a line.
_MARKUP = re.compile(r"(?:\s|[|#>]|[*-](?=\s))*(?=\S)")
_WORD_STYLE: Style = {"fg": "yellow", "bold": True}


def span_in(hit: "Hit", part: "ExactAnswer | Sentence | None") -> Span | None:
    """Return the span in a hit's text of a part that is given by its offsets in the document."""
    return (part.start - hit.start, part.end - hit.start) if part else None


def lead_span(hit: "Hit", text: str, question: str, exact: Span | None) -> Span:
    """Return the span of the sentence to show first.

    That is the nearest sentence if it is known, else the one with the exact answer, else the one with most words of the
    question. It contains either all of the exact answer or none of it.
    """
    from wherein.search.results.sentences import sentence_spans

    spans = sentence_spans(text) or [(0, len(text))]
    words = {word.lower() for word in _content_words(question)}
    if nearest := span_in(hit, hit.sentence):
        start, end = nearest
    elif exact:
        start, end = next((span for span in spans if span[0] <= exact[0] < span[1]), exact)
    else:
        start, end = max(spans, key=lambda span: _rate_sentence(text[slice(*span)], words))
    if exact and start < exact[1] and exact[0] < end:
        return min(start, exact[0]), max(end, exact[1])
    start, end = _best_row(text, _after_heading(hit, text, start, end), end, words)
    markup = _MARKUP.match(text, start, end)
    return markup.end() if markup else start, end


def _after_heading(hit: "Hit", text: str, start: int, end: int) -> int:
    """Return where a sentence begins that follows its heading without a blank line."""
    line = text.find("\n", start, end)
    heading = collapse(text[start:line]).lstrip("# ") if line > 0 else ""
    is_heading = heading and any(collapse(printable(title)).endswith(heading) for title in (hit.title, *hit.heading))
    return line + 1 if is_heading else start


def _best_row(text: str, start: int, end: int, words: set[str]) -> tuple[int, int]:
    """Return the span of the row with most of the words where a "sentence" is a table, which has no full stops."""
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text, start, end)]
    rows = [line for line in lines if COLUMNS.search(text, *line) and any(map(str.isalnum, text[slice(*line)]))]
    if len(rows) > 1:
        start, end = max(rows, key=lambda row: _rate_sentence(text[slice(*row)], words))
    return start, start + len(text[start:end].rstrip(" |"))


def line_of(hit: "Hit", start: int) -> int:
    """Return the line of its document on which character `start` of a hit's text is."""
    return hit.line + hit.text.count("\n", 0, start)


def _content_words(question: str) -> list[str]:
    """Return the words of a question that say what it is about, or all if there are none."""
    words = [word for word in _WORD.findall(question[:_MAX_QUESTION]) if len(word) <= _MAX_WORD]
    return [word for word in words if word.lower() not in _FUNCTION_WORDS] or words


def _rate_sentence(sentence: str, question_words: set[str]) -> float:
    """Return how many words of the question a sentence has, ignoring endings; a heading is worth less."""
    words = {word.lower() for word in _WORD.findall(sentence)}
    shared = sum(any(word.startswith(one) or one.startswith(word) for word in words) for one in question_words)
    return shared + (1.5 if sentence.endswith((".", "!", "?", ":", "。")) else 0)


def question_marks(text: str, question: str) -> list[Mark]:
    """Return a mark for each word of the question in a text, with up to three more letters as its ending."""
    words = {re.escape(word) for word in _content_words(question)}
    if not words:
        return []
    pattern = re.compile(rf"\b({'|'.join(sorted(words))})\w{{0,3}}\b", re.IGNORECASE)
    return [(match.start(), match.end(), _WORD_STYLE) for match in pattern.finditer(text)]
