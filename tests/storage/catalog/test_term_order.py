"""The order of a passage's terms is stored as its indices, checked, and no longer than is compared."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.term_counts import CountedTerms, count_terms, pack_counts
from wherein.storage.catalog.term_order import MAX_TERMS, pack_orders, sealed, unsealed
from wherein.storage.catalog.terms import terms_of

WORDS = st.lists(st.sampled_from(["cat", "dog", "Getting-Started", "foo.bar", "日本", "", "C++"]), max_size=8)
TEXTS = WORDS.map(" ".join)


def ordered(row: CountedTerms) -> list[int]:
    """The terms of a row in their order."""
    rows = unpack_rows([1], [row.counts])
    order = unsealed(sealed(row.order, 7), 7, len(rows.entries))
    return rows.entries["term"][order].tolist()  # type: ignore[no-any-return]


@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS, max_size=2), TEXTS), max_size=6))
def test_the_terms_of_title_headings_and_passage_in_their_order(passages: list[tuple[str, list[str], str]]) -> None:
    texts, headings, titles = ([passage[at] for passage in passages] for at in range(3))
    rows = pack_counts([list(terms_of(str(text))) for text in texts], headings, map(str, titles))
    expected = [[*terms_of("\n".join([title, *own, text]))] for text, own, title in passages]
    assert list(map(ordered, rows)) == expected


@pytest.mark.parametrize("different", [256, 257, 5_000, 70_000])
def test_a_passage_with_many_terms(different: int) -> None:
    text = " ".join(f"word{number}" for number in reversed(range(different)))
    row = count_terms(text, ["A heading"], "A title")
    expected = list(islice(terms_of(f"A title\nA heading\n{text}"), MAX_TERMS))
    assert ordered(row) == expected
    width = 1 if different <= 250 else 4 if different == 70_000 else 2
    assert len(row.order) == width * len(expected)


@example(3, b"\0\0\0\0", 0, 0)
@example(3, b"\5\0\0\0", 0, 5)
@given(st.integers(1, 300), st.binary(max_size=6), st.integers(0, 80), st.integers(0, 255))
def test_damage_is_found(size: int, other: bytes, at: int, checksum: int) -> None:
    (order,) = pack_orders(np.arange(20) % size, [20], [size])
    column = sealed(order, checksum)
    assert unsealed(column, checksum, size).tolist() == [number % size for number in range(20)]
    flipped = bytearray(column)
    flipped[at % len(column)] ^= 1 << at % 8
    for wrong in (bytes(flipped), column[:-1], column + b"\0\0", other, b"", None, 5, "text"):
        with pytest.raises(ValueError, match=r"^an order "):
            unsealed(wrong, checksum, size)
    with pytest.raises(ValueError, match=r"^an order does not fit its checksum$"):
        unsealed(column, checksum + 1, size)


def test_an_index_beyond_the_counts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^an order has a term that its counts do not have$"):
        unsealed(sealed(b"\2\3", 1), 1, 3)
