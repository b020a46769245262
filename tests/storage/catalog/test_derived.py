"""Terms and sketches of many passages are those of each."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.derived import Derived, Passage, derive
from wherein.storage.catalog.sketches import sketches_of
from wherein.storage.catalog.term_counts import count_terms, count_texts
from wherein.storage.catalog.terms import terms_of

TEXTS = st.text("ab Cd12,.é日", max_size=30)
PASSAGES = st.lists(st.builds(Passage, TEXTS, st.lists(TEXTS, max_size=2).map(tuple), TEXTS), max_size=5)


def alone(passage: Passage) -> Derived:
    (sketch,) = sketches_of([list(terms_of(passage.text))], [passage.text])
    return Derived(count_terms(*passage), sketch)


@given(PASSAGES)
def test_many_together_are_as_one_by_one(passages: list[Passage]) -> None:
    many = passages * 30  # more than are computed at once
    assert derive(many) == list(map(alone, passages)) * 30


@given(st.lists(TEXTS, max_size=20))
def test_many_texts_are_counted_as_one_by_one(texts: list[str]) -> None:
    assert count_texts(texts) == list(map(count_terms, texts))


def test_known_bytes() -> None:
    passages = [
        Passage(f"Lease {n} of the house: {'rent ' * n}is due in 202{n}.", ("Lease",) * (n % 2), f"Title {n}")
        for n in range(10)
    ]
    digest = sha256(b"".join(terms.counts + sketch for terms, sketch in derive(passages)))
    assert digest.hexdigest()[:16] == "7cd2a426d0e27ccd"
