"""A document's text cut into chunks that fit the model, at the best boundaries.

Every character lies in a chunk. A chunk ends before a heading, else after a paragraph, else after a sentence or
line, else between words; the next one begins a sentence or two earlier, so that nothing loses its context.
Alternatives that were tried: docs/decisions/chunking.md.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from wherein.embed.tokenizer import Tokenizer, Words
from wherein.ingest.document import Mark
from wherein.storage.catalog.sentence_signs import CLOSING, ENDS, UNSPACED_CLOSING, UNSPACED_ENDS

__all__ = ["CHUNKER_VERSION", "Span", "chunk", "chunk_words"]

# Raise it whenever the same text would be cut at other offsets: every document is then chunked again.
CHUNKER_VERSION = 3

_OVERLAP_TOKENS = 40  # 80 and more cost tokens and find nothing more (docs/decisions/chunking.md)
_MAX_CHARACTERS = 6_000
# Of equally good cuts one in `_ONE_IN` is preferred, by a hash of the `_HASHED` characters that follow it.
_ONE_IN, _HASHED = 3, 40
_HEADING, _PARAGRAPH, _SENTENCE, _BLANK, _FORCED = 4, 3, 2, 1, 5

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(
    rf"""[{ENDS}{UNSPACED_ENDS}][{CLOSING}{UNSPACED_CLOSING}]*\s+ | [{UNSPACED_ENDS}]+[{UNSPACED_CLOSING}]* | \n\s*""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s+")
# A row of a table, as the readers write it: the end of a sentence in a cell is not the end of the row.
_ROW = re.compile(r"^.*?(?:\t| \| ).*", re.MULTILINE)

