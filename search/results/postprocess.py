"""From the best passages to what is shown of them: nothing twice, nothing stale, and what stands around it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from wherein.search.hits import Hit
from wherein.search.results.dedupe import fold
from wherein.storage.catalog.documents import document_spans, document_text
from wherein.storage.catalog.protocol import Catalog

__all__ = ["ResultOptions", "gather", "with_context"]


@dataclass(frozen=True)
class ResultOptions:
    """How hits are made ready for a reader; as it is made, nothing is done to them.

    `fold` shows passages that say nearly the same once. `context` is how many neighbouring passages are shown on each
    side. `sentence` marks the sentence nearest to the question. `min_score` leaves out what has a lower chance, or
    a lower score where no chance is known. `require_fresh` leaves out what is not known to be in its file as it was
    read.
    """

    fold: bool = False
    context: int = 0
    sentence: bool = False
    min_score: float | None = None
    require_fresh: bool = False


def gather(
    search: Callable[[int], list[Hit]], k: int, aids: ResultOptions, freshness: Callable[[Hit], str]
) -> tuple[list[Hit], int]:
    """Return the best `k` hits that are to be shown, and how many were left out because they are not fresh.

    `search` returns so many of the best passages. Fewer than `k` only when there are no more. With `min_score` no more
    are looked at once one is too low: those after it hardly do better.
    """
    wanted = 2 * k + 10 if aids.fold or aids.min_score is not None else k
    while True:
        found = search(wanted)
        good = [hit for hit in found if aids.min_score is None or _worth(hit) >= aids.min_score]
        fresh = [hit for hit in good if freshness(hit) == "fresh"] if aids.require_fresh else good
        shown = fold(fresh) if aids.fold else fresh
        if len(shown) >= k or len(found) < wanted or len(good) < len(found):
            hits = [replace(hit, rank=rank, freshness=freshness(hit)) for rank, hit in enumerate(shown[:k], 1)]
            return hits, len(good) - len(fresh)
        wanted *= 4


def _worth(hit: Hit) -> float:
    return hit.score if hit.chance is None else hit.chance


def with_context(db: Catalog, hit: Hit, neighbours: int) -> Hit:
    """Return a hit with the text of so many passages before and after it, what they share with it left out.

    A document that was changed since the hit was found has none. Call inside `reading`.
    """
    spans = document_spans(db, hit.document)
    place = next((n for n, span in enumerate(spans) if (span.start, span.end) == (hit.start, hit.end)), None)
    if place is None:
        return hit
    text = document_text(db, hit.document)
    if text[hit.start : hit.end] != hit.text:
        return hit
    first, last = spans[max(0, place - neighbours)], spans[min(len(spans) - 1, place + neighbours)]
    return replace(hit, before=text[first.start : hit.start], after=text[hit.end : last.end])
