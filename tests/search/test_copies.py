"""Of near-copies the first few stand for all, and the others are known."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.search.copies import MAX_COPIES, NearCopies
from wherein.search.limits import MAX_LISTED
from wherein.storage.catalog.connection import open_reader, open_writer, writing

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


@settings(max_examples=30, deadline=None)
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
