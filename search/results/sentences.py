"""The sentence of a passage that is nearest to the question."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from wherein.search.hits import Hit, Sentence
from wherein.storage.catalog.vectors import Matrix

__all__ = ["sentence_spans", "with_sentences"]

# The end of a sentence, a blank line, or a line that is followed by an item of a list or a heading.
_END = re.compile(
    r"""(?:(?<=[.!?…])|(?<=[.!?…]["'”’)\]]))\s+ | (?<=[。！？]) | \n[^\S\n]*\n\s* | \n\s*(?=[-*•#|]|\d+[.)]\s)""",
    re.VERBOSE,
)
# A full stop after these, or after a single letter, ends no sentence.
_SHORT = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|z\.B|d\.h|bzw|cf|vs|etc|approx|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Fig|Eq|Sec|Vol|pp?|al))\.$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences; blanks around them belong to none."""
    spans, first = [], 0
    for end in _END.finditer(text):
        before = text[first : end.start()]
        if "\n\n" not in end.group() and _goes_on(before, text[end.end() : end.end() + 1]):
            continue
        spans.append((first, end.start()))
        first = end.end()
    spans.append((first, len(text)))
    return [span for start, end in spans if (span := _trimmed(text, start, end))]


def _goes_on(before: str, following: str) -> bool:
    return bool(_SHORT.search(before[-12:])) or (before.endswith(".") and following.islower())


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not any(map(str.isalnum, piece)):
        return None
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def with_sentences(hits: Sequence[Hit], question: Matrix, encode: Callable[[Sequence[str]], Matrix]) -> list[Hit]:
    """Return the hits, each with the sentence that is nearest to `question` `[dimension]`; all are encoded at once.

    `encode` is given the sentences and returns vectors `[n, dimension]`.
    """
    spans = [sentence_spans(hit.text) for hit in hits]
    texts = [hit.text[start:end] for hit, own in zip(hits, spans, strict=True) for start, end in own]
    if not texts:
        return list(hits)
    scores = encode(texts) @ question
    done, first = list[Hit](), 0
    for hit, own in zip(hits, spans, strict=True):
        if own:
            best = int(np.argmax(scores[first : first + len(own)]))
            start, end = own[best]
            sentence = Sentence(hit.start + start, hit.start + end, float(scores[first + best]))
            done.append(replace(hit, sentence=sentence))
        else:
            done.append(hit)
        first += len(own)
    return done
