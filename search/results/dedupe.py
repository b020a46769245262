"""Show passages that say nearly the same once: whole pages are copied, and every folder has the same licence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wherein.search.hits import Hit, Place
from wherein.search.stored_passages import MAX_LENGTH

__all__ = ["fold", "same_words"]

_WORDS = re.compile(r"\w+")
_RUN_LENGTH = 3
_MIN_SHARED = 0.85


@dataclass(frozen=True)
class _Words:
    """What passages are compared by: their text, their runs of three words, and their words with digits."""

    text: str
    runs: frozenset[tuple[str, ...]]
    numbers: frozenset[str]


def fold(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits in order, but those that say nearly what an earlier one says only in its `also_in`."""
    kept, words, places = list[Hit](), list[_Words](), list[list[Place]]()
    for hit in hits:
        own = _words(hit.text)
        earlier = next((index for index, other in enumerate(words) if _same(own, other)), None)
        if earlier is None:
            kept.append(hit)
            words.append(own)
            places.append(list(hit.also_in))
        else:
            places[earlier].append(_place(hit))
    return [replace(hit, also_in=tuple(also)) if also else hit for hit, also in zip(kept, places, strict=True)]


def same_words(one: str, other: str) -> bool:
    """Whether two passages share 85 % of their runs of three words, and all their numbers.

    Pages that differ only in a year or a price are different pages.
    """
    return _same(_words(one), _words(other))


def _place(hit: Hit) -> Place:
    return Place(uri=hit.uri, title=hit.title, start=hit.start, end=hit.end, line=hit.line, page=hit.page)


def _words(text: str) -> _Words:
    words = _WORDS.findall(text[:MAX_LENGTH].lower())
    # max: fewer than three words are one shorter run.
    runs = frozenset(tuple(words[first : first + _RUN_LENGTH]) for first in range(max(1, len(words) - _RUN_LENGTH + 1)))
    return _Words(text.strip(), runs, frozenset(word for word in words if any(map(str.isdigit, word))))


def _same(one: _Words, other: _Words) -> bool:
    if one.text == other.text:
        return True
    # An empty run means that a text has only signs, and texts with different signs would share it.
    if one.numbers != other.numbers or () in one.runs:
        return False
    shared = len(one.runs & other.runs)
    # The Jaccard index, without a set for the union: |A or B| = |A| + |B| - |A and B|.
    return shared >= _MIN_SHARED * (len(one.runs) + len(other.runs) - shared)
