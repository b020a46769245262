"""Show passages that say nearly the same once: whole pages are copied, and every folder has the same license."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, filterfalse, islice, repeat

import numpy as np

from wherein.search.copies import Likely, NearCopies
from wherein.search.hits import FreshnessOf, Hit, Place, StoredPassage, checked_place
from wherein.search.known_places import KnownPlace, read_states
from wherein.search.limits import MAX_LISTED
from wherein.search.stored_passages import MAX_LENGTH, read_passages
from wherein.storage.catalog.protocol import Catalog

__all__ = ["fold", "same_words", "text_of", "with_left_out"]

_WORDS = re.compile(r"\w+")
_MIN_SHARED = 0.85
# Characters below which texts are compared whatever their sketches are: few runs make a sketch uncertain.
_SHORT = 400


@dataclass(frozen=True)
class _Words:
    """What passages are compared by: their text, their runs of three words, and their words with digits."""

    text: str
    runs: frozenset[tuple[str, ...]]
    numbers: frozenset[str]


def fold(texts: Sequence[str], likely: Iterable[Likely] | None = None) -> list[list[int]]:
    """Return the positions of texts in groups: a text that says what none before it does, then those that say it, too.

    `likely` has for each text which others may say the same `[len(texts)]`, as `NearCopies.likely` does; only these are
    compared, and short texts. All are if it is None.
    """
    compared: dict[int, _Words] = {}
    groups: dict[int, list[int]] = {}
    is_short = np.fromiter((len(text) < _SHORT for text in texts), np.bool_, len(texts))
    for at, row in enumerate(likely or repeat(np.True_, len(texts))):
        others = np.flatnonzero((row | (is_short & is_short[at]))[:at]).tolist()
        first = next((one for one in others if one in groups and _say_the_same(texts, one, at, compared)), at)
        groups.setdefault(first, []).append(at)
    return list(groups.values())


def _say_the_same(texts: Sequence[str], one: int, other: int, compared: dict[int, _Words]) -> bool:
    if texts[one] == texts[other]:
        return True
    for at in (one, other):
        if at not in compared:
            compared[at] = _words(texts[at])
    return _same(compared[one], compared[other])


def same_words(one: str, other: str) -> bool:
    """Whether two passages share 85 % of their runs of three words, and all their numbers.

    Pages that differ only in a year or a price are different pages.
    """
    return one == other or _same(_words(one), _words(other))


def with_left_out(
    db: Catalog, hits: Sequence[Hit], copies: NearCopies, freshness: FreshnessOf | None = None
) -> list[Hit]:
    """Return hits that also list the near-copies that were left out of the rankings, if their texts say the same.

    At most MAX_LISTED each; with `freshness` only those whose files are fresh. Raises Damaged when one is not what was
    stored. Call inside a snapshot.
    """
    left_out = copies.left_out([hit.chunk for hit in hits])
    states = read_states(db, list(chain.from_iterable(left_out)))
    if freshness:
        fresh = freshness(state.document for state in states.values())
        states = {chunk: state for chunk, state in states.items() if fresh[state.document] == "fresh"}
    # Each passage is in one list.
    pairs = {chunk: (hit.chunk, chunk) for hit, own in zip(hits, left_out, strict=True) for chunk in own}
    unknown = [chunk for chunk, state in states.items() if not copies.places.has(pairs[chunk], state)]
    known = {chunk: copies.places[pairs[chunk]].place for chunk in states.keys() - {*unknown}}
    passages = {passage.chunk: passage for passage in read_passages(db, unknown)}

    def compared(hit: Hit, own: Sequence[int]) -> Iterator[Place | None]:
        """Yield the place of each copy of a hit, None of other passages; texts are compared where it is not known."""
        words = _words(hit.text) if not passages.keys().isdisjoint(own) else None
        for chunk in own:
            if words and chunk in passages:
                place = _place_if_same(passages[chunk], hit, words)
                if passages[chunk].text is not None:  # a lost text may be repaired
                    copies.places.keep(pairs[chunk], KnownPlace(states[chunk], place), 1)
                yield place
            else:
                yield known.get(chunk)

    return [_with_places(hit, filter(None, compared(hit, own))) for hit, own in zip(hits, left_out, strict=True)]


def _place_if_same(passage: StoredPassage, hit: Hit, words: _Words) -> Place | None:
    text = text_of(passage)
    return checked_place(passage) if text == hit.text or _same(words, _words(text)) else None


def _with_places(hit: Hit, places: Iterator[Place]) -> Hit:
    also = tuple(islice(places, max(0, MAX_LISTED - len(hit.also_in))))
    return replace(hit, also_in=(*hit.also_in, *also)) if also else hit


def text_of(passage: StoredPassage) -> str:
    """Return the text of a passage, "" where it is lost."""
    return passage.text if isinstance(passage.text, str) else ""


@lru_cache(maxsize=64)  # what has many copies is among the hits of many questions
def _words(text: str) -> _Words:
    words = _WORDS.findall(text[:MAX_LENGTH].lower())
    # Fewer than three words are one shorter run.
    runs = zip(words, words[1:], words[2:], strict=False) if len(words) > 2 else [tuple(words)]
    # Words of letters alone, as most are, have no digit.
    return _Words(text.strip(), frozenset(runs), frozenset(filter(_has_digit, filterfalse(str.isalpha, words))))


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _same(one: _Words, other: _Words) -> bool:
    if one.text == other.text:
        return True
    # An empty run means that a text has only signs, and texts with different signs would share it.
    if one.numbers != other.numbers or () in one.runs:
        return False
    shared = len(one.runs & other.runs)
    # The Jaccard index, without a set for the union: |A or B| = |A| + |B| - |A and B|.
    return shared >= _MIN_SHARED * (len(one.runs) + len(other.runs) - shared)
