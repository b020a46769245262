"""The options for an answer's hits: no duplicates, no stale ones, and the text around them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from wherein.errors import Damaged
from wherein.search.copies import Likely
from wherein.search.found import Choose, Found
from wherein.search.hits import FreshnessOf, Hit, Place, StoredPassage, checked_place
from wherein.search.limits import MAX_LISTED, RERANK_MS
from wherein.search.results.dedupe import fold, text_of
from wherein.storage.catalog.documents import spans_around
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.texts import read_span

__all__ = ["MAX_RANKED", "Gathered", "ResultOptions", "gather", "with_context"]

MAX_RANKED = 500
"""Passages that are ranked for one question that asks for fewer hits, however many of them are not shown."""


@dataclass(frozen=True)
class ResultOptions:
    """How the hits of an answer are selected and presented.

    `fold` shows passages that say nearly the same once. `context` is the number of neighboring passages shown on each
    side. `sentence` marks the sentence that best answers. `min_score` leaves out hits with a lower chance, or
    a lower score where there is no chance. `require_fresh` leaves out hits whose file is not known to be
    unchanged. `strict` leaves out hits that lack one of the question's quoted phrases, even where these are part of a
    sentence. With `rerank` an installed reranker, else the answer model, reads the best passages again and decides
    their order; after `rerank_ms` milliseconds it begins no further passage.
    """

    fold: bool = False
    context: int = 0
    sentence: bool = False
    min_score: float | None = None
    require_fresh: bool = False
    strict: bool = False
    rerank: bool = False
    rerank_ms: int = RERANK_MS


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
    search: Callable[[int, Choose], list[Hit]],
    k: int,
    options: ResultOptions,
    freshness: FreshnessOf,
    likely: Callable[[Sequence[int]], Iterable[Likely]] | None = None,
) -> Gathered:
    """Return the best `k` hits that the options leave.

    `search(n, choose)` returns hits of those of the `n` best passages that `choose` picks, `likely` which passages may
    say the same. Fewer than `k` hits only when there are no more, or at the limit of MAX_RANKED passages. With
    `min_score` the search ends at a hit that is too low: those after it rarely do better.
    """
    wanted = 2 * k + 10 if options.fold or options.min_score is not None else k
    most = max(wanted, MAX_RANKED)
    while True:
        choice = _Choice(k, options, freshness, likely)
        hits = search(wanted, choice)
        is_all = choice.ranked < wanted or choice.is_below
        if len(hits) >= k or is_all or wanted == most:
            states = freshness(hit.document for hit in hits)
            shown = [
                hit.changed(rank=rank, freshness=states[hit.document], also_in=choice.also_in(hit.chunk))
                for rank, hit in enumerate(hits, 1)
            ]
            return Gathered(shown, choice.ranked, choice.stale, stopped=len(hits) < k and not is_all)
        # A search begins again from the first hit, so few large steps cost less than many small ones.
        wanted = min(4 * wanted, most)


class _Choice:
    """Chooses the passages of one ranking that are shown, and knows the others; its attributes are of that ranking.

    `ranked` counts the passages, `stale` those that are left out because they are not fresh; `is_below` is whether one
    is below the lowest score.
    """

    def __init__(
        self,
        k: int,
        options: ResultOptions,
        freshness: FreshnessOf,
        likely: Callable[[Sequence[int]], Iterable[Likely]] | None,
    ) -> None:
        self._k = k
        self._options = options
        self._freshness = freshness
        self._likely = likely
        self._folded: dict[int, list[StoredPassage]] = {}
        self.ranked = self.stale = 0
        self.is_below = False

    def __call__(self, found: Sequence[Found]) -> list[int]:
        self.ranked = len(found)
        good = [at for at, one in enumerate(found) if self._is_good(one)]
        self.is_below = len(good) < len(found)
        shown = self._fresh(found, good) if self._options.require_fresh else good
        self.stale = len(good) - len(shown)
        return (self._fold(found, shown) if self._options.fold else shown)[: self._k]

    def _is_good(self, one: Found) -> bool:
        lowest = self._options.min_score
        return lowest is None or (one.score if one.chance is None else one.chance) >= lowest

    def _fresh(self, found: Sequence[Found], good: Sequence[int]) -> list[int]:
        states = self._freshness(found[at].passage.document for at in good)
        return [at for at in good if states[found[at].passage.document] == "fresh"]

    def _fold(self, found: Sequence[Found], shown: Sequence[int]) -> list[int]:
        passages = [found[at].passage for at in shown]
        likely = self._likely([one.chunk for one in passages]) if self._likely else None
        groups = fold([text_of(one) for one in passages], likely)
        self._folded = {passages[first].chunk: [passages[at] for at in others] for first, *others in groups}
        return [shown[first] for first, *_ in groups]

    def also_in(self, chunk: int) -> tuple[Place, ...]:
        """Return where the passages are that are folded into one; at most MAX_LISTED. Raises Damaged as a hit does."""
        return tuple(map(checked_place, self._folded.get(chunk, [])[:MAX_LISTED]))


def with_context(db: Catalog, hit: Hit, neighbors: int) -> Hit:
    """Return a hit with the text of `neighbors` passages before and after it, without what they share with it.

    Without that text when the document was changed after the hit was found. Raises Damaged when it is not what was
    stored. Call inside a snapshot.
    """
    index, spans = spans_around(db, hit.chunk, neighbors)
    if not spans:
        return hit
    start = spans[0].start
    text = read_span(db, hit.document, start, spans[-1].end).text
    if text is None:
        raise Damaged(f"The stored text of {hit.uri} is damaged; run: wherein verify")
    before, own, after = text[: hit.start - start], text[hit.start - start : hit.end - start], text[hit.end - start :]
    is_same = (spans[index].start, spans[index].end, own) == (hit.start, hit.end, hit.text)
    return replace(hit, before=before, after=after) if is_same else hit
