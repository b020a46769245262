"""The sentence of a passage that is nearest in meaning to the question."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from wherein.search.hits import Hit, Sentence
from wherein.storage.catalog.vectors import Matrix

__all__ = ["sentence_spans", "with_sentences"]

# The end of a sentence, a blank line, the end of a line before a list item or a heading, or a line of signs alone: the
# fence of front matter, a thematic break, the line under a heading or between the rows of a table.
# Chinese and Japanese sentences are not followed by a blank.
_END = re.compile(
    r"""(?P<signs> (?:^|\n) [^\S\n]*+ (?:[-*_=+~`|:.>\#][^\S\n]*+){3,}+ (?=\n|\Z) )
    | (?:(?<=[.!?…])|(?<=[.!?…]["'”’)\]]))\s+ | (?<=[。！？]) | \n[^\S\n]*\n\s* | \n\s*(?=[-*•#|]|\d+[.)]\s)""",
    re.VERBOSE,
)
# A full stop after one of these, or after a single letter, does not end a sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|z\.B|d\.h|bzw|cf|vs|etc|approx|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Fig|Eq|Sec|Vol|pp?|al))\.$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence of a text, without the blanks around it."""
    spans, first = [], 0
    for end in _END.finditer(text):
        before = text[first : end.start()]
        if "\n\n" not in end.group() and not end["signs"] and _continues(before, text[end.end() : end.end() + 1]):
            continue
        spans.append((first, end.start()))
        first = end.end()
    spans.append((first, len(text)))
    return [span for start, end in spans if (span := _trimmed(text, start, end))]


def _continues(before: str, following: str) -> bool:
    # 12 characters hold any of the abbreviations; to search all that came before would take quadratic time.
    # A lower-case letter after the full stop shows that it belongs to an abbreviation that is not listed.
    return bool(_ABBREVIATION.search(before[-12:])) or (before.endswith(".") and following.islower())


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not any(map(str.isalnum, piece)):
        return None
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def with_sentences(hits: Sequence[Hit], question: Matrix, encode: Callable[[Sequence[str]], Matrix]) -> list[Hit]:
    """Return the hits, each with its sentence nearest to `question` `[dimension]`; unchanged if it has no sentence.

    `encode` returns the vectors `[n, dimension]` of sentences; it gets those of all hits at once.
    """
    spans = [sentence_spans(hit.text) for hit in hits]
    texts = [hit.text[start:end] for hit, own in zip(hits, spans, strict=True) for start, end in own]
    if not texts:
        return list(hits)
    scores = iter((encode(texts) @ question).tolist())
    return [_with_nearest(hit, own, list(islice(scores, len(own)))) for hit, own in zip(hits, spans, strict=True)]


def _with_nearest(hit: Hit, spans: Sequence[tuple[int, int]], scores: Sequence[float]) -> Hit:
    """Return a hit with the first of its sentences that has the highest score."""
    if not spans:
        return hit
    best = int(np.argmax(scores))
    start, end = spans[best]
    return replace(hit, sentence=Sentence(start=hit.start + start, end=hit.start + end, score=scores[best]))