Ranks = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end`; `mark` is the page and heading where its own text (after the overlap) begins.

    `words` are the indices of its first word and of the word after its last.
    """

    start: int
    end: int
    mark: Mark
    words: tuple[int, int]


@dataclass(frozen=True)
class _CutRanks:
    """A text in words: word i is at character `start[i]`, after `before[i]` tokens; a cut before it has `rank[i]`."""

    text: str
    start: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]
    rank: Ranks


def chunk(text: str, marks: Sequence[Mark], tokenizer: Tokenizer) -> list[Span]:
    """Cut `text` into spans of at most `tokenizer.passage_tokens` tokens.

    Returns an empty list for a text without a single token.
    """
    return chunk_words(text, marks, tokenizer.words(text), tokenizer.passage_tokens)


def chunk_words(text: str, marks: Sequence[Mark], words: Words, budget: int) -> list[Span]:
    """Do the same with a text that is already split into `words`; `budget` is in tokens."""
    if not len(words.start):
        return []
    if _is_one_chunk(words, marks, budget):  # as most records are: where they could be cut need not be looked for
        return [Span(0, len(text), _mark(marks, int(words.start[0])), (0, len(words.start)))]
    cuttable = _cuttable(text, words, marks)
    spans, first, own = [], 0, 0
    while own < len(cuttable.start):
        cut = _cut(cuttable, first, own, budget)
        spans.append(_span(text, cuttable, marks, first, own, cut))
        first, own = _overlap(cuttable, first, cut), cut
    return spans


def _is_one_chunk(words: Words, marks: Sequence[Mark], budget: int) -> bool:
    """Whether a text fits into one chunk, and nothing in it begins another."""
    fits = int(words.before[-1]) <= budget and int(words.start[-1] - words.start[0]) <= _MAX_CHARACTERS
    return fits and not words.breaks and len({mark.heading for mark in marks}) <= 1


def _cuttable(text: str, words: Words, marks: Sequence[Mark]) -> _CutRanks:
    rank = np.zeros(len(words.start) + 1, dtype=np.int8)
    headings = [b.start for a, b in pairwise(marks) if a.heading != b.heading]
    # The strongest last, because a later rank replaces an earlier one at the same word.
    for offsets, value in (
        ([m.end() for m in _BLANKS.finditer(text)], _BLANK),
        (_sentence_ends(text), _SENTENCE),
        ([m.end() for m in _PARAGRAPH_END.finditer(text)], _PARAGRAPH),
        (headings, _HEADING),
        (words.breaks, _FORCED),
    ):
        rank[np.searchsorted(words.start, offsets)] = value
    return _CutRanks(text, words.start, words.before, rank[:-1])  # the last one takes offsets after all words


def _sentence_ends(text: str) -> npt.NDArray[np.int64]:
    """Return the first character after each sentence or line, but none within a row of a table."""
    ends = np.array([m.end() for m in _SENTENCE_END.finditer(text)], dtype=np.int64)
    rows = [(m.start() + len(m[0]) - len(m[0].lstrip()), m.end()) for m in _ROW.finditer(text)]
    if not rows:
        return ends
    starts, stops = np.array(rows, dtype=np.int64).T
    row = np.searchsorted(starts, ends, "left") - 1  # the last one that begins before the end
    within: npt.NDArray[np.bool_] = (row >= 0) & (ends < stops[row])
    return ends[~within]


def _cut(text: _CutRanks, first: int, own: int, budget: int) -> int:
    """Return the word before which the chunk that begins at word `first` ends; its own text begins at `own`."""
    end = int(np.searchsorted(text.before, text.before[first] + budget, "right")) - 1
    end = min(end, int(np.searchsorted(text.start, text.start[first] + _MAX_CHARACTERS, "right")))
    end = max(end, own + 1)  # a word that is longer than the budget must not stop the loop
    forced = np.flatnonzero(text.rank[own + 1 : end] == _FORCED)
    if len(forced):
        return own + 1 + int(forced[0])
    quarter = _word_after(text, first, own, budget // 4)  # an earlier heading would leave a tiny passage
    headings = np.flatnonzero(text.rank[quarter : end + 1] == _HEADING)
    if len(headings):
        return quarter + int(headings[0])
    if end >= len(text.start):
        return len(text.start)
    half = _word_after(text, first, own, budget // 2)
    ranks = text.rank[half : end + 1]
    if not len(ranks):
        return end
    best: list[int] = (half + np.flatnonzero(ranks == ranks.max())).tolist()
    return next((at for at in reversed(best) if _is_lasting(text, at)), best[-1])


def _is_lasting(text: _CutRanks, at: int) -> bool:
    """Whether a cut before a word is preferred: that depends on the text that follows, not on its offset.

    So two versions of a text, in which all offsets differ after an insertion, soon have the same cuts again.
    """
    start = int(text.start[at])
    # Not `hash`, which differs from process to process.
    return crc32(text.text[start : start + _HASHED].encode("utf-8", "surrogatepass")) % _ONE_IN == 0


def _word_after(text: _CutRanks, first: int, own: int, tokens: int) -> int:
    """Return the first word that has at least `tokens` tokens between it and word `first`, and follows `own`."""
    return max(own + 1, int(np.searchsorted(text.before, text.before[first] + tokens)))


def _overlap(text: _CutRanks, first: int, cut: int) -> int:
    """Return the word at which the chunk after a cut begins: a sentence or two earlier, within the section."""
    if cut >= len(text.start) or text.rank[cut] >= _HEADING:
        return cut
    # `+ 1`, or a chunk could begin where the one before began.
    earliest = max(first + 1, int(np.searchsorted(text.before, text.before[cut] - _OVERLAP_TOKENS)))
    ranks = text.rank[earliest:cut]
    sections = np.flatnonzero(ranks >= _HEADING)
    lowest = int(sections[-1]) if len(sections) else 0
    sentences = np.flatnonzero(ranks[lowest:] >= _SENTENCE)
    return earliest + lowest + int(sentences[0]) if len(sentences) else cut


def _span(text: str, cuttable: _CutRanks, marks: Sequence[Mark], first: int, own: int, cut: int) -> Span:
    begin = int(cuttable.start[first]) if first else 0
    end = int(cuttable.start[cut]) if cut < len(cuttable.start) else len(text)
    return Span(begin, end, _mark(marks, int(cuttable.start[own])), (first, cut))


def _mark(marks: Sequence[Mark], start: int) -> Mark:
    """Return the last mark at or before a character."""
    at = bisect_right(marks, start, key=lambda mark: mark.start)
    return marks[at - 1] if at else Mark(0)
