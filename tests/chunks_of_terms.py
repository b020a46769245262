"""Chunks with counted terms, and the postings that they must have."""

from collections import defaultdict

import numpy as np
from hypothesis import strategies as st

from wherein.storage.catalog.packed_terms import ENTRY, TermRows

Chunk = dict[int, tuple[int, int]]
"""For each term its count in the body, and that in the fields."""
CHUNKS = st.lists(
    st.dictionaries(
        st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1, 2**32, 2**39, 2**40 - 1]),
        st.tuples(st.integers(0, 255), st.integers(0, 255)).filter(any),
    ),
    max_size=12,
)


def rows(chunks: list[Chunk], first_id: int = 1) -> TermRows:
    """Rows with ids `first_id`, `first_id + 2`, …; a passage is as long as its body counts say."""
    entries = [(term, body, fields) for chunk in chunks for term, (body, fields) in chunk.items()]
    return TermRows(
        np.arange(len(chunks), dtype=np.int64) * 2 + first_id,
        np.array([sum(body for body, _ in chunk.values()) for chunk in chunks], np.uint32),
        np.array([len(chunk) for chunk in chunks], np.int64),
        np.array(entries, ENTRY),
    )


def expected(chunks: list[Chunk], first_id: int = 1) -> dict[int, list[tuple[int, int, int]]]:
    postings = defaultdict(list)
    for number, chunk in enumerate(chunks):
        for term, (body, fields) in chunk.items():
            postings[term].append((2 * number + first_id, body, fields))
    return dict(postings)
