"""The options for an answer's hits: no duplicates, no stale ones, and the text around them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wherein.errors import Damaged
from wherein.search.hits import Hit
from wherein.search.results.dedupe import fold
from wherein.storage.catalog.documents import spans_around
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.texts import read_span

__all__ = ["MAX_RANKED", "FreshnessOf", "Gathered", "ResultOptions", "gather", "with_context"]

MAX_RANKED = 500
"""Passages that are ranked for one question that asks for fewer hits, however many of them are not shown."""

FreshnessOf = Callable[[Iterable[int]], Mapping[int, str]]
"""Returns for documents, by their ids, whether their files are `fresh`, `changed`, `missing` or `unknown`."""


@dataclass(frozen=True)
class ResultOptions:
    """What is done to the hits of an answer; by default nothing.

    `fold` shows passages that say nearly the same once. `context` is the number of neighbouring passages shown on each
    side. `sentence` marks the sentence nearest to the question. `min_score` leaves out hits with a lower chance, or
    a lower score where there is no chance. `require_fresh` leaves out hits whose file is not known to be as it was
    read.
    """

    fold: bool = False
    context: int = 0
    sentence: bool = False
    min_score: float | None = None
    require_fresh: bool = False


@dataclass(frozen=True)
class Gathered:
    """The hits that the options leave, of `ranked` passages; `stale` were left out, because they are not fresh.

    `stopped` when there may be more: so many passages were left out or folded that the search ended at its limit.
    """

    hits: list[Hit]
    ranked: int
    stale: int
    stopped: bool


def gather(search: Callable[[int], list[Hit]], k: int, options: ResultOptions, freshness: FreshnessOf) -> Gathered:
    """Return the best `k` hits that the options leave.

    `search(n)` returns the `n` best passages. Fewer than `k` hits only when there are no more, or at the limit of
    MAX_RANKED passages. With `min_score` the search ends at a hit that is too low: those after it rarely do better.
    """
    wanted = 2 * k + 10 if options.fold or options.min_score is not None else k
    most = max(wanted, MAX_RANKED)
    while True:
        found = search(wanted)
        good = [hit for hit in found if options.min_score is None or _chance_or_score(hit) >= options.min_score]
        fresh = _fresh(good, freshness) if options.require_fresh else good
        shown = fold(fresh) if options.fold else fresh
        is_all = len(found) < wanted or len(good) < len(found)
        if len(shown) >= k or is_all or wanted == most:
            states = freshness(hit.document for hit in shown[:k])
            hits = [replace(hit, rank=rank, freshness=states[hit.document]) for rank, hit in enumerate(shown[:k], 1)]
            return Gathered(hits, len(found), len(good) - len(fresh), stopped=len(shown) < k and not is_all)
        # A search begins again from the first hit, so few large steps cost less than many small ones.
        wanted = min(4 * wanted, most)


def _fresh(hits: Sequence[Hit], freshness: FreshnessOf) -> list[Hit]:
    states = freshness(hit.document for hit in hits)
    return [hit for hit in hits if states[hit.document] == "fresh"]


def _chance_or_score(hit: Hit) -> float:
    return hit.score if hit.chance is None else hit.chance


def with_context(db: Catalog, hit: Hit, neighbours: int) -> Hit:
    """Return a hit with the text of `neighbours` passages before and after it, without what they share with it.

    Without that text when the document was changed after the hit was found. Raises Damaged when it is not what was
    stored. Call inside a snapshot.
    """
    index, spans = spans_around(db, hit.chunk, neighbours)
    if not spans:
        return hit
    start = spans[0].start
    text = read_span(db, hit.document, start, spans[-1].end).text
    if text is None:
        raise Damaged(f"The stored text of {hit.uri} is damaged; run: wherein verify")
    before, own, after = text[: hit.start - start], text[hit.start - start : hit.end - start], text[hit.end - start :]
    is_same = (spans[index].start, spans[index].end, own) == (hit.start, hit.end, hit.text)
    return replace(hit, before=before, after=after) if is_same else hit
