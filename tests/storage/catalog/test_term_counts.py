"""How often each term occurs in a passage, its headings and its title."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.storage.catalog.term_counts import count_terms, is_stored_terms, join_counts
from wherein.storage.catalog.terms import folded_words, terms_of


def terms(text: str) -> set[int]:
    return set(terms_of(text))


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_has_terms_of_64_bits(text: str) -> None:
    found = Counter(terms_of(text))
    assert all(0 <= term < 1 << 64 for term in found)
    folded_words(text)
    raw = count_terms(text, ["heading"], text[:20])
    (rows,) = [join_counts([7], [raw])]
    counted = dict(zip(rows.entries["term"].tolist(), rows.entries["body"].tolist(), strict=True))
    assert {term: count for term, count in counted.items() if count} == {t: min(n, 255) for t, n in found.items()}
    assert int(rows.lengths[0]) == found.total()


def test_counts_of_fields() -> None:
    rows = join_counts([1], [count_terms("lease lease", ["The lease", "Owner"], "lease lease owner")])
    held = {int(term): (int(body), int(fields)) for term, body, fields in rows.entries.tolist()}
    (lease,), (owner,), (the,) = terms("lease"), terms("owner"), terms("the")
    assert held == {lease: (2, 16 + 2), owner: (0, 16 + 1), the: (0, 16)}
    assert not is_stored_terms(1, b"short", 0)
    assert count_terms("") == bytes(8)
    assert np.array(join_counts([1], [count_terms("a " * 70_000)]).entries["body"]).tolist() == [255]
