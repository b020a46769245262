"""The passages whose words fit a question best, restricted by the question's operators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wherein.search.bm25 import KeywordScores, score_passages
from wherein.search.query_syntax import ParsedQuestion, Phrase
from wherein.search.top import highest
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import folded_words
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex, Mask

__all__ = ["Matches", "best_passages", "filter_matches", "match", "rank_by_score", "scores_of"]

Positions = npt.NDArray[np.int64]

# Texts are read the best first, and no more of them than it takes to find enough with the phrase.
_BATCH_SIZE = 200
_TEXTS = (
    'SELECT c.id, substr(d.text, c.start + 1, c."end" - c.start) FROM chunks c JOIN documents d ON d.id = c.document_id'
    " WHERE c.id IN ({})"
)


@dataclass(frozen=True)
class Matches:
    """How every passage of an index matches a question.

    `allowed` has for each part of the index which passages pass the operators and the selection, None where all do.
    Phrases are only checked for their words: whether these stand together needs the text (`filter_matches`).
    """

    question: ParsedQuestion
    index: KeywordIndex
    scores: KeywordScores
    allowed: tuple[Mask, ...] | None


def match(index: KeywordIndex, question: ParsedQuestion, selection: Selection | None = None) -> Matches:
    """Score every passage for a question, and mark those that its operators and `selection` allow.

    Scores do not depend on the selection: the frequencies of terms are those of all passages. Raises Damaged when the
    index is damaged.
    """
    scores = score_passages(index, question.terms)
    if question.is_plain and selection is None:
        return Matches(question, index, scores, None)
    allowed = tuple(_allowed(index, part, question, selection) for part in range(len(index.parts)))
    return Matches(question, index, scores, allowed)


def _allowed(index: KeywordIndex, number: int, question: ParsedQuestion, selection: Selection | None) -> Mask:
    """Return which passages of a part of the index may be shown."""
    part = index.parts[number]
    # A copy, because the index keeps its own.
    allowed = np.ones(len(part.postings.ids), np.bool_) if part.live is None else part.live.copy()
    for phrase in question.phrases:
        allowed &= _holds_all(index, number, phrase.terms)
    for phrase in question.excluded:
        if len(phrase.words) == 1:  # a longer one is checked in the text; a word's own term precedes those of its parts
            allowed &= ~_holds_all(index, number, phrase.terms[:1])
    if selection is not None:
        allowed &= np.isin(part.postings.ids, selection.chunks)
    return allowed


def _holds_all(index: KeywordIndex, number: int, terms: Sequence[int]) -> Mask:
    part = index.parts[number]
    held = np.zeros(len(part.postings.ids), np.uint16)
    for term in terms:
        held[part.find(term).positions] += 1
    all_held: Mask = held == len(terms)
    return all_held


def best_passages(db: Catalog, matches: Matches, n: int) -> list[int]:
    """Return the ids of the `n` allowed passages with the highest scores, best first; only those over 0.

    Equal scores come in the order of their ids. Call inside the snapshot that the index is of.
    """
    if not _needs_texts(matches.question):
        return rank_by_score(matches, n)
    ids = rank_by_score(matches, sum(map(len, matches.scores.parts)))  # all: how many have the phrase is not known yet
    checked: list[int] = []
    for first in range(0, len(ids), _BATCH_SIZE):
        checked += _check_phrases(db, matches.question, ids[first : first + _BATCH_SIZE])
        if len(checked) >= n:
            break
    return checked[:n]


def rank_by_score(matches: Matches, n: int) -> list[int]:
    """Return the same without a look at the texts: of phrases only the words are known to occur."""
    scores = np.concatenate(matches.scores.parts)
    if matches.allowed is not None:
        scores = np.where(np.concatenate(matches.allowed), scores, np.float32(0))
    ids: list[int] = _ids_at(matches.index, _highest_over_zero(scores, n)).tolist()
    return ids


def _highest_over_zero(scores: npt.NDArray[np.float32], n: int) -> Positions:
    over_zero = scores > 0
    if n < len(scores) < 2 * np.count_nonzero(over_zero):  # to copy most of the scores would take longer than to sort
        positions = highest(scores, n)
        return positions[over_zero[positions]]
    scored = np.flatnonzero(over_zero)
    return scored[highest(scores[scored], n)]


def _ids_at(index: KeywordIndex, positions: Positions) -> Positions:
    """Return the ids of passages by their positions in all parts of the index, one after the other."""
    # Not by joining the ids of the parts, which would copy those of all passages.
    ids, start = np.empty(len(positions), np.int64), 0
    for part in index.parts:
        held = part.postings.ids
        inside = (positions >= start) & (positions < start + len(held))
        ids[inside] = held[positions[inside] - start]
        start += len(held)
    return ids


def scores_of(matches: Matches, ids: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the scores of passages `[len(ids)]`, 0 where no word of the question occurs."""
    wanted = np.array(ids, np.int64)
    scores = np.zeros(len(wanted))
    for number, positions, present in _positions(matches.index, wanted):
        scores[present] = matches.scores.parts[number][positions[present]]
    return scores


def filter_matches(db: Catalog, matches: Matches, ids: Sequence[int]) -> list[int]:
    """Return those passages that the question's operators and the selection allow, in the same order."""
    if matches.allowed is None:
        return list(ids)
    wanted = np.array(ids, np.int64)
    allowed = np.zeros(len(wanted), np.bool_)
    for number, positions, present in _positions(matches.index, wanted):
        allowed[present] = matches.allowed[number][positions[present]]
    left: list[int] = wanted[allowed].tolist()
    if not _needs_texts(matches.question):
        return left
    return [
        chunk
        for first in range(0, len(left), _BATCH_SIZE)
        for chunk in _check_phrases(db, matches.question, left[first : first + _BATCH_SIZE])
    ]


def _positions(index: KeywordIndex, wanted: Positions) -> Iterator[tuple[int, Positions, Mask]]:
    """Yield for each part its number, the positions `[len(wanted)]` of ids in it, and which of them it has at all."""
    for number, part in enumerate(index.parts):
        held = part.postings.ids
        if len(held):
            # An id above all others gets a position beyond the end; at the last one it is found absent just as well.
            positions = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
            yield number, positions, held[positions] == wanted


def _needs_texts(question: ParsedQuestion) -> bool:
    return bool(question.phrases) or any(len(phrase.words) > 1 for phrase in question.excluded)


def _check_phrases(db: Catalog, question: ParsedQuestion, ids: Sequence[int]) -> list[int]:
    """Return those passages whose texts hold every phrase and none of the excluded ones."""
    rows = db.execute(_TEXTS.format(", ".join("?" * len(ids))), list(ids)).fetchall()
    texts = {chunk: _spaced(folded_words(str(text))) for chunk, text in rows}
    return [chunk for chunk in ids if chunk in texts and _passes(texts[chunk], question)]


def _passes(text: str, question: ParsedQuestion) -> bool:
    excluded = (phrase for phrase in question.excluded if len(phrase.words) > 1)
    return all(_in(phrase, text) for phrase in question.phrases) and not any(_in(phrase, text) for phrase in excluded)


def _in(phrase: Phrase, text: str) -> bool:
    return _spaced(phrase.words) in text


def _spaced(words: Sequence[str]) -> str:
    # Blanks on both sides, so that a phrase is found at whole words only.
    return f" {' '.join(words)} "
