"""Of near-copies the first few stand for all, and the others are known."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from wherein.search.copies import MAX_COPIES, NearCopies
from wherein.search.limits import MAX_LISTED
from wherein.storage.catalog.connection import open_reader, open_writer, writing
from wherein.storage.catalog.sketches import MAX_DIFFERENT, save_sketches

WORDS = [f"{first}{second}{third}" for first in "bdfgh" for second in "aeiou" for third in "klmnp"]


def near_copy(number: int) -> str:
    return " ".join([*WORDS[:60], "x" * (number + 1), *WORDS[60:]])


@pytest.fixture
def copies_of(fill: Callable[..., Path]) -> Iterator[Callable[[list[str]], NearCopies]]:
    """Return the near-copies of a library with these passages, whose ids count from 1."""
    readers = []

    def opened(texts: list[str]) -> NearCopies:
        readers.append(open_reader(fill({str(number): text for number, text in enumerate(texts)})))
        return NearCopies(readers[-1])

    yield opened
    for reader in readers:
        reader.close()


def test_the_first_of_near_copies_stay_in_order(copies_of: Callable[[list[str]], NearCopies]) -> None:
    texts = [near_copy(0), "Cats sleep all day.", *map(near_copy, range(1, 6)), "Dogs bark.", "cats sleep all day"]
    copies = copies_of(texts)
    assert copies.first([1, 2, 3, 4, 5, 6, 7, 8, 9], 9) == [1, 2, 3, 4, 8, 9]
    assert copies.has_left_out
    assert copies.left_out([2, 4]) == [[], [5, 6, 7]]
    assert copies.left_out([8]) == [[]]
    assert copies.left_out([]) == []


def test_the_first_of_a_ranking_decides_which_of_its_copies_stay(
    copies_of: Callable[[list[str]], NearCopies],
) -> None:
    copies = copies_of([near_copy(number) for number in range(6)])
    assert copies.first([6, 5, 4, 3, 2, 1], 6) == [6, 5, 4]
    copies.begin()
    assert not copies.has_left_out
    assert copies.first([1, 2], 6) == [1, 2]
    assert not copies.has_left_out


def test_no_more_than_enough_are_returned(copies_of: Callable[[list[str]], NearCopies]) -> None:
    copies = copies_of(["One two.", "Three four.", *[near_copy(0)] * 5, "Five six."])
    assert copies.first([1, 2, 8], 2) == [1, 2]
    assert copies.first([3, 4, 5, 6, 1, 7, 2, 8], 4) == [3, 4, 5, 1]
    assert copies.first([], 4) == []


def test_a_hit_lists_a_limited_number(copies_of: Callable[[list[str]], NearCopies]) -> None:
    copies = copies_of([near_copy(number % 9) for number in range(MAX_LISTED + 40)])
    assert copies.first(list(range(1, MAX_LISTED + 41)), 10) == [1, 2, 3]
    assert copies.left_out([1]) == [list(range(1 + MAX_COPIES, 1 + MAX_COPIES + MAX_LISTED))]


def test_a_passage_whose_sketch_is_damaged_is_left_out_by_no_other(
    copies_of: Callable[[list[str]], NearCopies], tmp_path: Path
) -> None:
    copies = copies_of([near_copy(0)] * 6)
    with closing(open_writer(tmp_path / "library")) as db, writing(db, "test"):
        db.execute("UPDATE sketches SET sketch = zeroblob(20) WHERE id IN (1, 5)")
    assert copies.first([1, 2, 3, 4, 5, 6], 6) == [1, 2, 3, 4, 5]
    assert copies.left_out([1, 2]) == [[], [6]]
    first, second, *_ = copies.likely([1, 2, 3])
    assert first.tolist() == [True, True, True]
    assert second.tolist() == [True, True, True]


def test_which_may_say_the_same(copies_of: Callable[[list[str]], NearCopies]) -> None:
    copies = copies_of([near_copy(0), "Cats sleep all day.", near_copy(1)])
    assert [row.tolist() for row in copies.likely([1, 2, 3])] == [
        [True, False, True],
        [False, True, False],
        [True, False, True],
    ]
    assert list(copies.likely([])) == []


@settings(max_examples=30)
@given(order=st.permutations(range(1, 301)), enough=st.integers(1, 320))
def test_a_long_ranking_is_thinned_as_a_short_one(session_copies: NearCopies, order: list[int], enough: int) -> None:
    seen: dict[int, int] = {}
    expected = []
    for chunk in order:
        group = chunk % 7 if chunk % 2 else -chunk
        seen[group] = seen.get(group, 0) + 1
        if seen[group] <= MAX_COPIES:
            expected.append(chunk)
    assert session_copies.first(order, enough) == expected[:enough]


BITS = [0, (1 << 128) - 1, 0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF]
sketched = st.builds(
    lambda base, changed, numbers: packed(BITS[base] ^ sum(1 << 2 * digit for digit in changed), numbers),
    st.integers(0, 2), st.sets(st.integers(0, 63), max_size=9), st.integers(0, 1),
)  # fmt: skip
rankings = st.lists(st.none() | sketched, min_size=1, max_size=40)


def packed(digits: int, numbers: int) -> bytes:
    return digits.to_bytes(16, "little") + numbers.to_bytes(4, "little")


@settings(max_examples=60)
@given(rankings, st.integers(1, 30), st.sampled_from([0, 300]), st.randoms(use_true_random=False))
def test_first_is_what_comparing_one_by_one_gives(
    sketches: list[bytes | None], enough: int, others: int, random: Random
) -> None:
    """Also twice, which reads nothing, and among 300 passages like no other: long rankings take another path."""
    all_sketches = [*sketches, *(packed(random.getrandbits(128), 2 + number) for number in range(others))]
    known = {number: sketch for number, sketch in enumerate(all_sketches, 1) if sketch}
    ranking = random.sample(range(1, len(all_sketches) + 1), len(all_sketches))
    db = Database(memory=True)
    db.execute("CREATE TABLE sketches (id INTEGER PRIMARY KEY, sketch BLOB, checksum INTEGER)")
    save_sketches(db, known.items())
    copies, expected = NearCopies(db), first_one_by_one(ranking, known, enough)
    for chunks in (ranking, np.array(ranking)):
        copies.begin()
        assert (copies.first(chunks, enough), copies.left_out(expected[0])) == expected
    db.close()


def first_one_by_one(ranking: list[int], known: dict[int, bytes], enough: int) -> tuple[list[int], list[list[int]]]:
    """Return what is kept of a ranking, and what is left out for each that is kept."""

    def are_near(one: int, other: int) -> bool:
        if one not in known or other not in known or known[one][16:] != known[other][16:]:
            return False
        bits = int.from_bytes(known[one][:16], "little") ^ int.from_bytes(known[other][:16], "little")
        return sum(bits >> 2 * digit & 3 > 0 for digit in range(64)) <= MAX_DIFFERENT

    left, kept, left_out = list(ranking), list[int](), list[int]()
    while left and sum(ranking.index(one) < ranking.index(left[0]) for one in kept) < enough:
        first = [other for other in left if other == left[0] or are_near(left[0], other)]
        group = [other for other in left if other in first or any(are_near(one, other) for one in first[1:MAX_COPIES])]
        kept += group[:MAX_COPIES]
        left_out += group[MAX_COPIES : MAX_COPIES + MAX_LISTED]
        left = [other for other in left if other not in group]
    hits = sorted(kept, key=ranking.index)[:enough]
    owners = {
        other: next((hit for hit in hits if are_near(hit, other)), None) for other in left_out if other not in hits
    }
    return hits, [[other for other, owner in owners.items() if owner == hit][:MAX_LISTED] for hit in hits]


@pytest.fixture(scope="module")
def session_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NearCopies]:
    """Passages 1 to 300: odd ones are near-copies of seven texts, even ones are like no other."""
    from wherein.storage.catalog.checksums import content_hash
    from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document

    folder = tmp_path_factory.mktemp("copies")
    with closing(open_writer(folder)) as db, writing(db, "test"):
        for chunk in range(1, 301):
            own = [f"{word}{'abcdefg'[chunk % 7]}" for word in WORDS] if chunk % 2 else [f"q{'z' * chunk}"]
            text = " ".join([*own, "y" * chunk]) if chunk % 2 else own[0]
            row = ChunkRow(0, len(text), content_hash(text), None, ())
            save_document(db, DocumentRow(f"file:///{chunk}", None, "", "text/plain", text, {}, (), [row]))
    with closing(open_reader(folder)) as db:
        yield NearCopies(db)
