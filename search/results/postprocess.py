"""The options for an answer's hits: no duplicates, no stale ones, and the text around them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from wherein.search.hits import Hit
from wherein.search.results.dedupe import fold
from wherein.storage.catalog.documents import document_spans, document_text
from wherein.storage.catalog.protocol import Catalog

__all__ = ["MOST_RANKED", "Gathered", "ResultOptions", "gather", "with_context"]

MOST_RANKED = 500
"""Passages that are ranked for one question that asks for fewer hits, however many of them are not shown."""


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


def gather(
    search: Callable[[int], list[Hit]], k: int, options: ResultOptions, freshness: Callable[[Hit], str]
) -> Gathered:
    """Return the best `k` hits that the options leave.

    `search(n)` returns the `n` best passages. Fewer than `k` hits only when there are no more, or at the limit of
    MOST_RANKED passages. With `min_score` the search ends at a hit that is too low: those after it rarely do better.
    """
    wanted = 2 * k + 10 if options.fold or options.min_score is not None else k
    most = max(wanted, MOST_RANKED)
    while True:
        found = search(wanted)
        good = [hit for hit in found if options.min_score is None or _chance_or_score(hit) >= options.min_score]
        fresh = [hit for hit in good if freshness(hit) == "fresh"] if options.require_fresh else good
        shown = fold(fresh) if options.fold else fresh
        is_all = len(found) < wanted or len(good) < len(found)
        if len(shown) >= k or is_all or wanted == most:
            hits = [replace(hit, rank=rank, freshness=freshness(hit)) for rank, hit in enumerate(shown[:k], 1)]
            return Gathered(hits, len(found), len(good) - len(fresh), stopped=len(shown) < k and not is_all)
        # A search begins again from the first hit, so few large steps cost less than many small ones.
        wanted = min(4 * wanted, most)


def _chance_or_score(hit: Hit) -> float:
    return hit.score if hit.chance is None else hit.chance


def with_context(db: Catalog, hit: Hit, neighbours: int) -> Hit:
    """Return a hit with the text of `neighbours` passages before and after it, without what they share with it.

    Without that text when the document was changed after the hit was found. Call inside a snapshot.
    """
    spans = document_spans(db, hit.document)
    index = next((n for n, span in enumerate(spans) if (span.start, span.end) == (hit.start, hit.end)), None)
    if index is None:
        return hit
    text = document_text(db, hit.document)
    if text[hit.start : hit.end] != hit.text:
        return hit
    first, last = spans[max(0, index - neighbours)], spans[min(len(spans) - 1, index + neighbours)]
    return replace(hit, before=text[first.start : hit.start], after=text[hit.end : last.end])
