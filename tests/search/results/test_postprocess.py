"""The options for an answer's hits: which are left, how many are searched for, and the text around them."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_hits import all_are, made_hit
from wherein.search.found import Choose, Found
from wherein.search.hits import Hit, Place, StoredPassage
from wherein.search.limits import MAX_LISTED
from wherein.search.results.dedupe import fold
from wherein.search.results.postprocess import MAX_RANKED, Gathered, ResultOptions, gather, with_context
from wherein.storage.catalog.checksums import content_hash, row_checksum
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document


class Ranking:
    """The best of some passages, and how many were asked for."""

    def __init__(self, hits: list[Hit]) -> None:
        self.hits = hits
        self.asked: list[int] = []

    def __call__(self, k: int, choose: Choose) -> list[Hit]:
        self.asked.append(k)
        found = [Found(stored(hit), hit.score, hit.chance) for hit in self.hits[:k]]
        return [self.hits[at] for at in choose(found)]


def stored(hit: Hit) -> StoredPassage:
    """Return a hit's passage as it would be stored."""
    hashed, heading = content_hash(hit.text.strip()), "[]"
    chunk = (hit.document, 0, hit.start, hit.end, hit.page, heading, hashed)
    record = (hit.uri, hit.title, hit.media_type, b"", "{}", "[]")
    return StoredPassage(
        hit.chunk, hit.document, hit.uri, 0, hit.start, hit.end, hit.page, heading, hashed, row_checksum(*chunk),
        hit.title, hit.media_type, b"", "{}", "[]", row_checksum(*record), hit.text, hit.line,
    )  # fmt: skip


def ranking(n: int, text: str = "") -> Ranking:
    return Ranking(
        [made_hit(text or f"text {number}", document=number, chunk=number, score=1 - number / n) for number in range(n)]
    )


fresh = all_are("fresh")


def even_is_fresh(documents: Iterable[int]) -> dict[int, str]:
    return {document: "changed" if document % 2 else "fresh" for document in documents}


def test_without_options_the_best_k_are_shown_with_rank_and_freshness() -> None:
    search = ranking(9)
    gathered = gather(search, 3, ResultOptions(), even_is_fresh)
    hits, stale = gathered.hits, gathered.stale
    assert [(hit.document, hit.rank, hit.freshness) for hit in hits] == [
        (0, 1, "fresh"),
        (1, 2, "changed"),
        (2, 3, "fresh"),
    ]
    assert (search.asked, stale) == ([3], 0)


def test_only_fresh_hits_are_counted_and_more_are_searched_for() -> None:
    search = ranking(40)
    gathered = gather(search, 3, ResultOptions(require_fresh=True), even_is_fresh)
    hits, stale = gathered.hits, gathered.stale
    assert [(hit.document, hit.rank) for hit in hits] == [(0, 1), (2, 2), (4, 3)]
    assert (search.asked, stale) == ([3, 12], 6)
    none = gather(ranking(4), 3, ResultOptions(require_fresh=True), all_are("unknown"))
    assert none == Gathered([], 4, 4, stopped=False)


def test_folding_searches_for_more_until_k_different_hits_are_found() -> None:
    others = [made_hit(f"text {number}", document=number, chunk=100 + number) for number in range(5)]
    search = Ranking([*ranking(60, "the same text").hits, *others])
    hits = gather(search, 2, ResultOptions(fold=True), fresh).hits
    assert [(hit.text, hit.rank) for hit in hits] == [("the same text", 1), ("text 0", 2)]
    assert [len(hit.also_in) for hit in hits] == [MAX_LISTED, 0]
    assert search.asked == [14, 56, 224]


def test_the_search_ends_at_its_limit_however_many_passages_say_the_same() -> None:
    search = ranking(5_000, "the same text")
    gathered = gather(search, 2, ResultOptions(fold=True), fresh)
    assert search.asked == [14, 56, 224, MAX_RANKED]
    assert (len(gathered.hits), gathered.ranked, gathered.stopped) == (1, MAX_RANKED, True)
    search = ranking(5_000)
    gathered = gather(search, 5, ResultOptions(require_fresh=True), all_are("missing"))
    assert (gathered.hits, gathered.ranked, gathered.stale, gathered.stopped) == ([], MAX_RANKED, MAX_RANKED, True)
    assert search.asked[-1] == MAX_RANKED
    assert not gather(ranking(MAX_RANKED - 1, "same"), 2, ResultOptions(fold=True), fresh).stopped


def test_whoever_wants_more_than_the_limit_gets_them() -> None:
    gathered = gather(ranking(900), 700, ResultOptions(fold=True), fresh)
    assert (len(gathered.hits), gathered.stopped) == (700, False)


