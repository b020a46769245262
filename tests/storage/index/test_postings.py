"""The postings of terms in memory."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chunks_of_terms import CHUNKS, Chunk, expected, rows
from wherein.storage.index.postings import Postings, TermPostings, collect, merge, united


def content(postings: Postings) -> dict[int, list[tuple[int, int, int]]]:
    """Return for each term the ids of its chunks, with its counts."""
    return {
        term: [
            (int(postings.ids[position]), body, fields)
            for position, body, fields in zip(
                found.positions.tolist(), found.body.tolist(), found.fields.tolist(), strict=True
            )
        ]
        for term in postings.terms.tolist()
        if (found := postings.find(term))
    }


@given(CHUNKS)
def test_in_memory_each_term_has_its_chunks(chunks: list[Chunk]) -> None:
    collected = collect([rows(chunks)])
    assert content(collected) == expected(chunks)
    assert collected.terms.tolist() == sorted(expected(chunks))
    assert collected.lengths.tolist() == rows(chunks).lengths.tolist()
    absent = collected.find(77)
    assert (len(absent.positions), len(absent.body), len(absent.fields)) == (0, 0, 0)


@given(CHUNKS, st.integers(0, 12))
def test_parts_that_are_merged_are_those_of_all(chunks: list[Chunk], cut: int) -> None:
    cut = min(cut, len(chunks))
    first, second = collect([rows(chunks[:cut])]), collect([rows(chunks[cut:], 2 * cut + 1)])
    merged = merge(first, second)
    assert content(merged) == expected(chunks)
    assert merged.ids.tolist() == collect([rows(chunks)]).ids.tolist()


@given(CHUNKS, st.lists(st.sampled_from([0, 1, 2, 3, 77]), min_size=1, max_size=3, unique=True), st.booleans())
def test_terms_are_united_as_if_they_were_one(chunks: list[Chunk], terms: list[int], is_dense: bool) -> None:
    collected = collect([rows(chunks)])
    found = [collected.find(term) for term in terms]
    if is_dense:
        found[0] = everywhere(found[0], len(chunks))
    one = united(found, len(chunks))
    held = [[chunk[term] for term in terms if term in chunk] for chunk in chunks]
    whole = everywhere(one, len(chunks))
    assert whole.body.tolist() == [min(sum(body for body, _ in counts), 255) for counts in held]
    assert (whole.fields >> 4).tolist() == [min(sum(fields >> 4 for _, fields in counts), 15) for counts in held]
    assert (whole.fields & 15).tolist() == [min(sum(fields & 15 for _, fields in counts), 15) for counts in held]
    assert one.count(None) == sum(map(bool, held))


def everywhere(postings: TermPostings, count: int) -> TermPostings:
    """Return postings with an item for every chunk."""
    if postings.positions is None:
        return postings
    body, fields = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    body[postings.positions], fields[postings.positions] = postings.body, postings.fields
    return TermPostings(None, body, fields)


def test_a_mask_and_a_count_of_a_term() -> None:
    found = collect([rows([{1: (1, 0)}, {2: (1, 0)}, {1: (0, 16)}])]).find(1)
    assert found.mask(3).tolist() == [True, False, True]
    assert (found.count(None), found.count(np.array([True, True, False]))) == (2, 1)
    everywhere = TermPostings(None, np.array([1, 0, 0], np.uint8), np.array([0, 0, 16], np.uint8))
    assert everywhere.mask(3).tolist() == [True, False, True]
    assert (everywhere.count(None), everywhere.count(np.array([True, True, False]))) == (2, 1)
