"""Passages that say nearly the same are shown once: whole pages are copied, and licences stand in every folder."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wherein.search.hits import Hit, Place

__all__ = ["fold", "same_words"]

_WORDS = re.compile(r"\w+")
_RUN = 3
_SHARED = 0.85


@dataclass(frozen=True)
class _Words:
    """What two passages are compared by: their text, their runs of three words, and their words with digits."""

    text: str
    runs: frozenset[tuple[str, ...]]
    numbers: frozenset[str]


def fold(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, in order, without those that say nearly what an earlier one says, which tells where they are."""
    kept, words = list[Hit](), list[_Words]()
    for hit in hits:
        mine = _words(hit.text)
        place = next((place for place, other in enumerate(words) if _same(mine, other)), None)
        if place is None:
            kept.append(hit)
            words.append(mine)
        else:
            here = Place(hit.uri, hit.title, hit.start, hit.end, hit.line, hit.page)
            kept[place] = replace(kept[place], also_in=(*kept[place].also_in, here))
    return kept


def same_words(one: str, other: str) -> bool:
    """Whether two passages share 85 % of their runs of three words, and all their numbers.

    A page that differs from another in a year or a price alone is another page.
    """
    return _same(_words(one), _words(other))


def _words(text: str) -> _Words:
    words = _WORDS.findall(text.lower())
    runs = frozenset(tuple(words[first : first + _RUN]) for first in range(max(1, len(words) - _RUN + 1)))
    return _Words(text.strip(), runs, frozenset(word for word in words if any(map(str.isdigit, word))))


def _same(one: _Words, other: _Words) -> bool:
    if one.text == other.text:
        return True
    if one.numbers != other.numbers or () in one.runs:
        return False
    shared = len(one.runs & other.runs)
    return shared >= _SHARED * (len(one.runs) + len(other.runs) - shared)
