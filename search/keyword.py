"""The passages whose words fit a question best, restricted by the question's operators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wherein.search.bm25 import KeywordScores, score_passages
from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import ParsedQuestion
from wherein.search.top import highest
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.postings import Mask

__all__ = ["Matches", "best_passages", "filter_matches", "match", "rank_by_score", "scores_of"]

Positions = npt.NDArray[np.int64]

# Texts are read the best first, and not many more of them than it takes to find enough with the phrase. Each batch is
# twice as large as the one before, so that few batches read the text of the same document.
_BATCH_SIZE = 200


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
    scores = score_passages(index, question.asked)
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
        for alternatives in phrase.required:
            allowed &= np.logical_or.reduce([_holds_all(index, number, terms) for terms in alternatives])
    for phrase in question.excluded:
        if phrase.is_word:  # a longer one is checked in the text; a word's own term precedes those of its parts
            allowed &= ~_holds_all(index, number, phrase.required[0][0][:1])
    if selection is not None:
        allowed &= np.isin(part.postings.ids, selection.chunks)
    return allowed


def _holds_all(index: KeywordIndex, number: int, terms: Sequence[int]) -> Mask:
    part = index.parts[number]
    held = np.zeros(len(part.postings.ids), np.uint16)
    for term in terms:
        held += part.find(term).mask(len(held))
    all_held: Mask = held == len(terms)
    return all_held


def best_passages(check: PhraseCheck, matches: Matches, n: int) -> Positions:
    """Return the ids int64 of the `n` allowed passages with the highest scores, best first; only those over 0.

    Equal scores come in the order of their ids. `check` is of the same question. Call inside the snapshot that the
    index is of.
    """
    if not check.is_needed:
        return rank_by_score(matches, n)
    ids = rank_by_score(matches, sum(map(len, matches.scores.parts)))  # all: how many have the phrase is not known yet
    passing: list[int] = []
    first, size = 0, _BATCH_SIZE
    while first < len(ids) and len(passing) < n and not check.is_cut:
        passing += check.passing(ids[first : first + size].tolist())
        first, size = first + size, 2 * size
    return np.array(passing[:n], np.int64)


def rank_by_score(matches: Matches, n: int) -> Positions:
    """Return the same without a look at the texts: of phrases only the words are known to occur."""
    scores = np.concatenate(matches.scores.parts)
    if matches.allowed is not None:
        scores = np.where(np.concatenate(matches.allowed), scores, np.float32(0))
    return _ids_at(matches.index, _highest_over_zero(scores, n))


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


def filter_matches(check: PhraseCheck, matches: Matches, ids: Sequence[int]) -> list[int]:
    """Return those passages that the question's operators and the selection allow, in the same order."""
    if matches.allowed is None:
        return list(ids)
    wanted = np.array(ids, np.int64)
    allowed = np.zeros(len(wanted), np.bool_)
    for number, positions, present in _positions(matches.index, wanted):
        allowed[present] = matches.allowed[number][positions[present]]
    left: list[int] = wanted[allowed].tolist()
    return check.passing(left) if check.is_needed else left


def _positions(index: KeywordIndex, wanted: Positions) -> Iterator[tuple[int, Positions, Mask]]:
    """Yield for each part its number, the positions `[len(wanted)]` of ids in it, and which of them it has at all."""
    for number, part in enumerate(index.parts):
        held = part.postings.ids
        if len(held):
            # An id above all others gets a position beyond the end; at the last one it is found absent just as well.
            positions = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
            yield number, positions, held[positions] == wanted
