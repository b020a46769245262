"""The passages whose words fit a question best, restricted by the question's operators.

A quoted phrase that is wanted, not required, counts as one more word, one that only this passage has: it adds the
highest inverse document frequency to the score of each passage that holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from wherein.search.bm25 import KeywordScores, highest_idf, score_passages
from wherein.search.operators import allowed, has_words
from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import ParsedQuestion, Phrase
from wherein.search.top import highest, highest_over_zero
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.postings import Mask

__all__ = [
    "Matches", "WantedPhrase", "best_marked", "best_passages", "filter_matches", "match", "phrase_scores",
    "phrase_shares", "rank_by_score", "scores_of",
]  # fmt: skip

Positions = npt.NDArray[np.int64]

# Texts are read the best first, and not many more of them than it takes to find enough with the phrase. Each batch is
# twice as large as the one before, so that few batches read the text of the same document.
_BATCH_SIZE = 200


@dataclass(frozen=True)
class WantedPhrase:
    """A phrase that is wanted, and for each part of the index which passages are allowed and have its words."""

    phrase: Phrase
    may_hold: tuple[Mask, ...]


@dataclass(frozen=True)
class Matches:
    """How every passage of an index matches a question.

    `allowed` has for each part of the index which passages pass the operators and the selection, None where all do.
    Phrases are only checked for their words: whether these are together needs the text (`filter_matches`).
    """

    question: ParsedQuestion
    index: KeywordIndex
    scores: KeywordScores
    selection: Selection | None
    allowed: tuple[Mask, ...] | None
    wanted: tuple[WantedPhrase, ...] = ()


def match(index: KeywordIndex, question: ParsedQuestion, selection: Selection | None = None) -> Matches:
    """Score every passage for a question, and mark those that its operators and `selection` allow.

    Scores do not depend on the selection: the frequencies of terms are those of all passages. Raises Damaged when the
    index is damaged.
    """
    scores, left = score_passages(index, question.asked, families=question.families), None
    if question.restricts or selection is not None:
        left = tuple(allowed(index, part, question, selection) for part in range(len(index.parts)))
    wanted = tuple(WantedPhrase(phrase, _may_hold(index, phrase, left)) for phrase in question.wanted)
    return Matches(question, index, scores, selection, left, wanted)


def _may_hold(index: KeywordIndex, phrase: Phrase, left: tuple[Mask, ...] | None) -> tuple[Mask, ...]:
    masks = [has_words(index, part, phrase) for part in range(len(index.parts))]
    return tuple(masks if left is None else (held & own for held, own in zip(masks, left, strict=True)))


def best_passages(check: PhraseCheck, matches: Matches, n: int) -> Positions:
    """Return the ids int64 of the `n` allowed passages with the highest scores, best first; only those over 0.

    Phrases that are wanted count; in passages beyond the limit of `check`, which is of the same question, they do not.
    Equal scores come in the order of their ids. Call inside the snapshot that the index is of.
    """
    if not check.is_needed and not matches.wanted:
        return rank_by_score(matches, n)
    scores, possible = _allowed_scores(matches), _possible_scores(matches)
    is_unsure = np.full(len(scores), True) if check.is_needed else possible > scores
    sure = highest_over_zero(np.where(is_unsure, np.float32(0), scores), n)
    # All of the others: how many of them hold the phrases is not known yet.
    waiting = highest_over_zero(np.where(is_unsure, possible, np.float32(0)), len(possible))
    found, size = _Found(sure, scores[sure]), _BATCH_SIZE
    while len(waiting) and not check.is_cut and not found.is_enough(n, possible[waiting[0]], matches):
        batch, waiting = waiting[:size], waiting[size:]
        found = found.with_more(*_checked(check, matches, batch, scores))
        size *= 2
    if check.is_cut and not check.is_needed:
        found = found.with_more(waiting, scores[waiting])
    return _ids_at(matches.index, found.best(n))


@dataclass(frozen=True)
class _Found:
    """Passages that pass, by their positions in all parts of the index, and their scores."""

    positions: Positions
    scores: npt.NDArray[np.float32]

    def with_more(self, positions: Positions, scores: npt.NDArray[np.float32]) -> _Found:
        return _Found(np.concatenate([self.positions, positions]), np.concatenate([self.scores, scores]))

    def is_enough(self, n: int, next_possible: np.float32, matches: Matches) -> bool:
        """Whether no other passage can be among the best `n`; the next one has at most the score `next_possible`."""
        if len(self.scores) < n:
            return False
        return not matches.wanted or bool(np.partition(self.scores, -n)[-n] > next_possible)

    def best(self, n: int) -> Positions:
        return self.positions[np.lexsort((self.positions, -self.scores))[:n]]


def _allowed_scores(matches: Matches) -> npt.NDArray[np.float32]:
    """Return the scores of all passages, without what phrases add, and 0 for one that is not allowed."""
    scores = np.concatenate(matches.scores.parts)
    if matches.allowed is not None:
        scores = np.where(np.concatenate(matches.allowed), scores, np.float32(0))
    return scores


def _possible_scores(matches: Matches) -> npt.NDArray[np.float32]:
    """Return the same if each passage with the words of a phrase held the phrase."""
    scores, weight = _allowed_scores(matches), np.float32(highest_idf(matches.index))
    for wanted in matches.wanted:
        scores = scores + np.where(np.concatenate(wanted.may_hold), weight, np.float32(0))
    return scores


def _checked(
    check: PhraseCheck, matches: Matches, positions: Positions, scores: npt.NDArray[np.float32]
) -> tuple[Positions, npt.NDArray[np.float32]]:
    """Return those of some passages that pass, and their scores with what the phrases add that they hold."""
    ids = _ids_at(matches.index, positions)
    passing = check.passing(ids.tolist())
    if check.is_needed:
        is_passing = np.isin(ids, passing)
        positions, ids = positions[is_passing], ids[is_passing]
    return positions, scores[positions] + phrase_scores(check, matches, ids.tolist()).astype(np.float32)


def phrase_scores(check: PhraseCheck, matches: Matches, ids: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return what wanted phrases add to the scores of passages `[len(ids)]`, as far as these have been read."""
    return _held(check, ids) * highest_idf(matches.index) if matches.wanted else np.zeros(len(ids))


def phrase_shares(check: PhraseCheck, matches: Matches, ids: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the share of the wanted phrases that passages hold `[len(ids)]`; reads those that may hold one."""
    passages = np.array(ids, np.int64)
    may_hold = np.zeros(len(passages), np.bool_)
    for wanted in matches.wanted:
        may_hold |= _marked(matches.index, wanted.may_hold, passages)
    check.read(passages[may_hold].tolist(), limited=False)
    return _held(check, ids) / len(matches.wanted)


def _held(check: PhraseCheck, ids: Sequence[int]) -> npt.NDArray[np.float64]:
    return np.array([len(check.held(number)) for number in ids], np.float64)


def rank_by_score(matches: Matches, n: int) -> Positions:
    """Return the same without a look at the texts: of required phrases only the words are known to occur."""
    # Part by part, because to join the scores of all passages takes longer.
    parts = len(matches.index.parts)
    best, scores = zip(*(_best_of_part(matches, part, n) for part in range(parts)), strict=True)
    starts = accumulate(map(len, matches.scores.parts), initial=0)
    positions = np.concatenate([start + own for start, own in zip(starts, best, strict=False)])
    return _ids_at(matches.index, positions[highest(np.concatenate(scores), n)])


def _best_of_part(matches: Matches, part: int, n: int) -> tuple[Positions, npt.NDArray[np.float32]]:
    """Return the positions of the `n` allowed passages with the highest scores, only those over 0, and the scores."""
    scores, listed = matches.scores.parts[part], matches.scores.scored[part]
    own = scores if listed is None else scores[listed]
    if matches.allowed is not None:
        is_allowed = matches.allowed[part]
        own = np.where(is_allowed if listed is None else is_allowed[listed], own, np.float32(0))
    best = highest_over_zero(own, n)
    return best if listed is None else listed[best].astype(np.int64), own[best]


def best_marked(matches: Matches, masks: Sequence[Mask], n: int) -> Positions:
    """Return the ids of the `n` best of the passages that masks of the parts of the index mark, best first."""
    marked = np.flatnonzero(np.concatenate(masks))
    return _ids_at(matches.index, marked[highest(np.concatenate(matches.scores.parts)[marked], n)])


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
    left: list[int] = wanted[_marked(matches.index, matches.allowed, wanted)].tolist()
    return check.passing(left) if check.is_needed else left


def _marked(index: KeywordIndex, masks: Sequence[Mask], wanted: Positions) -> Mask:
    """Return which passages, given by their ids, are marked in masks of the parts of the index."""
    marked = np.zeros(len(wanted), np.bool_)
    for number, positions, present in _positions(index, wanted):
        marked[present] = masks[number][positions[present]]
    return marked


def _positions(index: KeywordIndex, wanted: Positions) -> Iterator[tuple[int, Positions, Mask]]:
    """Yield for each part its number, the positions `[len(wanted)]` of ids in it, and which of them it has at all."""
    for number, part in enumerate(index.parts):
        held = part.postings.ids
        if len(held):
            # An id above all others gets a position beyond the end; at the last one it is found absent just as well.
            positions = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
            yield number, positions, held[positions] == wanted