def test_the_search_ends_at_a_hit_below_the_minimum() -> None:
    search = ranking(100)
    hits = gather(search, 5, ResultOptions(min_score=0.975), fresh).hits
    assert [hit.score for hit in hits] == [1.0, 0.99, 0.98]
    assert search.asked == [20]


def test_the_minimum_is_of_the_chance_where_there_is_one() -> None:
    search = Ranking([made_hit(score=0.1, chance=0.9), made_hit(score=0.9, chance=0.1), made_hit(score=0.5)])
    hits = gather(search, 5, ResultOptions(min_score=0.5), fresh).hits
    assert [(hit.score, hit.chance) for hit in hits] == [(0.1, 0.9), (0.5, None)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60), st.integers(1, 20), st.booleans())
def test_the_hits_are_the_first_of_all_that_the_options_leave(
    passages: list[tuple[str, bool]], k: int, folded: bool
) -> None:
    found = [made_hit(text, document=number, chunk=number) for number, (text, _) in enumerate(passages)]
    left = [hit for hit in found if passages[hit.document][1]]
    gathered = gather(
        Ranking(found), k, ResultOptions(fold=folded, require_fresh=True),
        lambda documents: {document: "fresh" if passages[document][1] else "changed" for document in documents},
    )  # fmt: skip
    groups = fold([hit.text for hit in left]) if folded else [[at] for at in range(len(left))]
    assert [hit.document for hit in gathered.hits] == [left[first].document for first, *_ in groups][:k]


def test_a_folded_passage_leaves_its_location_in_the_hit_that_is_kept() -> None:
    first = made_hit("The owner may sign.", uri="file:///a", chunk=1)
    other = made_hit("Cats sleep all day.", uri="file:///b", chunk=2)
    copy = made_hit("The owner may sign!", uri="file:///c", chunk=3, title="T", start=5, end=24, line=7, page=2)
    last = made_hit("the owner may sign", uri="file:///d", chunk=4)
    kept = gather(Ranking([first, other, copy, last]), 5, ResultOptions(fold=True), fresh).hits
    assert [hit.uri for hit in kept] == ["file:///a", "file:///b"]
    assert kept[0].also_in == (
        Place(uri="file:///c", title="T", start=5, end=24, line=7, page=2),
        Place(uri="file:///d", title="", start=0, end=18, line=1, page=None),
    )
    assert kept[1].also_in == ()


def test_hits_are_made_only_of_what_is_shown() -> None:
    made: list[int] = []

    def search(k: int, choose: Choose) -> list[Hit]:
        hits = ranking(40).hits[:k]
        chosen = [hits[at] for at in choose([Found(stored(hit), hit.score) for hit in hits])]
        made.append(len(chosen))
        return chosen

    assert len(gather(search, 3, ResultOptions(fold=True), fresh).hits) == 3
    assert made == [3]


TEXT = "One fish. Two fish. Red fish. Blue fish."
SPANS = [(0, 12), (10, 22), (20, 32), (30, 40)]


@pytest.fixture
def db(tmp_path: Path) -> Any:
    chunks = [ChunkRow(start, end, content_hash(TEXT[start:end].strip()), None, ()) for start, end in SPANS]
    with closing(open_writer(tmp_path)) as db:
        with writing(db, "test"):
            save_document(db, DocumentRow("file:///a", None, "", "text/plain", TEXT, {}, (), chunks))
        yield db


@pytest.mark.parametrize(
    ("index", "neighbors", "before", "after"),
    [
        (0, 1, "", TEXT[12:22]),
        (1, 1, TEXT[:10], TEXT[22:32]),
        (3, 1, TEXT[20:30], ""),
        (2, 2, TEXT[:20], TEXT[32:]),
        (1, 99, TEXT[:10], TEXT[22:]),
    ],
)
def test_the_text_around_a_hit_without_what_the_passages_share(
    db: Any, index: int, neighbors: int, before: str, after: str
) -> None:
    start, end = SPANS[index]
    hit = with_context(db, made_hit(TEXT[start:end], chunk=index + 1, start=start, end=end), neighbors)
    assert (hit.before, hit.after) == (before, after)


@pytest.mark.parametrize(
    "hit",
    [made_hit(TEXT[:11], start=0, end=11), made_hit("one fish. Tw", start=0, end=12)],
    ids=["other spans", "another text"],
)
def test_a_hit_of_a_document_that_was_changed_since_has_no_context(db: Any, hit: Hit) -> None:
    assert with_context(db, hit, 1) == hit
