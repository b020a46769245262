"""The passages of a store whose words fit a question best, by the same BM25 on every store.

The store only says in how many passages a term occurs and which these are; the scores are computed here. Terms are
looked up from the rarest on, some of them together, until those that are left, which have the lowest weights, cannot
raise a passage that has none of the others among the best: the passages that hold only frequent words are never read
(MaxScore; Turtle and Flood, "Query Evaluation: Strategies and Optimizations", 1995).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

from wherein.search.bm25 import WEIGHTS, KeywordScores, inverse_frequency, score_rows
from wherein.search.query_syntax import ParsedQuestion, Phrase
from wherein.storage.catalog.packed_terms import TermRows, unpack_rows
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.postings import Family
from wherein.storage.store.filters import Filter
from wherein.storage.store.store import CountedPassage, SearchableStore, TermStatistics

__all__ = ["BestByWords", "StoreWords", "best_by_words", "read_words"]

_BATCH_SIZE = 2_000
_MAX_READ = 200_000
"""Passages whose words are counted for one question; more hold only words that say little."""


@dataclass(frozen=True)
class StoreWords:
    """How a store's words count for a question: `statistics` has its terms and families, and those of its phrases."""

    question: ParsedQuestion
    statistics: TermStatistics

    @cached_property
    def index(self) -> KeywordIndex:
        """An index without passages: scores need their number and length."""
        return KeywordIndex(0, None, (), self.statistics.passages, self.statistics.length)

    @cached_property
    def scores(self) -> KeywordScores:
        """The weight of each word of the question."""
        count, families = self.statistics.passages, self.question.families
        idf = {family[0]: inverse_frequency(count, self.frequency(family)) for family in families}
        return KeywordScores((), (), idf, self.question.asked, families)

    @property
    def by_frequency(self) -> list[Family]:
        """The words of the question that occur, each with its other inflections, the rarest first."""
        return sorted(filter(self.frequency, self.question.families), key=self.frequency)

    def frequency(self, family: Family) -> int:
        """Return in how many passages of the store a word occurs."""
        return self.statistics.families[family]

    def most(self, family: Family) -> float:
        """Return the most that a word can add to a score."""
        return self.scores.idf[family[0]] * (WEIGHTS.k1 + 1) * self.question.asked[family[0]]


def read_words(store: SearchableStore, question: ParsedQuestion) -> StoreWords:
    """Return how the words of a question count in a store."""
    return StoreWords(question, store.term_statistics([*question.quoted_terms], question.families))


@dataclass(frozen=True)
class BestByWords:
    """The keys of passages, best first, and whether others that hold a word of the question were left out."""

    keys: list[str]
    is_cut: bool


def best_by_words(store: SearchableStore, words: StoreWords, n: int, only: Filter | None = None) -> BestByWords:
    """Return the `n` passages that pass with the highest scores, and all that may hold one of its phrases."""
    scored = _best(store, words, n, only)
    order = sorted(scored, key=lambda key: (-scored[key], key))
    question = words.question
    quoted = [
        key for phrase in (*question.phrases, *question.wanted) for key in _with_phrase(store, words, phrase, only)
    ]
    return BestByWords(list(dict.fromkeys([*order[:n], *quoted])), len(order) > n)


def _best(store: SearchableStore, words: StoreWords, n: int, only: Filter | None) -> dict[str, float]:
    """Return scores by key: of the `n` best passages, and of others that were read on the way."""
    left, scored = words.by_frequency, dict[str, float]()
    while left:
        # One more than is asked for, which shows that there are others.
        floor = sorted(scored.values(), reverse=True)[n] if len(scored) > n else 0.0
        if (scored and sum(map(words.most, left)) < floor) or len(scored) > _MAX_READ:
            break
        rarest = _looked_up_together(left, words)
        left = left[len(rarest) :]
        for passages in _batches(store.with_terms([*chain.from_iterable(rarest)], only)):
            new = [one for one in passages if one.key not in scored]
            scores, _ = score_rows(_unpacked(new), words.index, words.scores) if new else ([], None)
            scored.update(zip((one.key for one in new), scores, strict=True))
    return scored


def _looked_up_together(families: Sequence[Family], words: StoreWords) -> Sequence[Family]:
    """Return the first of some words, and those after it with which it takes one call to a store."""
    sums = accumulate(map(words.frequency, families))
    return families[: max(1, sum(read <= _BATCH_SIZE for read in sums))]


def _with_phrase(store: SearchableStore, words: StoreWords, phrase: Phrase, only: Filter | None) -> Iterator[str]:
    """Yield the keys of passages that hold all words of a phrase, looked up by the rarest of them."""
    frequencies = words.statistics.frequencies
    required = [alternatives for alternatives in phrase.required if all(alternatives)]
    if not required:
        return
    rarest = min(required, key=lambda alternatives: sum(frequencies[terms[0]] for terms in alternatives))
    for passages in _batches(store.with_terms([terms[0] for terms in rarest], only)):
        for one, row in zip(passages, _unpacked(passages), strict=True):
            held = {*row.entries["term"].tolist()}
            if all(any(held.issuperset(terms) for terms in alternatives) for alternatives in required):
                yield one.key


def _unpacked(passages: Sequence[CountedPassage]) -> list[TermRows]:
    return unpack_rows(range(len(passages)), [one.counts for one in passages]).single()


def _batches(passages: Iterable[CountedPassage]) -> Iterator[list[CountedPassage]]:
    batch = list[CountedPassage]()
    for one in passages:
        batch.append(one)
        if len(batch) == _BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch
