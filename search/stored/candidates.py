"""The passages of a store that may answer a question: the nearest in meaning, and those with its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wherein.search.embedded import EmbeddedQuestion
from wherein.search.query_syntax import ParsedQuestion
from wherein.search.stored.words import best_by_words, read_words
from wherein.storage.store.document import PassageRow
from wherein.storage.store.filters import And, Equal, Filter, Or, Range
from wherein.storage.store.store import Store, TermStatistics

__all__ = ["Candidates", "Wanted", "fetch", "neighbors"]

_NO_WORDS: dict[int, int] = {}
# A document may be replaced between the call that finds a passage of it and the one that reads it.
_ATTEMPTS = 2


@dataclass(frozen=True)
class Wanted:
    """How many candidates are fetched, by meaning and by words."""

    by_meaning: int
    by_words: int


@dataclass(frozen=True)
class Candidates:
    """Passages with their vectors; of the nearest ones `nearest`. `is_cut` when others hold words of the question."""

    passages: list[PassageRow]
    statistics: TermStatistics
    nearest: int
    is_cut: bool = False


def fetch(
    store: Store, words: ParsedQuestion | None, embedded: EmbeddedQuestion | None, wanted: Wanted,
    only: Sequence[Filter | None],
) -> Candidates:  # fmt: skip
    """Return the candidates of a question; a passage has to pass one of the filters `only`."""
    found: dict[str, PassageRow] = {}
    limit = store.capabilities().max_hits
    near = min(wanted.by_meaning, limit)
    if embedded is not None:
        scored = [one for part in only for one in store.search(embedded.vector, near, part, vectors=True)]
        scored.sort(key=lambda one: (-one.score, one.passage.key))
        found = {one.passage.key: one.passage for one in scored[:near]}
    nearest = near if len(found) == near else 1 << 62  # fewer: there are no others
    if words is None:
        return Candidates(list(found.values()), TermStatistics(store.count(), 0, _NO_WORDS), nearest)
    for _ in range(_ATTEMPTS):
        counted = read_words(store, words)
        best = [best_by_words(store, counted, wanted.by_words, part) for part in only]
        missing = [key for one in best for key in one.keys if key not in found]
        rows = store.get(missing, vectors=True)
        if len(rows) == len({*missing}):
            break
    found.update((row.key, row) for row in rows)
    return Candidates(list(found.values()), counted.statistics, nearest, any(one.is_cut for one in best))


def neighbors(store: Store, passages: Sequence[PassageRow], around: int) -> list[PassageRow]:
    """Return the passages at most `around` before and after some, with vectors."""
    parts = tuple(
        And((Equal("document", one.document), Range("ordinal", one.ordinal - around, one.ordinal + around)))
        for one in passages
    )
    return list(store.scan(Or(parts), vectors=True)) if parts else []
