"""The passages whose words fit a question best, and what its operators leave of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wherein.search.bm25 import Keywords, scored
from wherein.search.query_syntax import Phrase, Question
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import folded_words
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex, Mask

__all__ = ["Matches", "best_passages", "filter_matches", "match", "scores_of"]

_AT_ONCE = 200
_TEXTS = (
    'SELECT c.id, substr(d.text, c.start + 1, c."end" - c.start) FROM chunks c JOIN documents d ON d.id = c.document_id'
    " WHERE c.id IN ({})"
)


@dataclass(frozen=True)
class Matches:
    """What the words of a question say of every passage: scores, and for each part which passages may be shown.

    `allowed` is None where all may. Of phrases that is only known in part: the words are there, but the text tells
    whether they stand together.
    """

    asked: Question
    index: KeywordIndex
    found: Keywords
    allowed: tuple[Mask, Mask] | None


def match(index: KeywordIndex, asked: Question, among: Selection | None = None) -> Matches:
    """Look up the words of a question. With `among` only its passages may be shown; every other still counts.

    Raises Damaged when the index is.
    """
    found = scored(index, asked.terms)
    if asked.is_plain and among is None:
        return Matches(asked, index, found, None)
    masks = []
    for place, part in enumerate(index.parts):
        allowed = np.ones(len(part.postings.ids), np.bool_) if part.live is None else part.live.copy()
        for phrase in asked.phrases:
            allowed &= _with_all(index, place, phrase.terms)
        for word in asked.excluded:
            if len(word.words) == 1:  # of a longer one the text decides; the whole comes before its parts
                allowed &= ~_with_all(index, place, word.terms[:1])
        if among is not None:
            allowed &= np.isin(part.postings.ids, among.chunks)
        masks.append(allowed)
    return Matches(asked, index, found, (masks[0], masks[1]))


def _with_all(index: KeywordIndex, place: int, terms: Sequence[int]) -> Mask:
    part = index.parts[place]
    occurs = np.zeros(len(part.postings.ids), np.uint16)
    for term in terms:
        occurs[part.find(term).positions] += 1
    all_of_them: Mask = occurs == len(terms)
    return all_of_them


def best_passages(db: Catalog, matches: Matches, n: int) -> list[int]:
    """Return the ids of the `n` passages with the highest scores, best first; only such as have a word of the question.

    Equal scores come in the order of their ids. Call inside the `reading` that the index is of.
    """
    scores = np.concatenate(matches.found.parts)
    if matches.allowed is not None:
        scores = np.where(np.concatenate(matches.allowed), scores, np.float32(0))
    ids = [part.postings.ids for part in matches.index.parts]
    if not _needs_texts(matches.asked):
        return [int(number) for number in _top(scores, ids, n)]
    found: list[int] = []
    order = _top(scores, ids, len(scores)).tolist()
    for first in range(0, len(order), _AT_ONCE):
        found += _told_by_texts(db, matches.asked, order[first : first + _AT_ONCE])
        if len(found) >= n:
            break
    return found[:n]


def _top(scores: npt.NDArray[np.float32], ids: Sequence[npt.NDArray[np.int64]], n: int) -> npt.NDArray[np.int64]:
    """Return the ids of the `n` highest scores over 0."""
    least = np.partition(scores, len(scores) - n)[len(scores) - n] if n < len(scores) else np.float32(0)
    places = np.flatnonzero((scores >= least) & (scores > 0))
    if len(places) > 4 * n:  # many equal ones at the end: those with the lowest ids, which the places are in order of
        above = places[scores[places] > least]
        places = np.concatenate([above, places[scores[places] == least][: n - len(above)]])
    chosen = places[np.lexsort((places, -scores[places]))][:n]
    first = len(ids[0])
    return np.where(
        chosen < first,
        ids[0][np.minimum(chosen, max(first - 1, 0))] if first else 0,
        ids[1][np.maximum(chosen - first, 0)] if len(ids[1]) else 0,
    ).astype(np.int64)


def scores_of(matches: Matches, ids: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the scores of some passages `[len(ids)]`, 0 where no word of the question occurs."""
    wanted = np.array(ids, np.int64)
    total = np.zeros(len(wanted))
    for places, there, part in _places(matches.index, wanted):
        total[there] = matches.found.parts[part][places[there]]
    return total


def filter_matches(db: Catalog, matches: Matches, ids: Sequence[int]) -> list[int]:
    """Return those of some passages that the question's operators allow, in the same order."""
    if matches.allowed is None:
        return list(ids)
    wanted = np.array(ids, np.int64)
    allowed = np.zeros(len(wanted), np.bool_)
    for places, there, part in _places(matches.index, wanted):
        allowed[there] = matches.allowed[part][places[there]]
    left = [int(number) for number in wanted[allowed]]
    if not _needs_texts(matches.asked):
        return left
    return [
        number
        for first in range(0, len(left), _AT_ONCE)
        for number in _told_by_texts(db, matches.asked, left[first : first + _AT_ONCE])
    ]


def _places(index: KeywordIndex, wanted: npt.NDArray[np.int64]) -> Iterator[tuple[npt.NDArray[np.int64], Mask, int]]:
    """Yield for each part the places of ids in it, which of them are there at all, and the part's number."""
    for number, part in enumerate(index.parts):
        held = part.postings.ids
        if len(held):
            places = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
            yield places, held[places] == wanted, number


def _needs_texts(asked: Question) -> bool:
    return bool(asked.phrases) or any(len(phrase.words) > 1 for phrase in asked.excluded)


def _told_by_texts(db: Catalog, asked: Question, ids: Sequence[int]) -> list[int]:
    """Return those of some passages in whose texts the phrases occur, and none of the excluded ones."""
    rows = db.execute(_TEXTS.format(", ".join("?" * len(ids))), list(ids)).fetchall()
    texts = {number: _spaced(folded_words(str(text))) for number, text in rows}
    return [number for number in ids if number in texts and _fits(texts[number], asked)]


def _fits(text: str, asked: Question) -> bool:
    excluded = (phrase for phrase in asked.excluded if len(phrase.words) > 1)
    return all(_in(phrase, text) for phrase in asked.phrases) and not any(_in(phrase, text) for phrase in excluded)


def _in(phrase: Phrase, text: str) -> bool:
    return _spaced(phrase.words) in text


def _spaced(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "
